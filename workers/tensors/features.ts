// Rows as a frozen backbone sees them: a head trains on and is scored with its features, computed once per sample.
import * as Backbone from '../../protocol/backbone.ts'
import type * as DataSet from '../../protocol/dataSet.ts'
import type * as Model from '../../protocol/model.ts'
import * as Schema from '../../protocol/schema.ts'
import * as Batches from './batches.ts'

/** [samples, features] of inputs [samples, values]. */
export type Extractor = (inputs: Float32Array, samples: number) => Float32Array<ArrayBuffer>

export type Request = {
  readonly model: Model.Spec
  readonly source: Batches.Source
  /** dag-cbor, as published; needed by heads. */
  readonly backbone: Uint8Array | undefined
  /** By what the rows are known: features are used again for the same rows. */
  readonly rows: string
  /** Called between batches; waits to pause, throws to stop. */
  pause?(): Promise<void>
}

export type Features = {
  /**
   * What is trained and on what: a head as a model of its own over features, every other model as it is. Refuses a
   * backbone that is not the head's.
   */
  of(request: Request): { readonly model: Model.Spec; readonly source: Batches.Source }
}

/** Samples on their way through the backbone between two pauses. */
const batchSize = 64

type Kept = { readonly of: string; readonly shards: Map<number, DataSet.Shard>; bytes: number }

/**
 * Keeps features of one set of rows and one backbone; those that exceed the budget are computed whenever they are read.
 * `start` gets a backbone ready for at most so many samples at once.
 */
export function create(
  start: (backbone: Backbone.Backbone, samples: number) => Promise<Extractor>,
  budget = Backbone.keptBytes,
): Features {
  let last: Kept = { of: '', shards: new Map(), bytes: 0 }
  let queue: Promise<unknown> = Promise.resolve()

  async function compute(
    index: number,
    backbone: Backbone.Backbone,
    { source, pause }: Request,
  ): Promise<DataSet.Shard> {
    const raw = await source.shard(index)
    const alone = { schema: source.schema, shards: [raw.samples], shard: () => Promise.resolve(raw) }
    const width = Backbone.features(backbone.model)
    const features = new Float32Array(raw.samples * width)
    const extract = await start(backbone, batchSize)
    let done = 0
    for await (const { samples, inputs } of Batches.read(alone, batchSize)) {
      await pause?.()
      features.set(extract(inputs, samples), done * width)
      done += samples
    }
    return { samples: raw.samples, features, labels: raw.labels }
  }

  return {
    of(request) {
      const { model, source, rows } = request
      if (model.template !== 'head') return { model, source }
      if (request.backbone === undefined) throw new Backbone.MissingError()
      const backbone = Backbone.open(request.backbone, model)
      Schema.assertFits(source.schema, model)
      const of = `${model.backbone} ${rows}`
      if (last.of !== of) last = { of, shards: new Map(), bytes: 0 }
      const kept = last

      /** What failed once is not gone on with: the rest was asked for by the same reader. */
      let failed: Promise<DataSet.Shard> | undefined
      const made = async (index: number): Promise<DataSet.Shard> => {
        if (failed !== undefined) return failed
        const shard = await compute(index, backbone, request)
        if (kept.bytes + shard.features.byteLength <= budget && !kept.shards.has(index)) {
          kept.shards.set(index, shard)
          kept.bytes += shard.features.byteLength
        }
        return shard
      }
      /** One after another: raw shards may be many times larger than their features. */
      const shard = (index: number): Promise<DataSet.Shard> => {
        const known = kept.shards.get(index)
        if (known !== undefined) return Promise.resolve(known)
        const turn = queue.then(() => kept.shards.get(index) ?? made(index))
        queue = turn.catch(() => {
          failed ??= turn
        })
        return turn
      }
      const schema = schemaOf(source.schema, model.features)
      return { model: Backbone.headAlone(model), source: { schema, shards: source.shards, shard } }
    },
  }
}

/** Features as they are: a range from 0 to 1 scales nothing. */
function schemaOf({ label }: Schema.Schema, features: number): Schema.Schema {
  const range = { minimum: 0, maximum: 1 }
  return {
    v: 1,
    kind: 'table',
    title: 'Features',
    features: [{ name: 'feature', dtype: 'float32', shape: [features], range }],
    label,
  }
}
