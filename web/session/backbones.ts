// Models that tasks build on, by digest: read from a file here, or fetched once when a task names one.
import * as Backbone from '../../protocol/backbone.ts'
import * as Codec from '../../protocol/codec.ts'
import { BaseError } from '../../protocol/errors.ts'
import type * as Model from '../../protocol/model.ts'
import type { Crypto } from '../../workers/crypto/api.ts'
import type { Door, Purpose } from '../net/door.ts'
import type { Database } from './database.ts'
import type { BackboneView } from './view/draft.ts'

export type Backbones = {
  /** Keeps the backbone that an exported model makes. */
  read(file: File): Promise<BackboneView>
  /** Bytes of the backbone that a model builds on; undefined where it builds on none. */
  of(model: Model.Spec, purpose: Purpose): Promise<Uint8Array<ArrayBuffer> | undefined>
}

export type Parts = {
  readonly database: Pick<Database, 'backbones'>
  readonly crypto: Pick<Crypto, 'backbone'>
  readonly door: Pick<Door, 'get'>
}

/** Weights of the largest backbone, and room for the header of its file. */
const fileBytes = Backbone.maximumBytes + 64 * 1024

export function make({ database, crypto, door }: Parts): Backbones {
  return {
    async read(file) {
      if (file.size > fileBytes) throw new FileSizeError(file.size)
      const bytes = new Uint8Array(await crypto.backbone(new Uint8Array(await file.arrayBuffer())))
      const { model } = Backbone.decode(bytes)
      const id = Backbone.digest(bytes)
      await database.backbones.put({ id, bytes })
      return { id, model, bytes: bytes.length }
    },
    async of(model, purpose) {
      if (model.template !== 'head') return undefined
      const stored = await database.backbones.get(model.backbone)
      if (stored !== undefined) return stored.bytes
      const cid = Codec.cidFrom(model.backbone).toString()
      const bytes = await door.get(cid, Backbone.maximumBytes, purpose)
      Backbone.open(bytes, model)
      await database.backbones.put({ id: model.backbone, bytes })
      return bytes
    },
  }
}

export class FileSizeError extends BaseError {
  override readonly name = 'Backbones.FileSizeError'
  constructor(bytes: number) {
    super({
      message: `This file has ${bytes.toLocaleString('en')} bytes; a backbone comes in at most ${fileBytes.toLocaleString('en')}.`,
      advice: 'Choose a smaller model that was downloaded from a task here.',
      safe: 'Nothing was published.',
    })
  }
}
