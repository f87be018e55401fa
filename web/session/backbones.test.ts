// A backbone is read from a file once and fetched once, and another one than the task names is never used.
import 'fake-indexeddb/auto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import * as Backbone from '../../protocol/backbone.ts'
import * as Codec from '../../protocol/codec.ts'
import * as Model from '../../protocol/model.ts'
import { unmetered } from '../net/door.ts'
import * as Backbones from './backbones.ts'
import { Database } from './database.ts'

const model = { template: 'mlp', inputs: 6, hidden: [4], classes: 3 } as const
const bytes = Backbone.encode({ model, weights: Model.initialise(model, 1) })
const head: Backbone.Head = {
  ...{ template: 'head', inputs: 6, features: 4, multiplyAdds: 24, hidden: [], classes: 2 },
  backbone: Backbone.digest(bytes),
}
let database: Database
let asked: string[]
let published: Uint8Array<ArrayBuffer>
let backbones: Backbones.Backbones

beforeEach(() => {
  database = new Database(`test ${Math.random()}`)
  asked = []
  published = bytes
  backbones = Backbones.make({
    database,
    crypto: { backbone: () => Promise.resolve(bytes) },
    door: {
      get: (cid) => {
        asked.push(cid)
        return Promise.resolve(published)
      },
    },
  })
})
afterEach(() => database.close())

test('it is fetched by its digest, once', async () => {
  expect(await backbones.of(head, unmetered)).toEqual(bytes)
  expect(await backbones.of(head, unmetered)).toEqual(bytes)
  expect(asked).toEqual([Codec.cidOf(bytes).toString()])
})

test('one that was read from a file is not fetched', async () => {
  const read = await backbones.read(new File(['a model'], 'a.safetensors'))
  expect(read).toEqual({ id: head.backbone, model, bytes: bytes.length })
  expect(await backbones.of(head, unmetered)).toEqual(bytes)
  expect(asked).toEqual([])
})

test('other bytes, or one that does not fit the head, are refused and not kept', async () => {
  published = Backbone.encode({ model, weights: Model.initialise(model, 2) })
  await expect(backbones.of(head, unmetered)).rejects.toThrow(Backbone.MismatchError)
  await expect(backbones.of({ ...head, features: 5 }, unmetered)).rejects.toThrow(Backbone.MismatchError)
  expect(await database.backbones.count()).toBe(0)
})

test('models that build on none ask for nothing', async () => {
  expect(await backbones.of(model, unmetered)).toBeUndefined()
  expect(asked).toEqual([])
})

test('a file that is too large is refused before it is read', async () => {
  const file = new File([new Uint8Array(2 * 1024 * 1024)], 'large.safetensors')
  await expect(backbones.read(file)).rejects.toThrow(Backbones.FileSizeError)
})
