import 'fake-indexeddb/auto'
import * as fc from 'fast-check'
import { IDBBlockstore } from 'blockstore-idb'
import { gzipSync } from 'fflate'
import { describe, expect, it } from 'vitest'
import * as Commitment from '../../protocol/commitment.ts'
import * as DataSet from '../../protocol/dataSet.ts'
import * as Schema from '../../protocol/schema.ts'
import * as Examples from '../../test/examples.ts'
import * as Motion from '../../test/motion.ts'
import type { ImportRequest } from './api.ts'
import * as Vault from './vault.ts'

const digits = Schema.id(Schema.digits)
const flowers = Schema.id(Schema.flowers)
const ignore = (): void => undefined
let opened = 0

async function vault() {
  const name = `vault-${opened++}`
  return { name, vault: await Vault.open(name) }
}

function idx(shape: readonly number[], bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const file = new Uint8Array(4 + 4 * shape.length + bytes.length)
  const view = new DataView(file.buffer)
  file.set([0, 0, 8, shape.length])
  shape.forEach((size, i) => view.setUint32(4 + 4 * i, size))
  file.set(bytes, 4 + 4 * shape.length)
  return file
}

function pair(
  count: number,
  seed = 0,
): { pictures: Uint8Array<ArrayBuffer>; labels: Uint8Array<ArrayBuffer> } {
  const pixels = Uint8Array.from(
    { length: count * 784 },
    (_, i) => (i * 31 + seed + Math.floor(i / 784) * 7) % 256,
  )
  return {
    pictures: idx([count, 28, 28], pixels),
    labels: idx(
      [count],
      Uint8Array.from({ length: count }, (_, i) => (i + seed) % 10),
    ),
  }
}

function request(
  pictures: Uint8Array<ArrayBuffer>,
  labels: Uint8Array<ArrayBuffer>,
  more = {},
): ImportRequest {
  return {
    name: 'my digits',
    schemaId: digits,
    files: [new File([pictures], 'images-idx3-ubyte'), new File([labels], 'labels-idx1-ubyte')],
    ...more,
  }
}

function csv(text: string): ImportRequest {
  return { name: 'my flowers', schemaId: flowers, files: [new File([text], 'flowers.csv')] }
}

async function blockCount(name: string): Promise<number> {
  const store = new IDBBlockstore(`${name}-blocks`)
  await store.open()
  let count = 0
  for await (const { cid } of store.getAll()) count += cid.version
  await store.close()
  return count
}

const header = 'sepal_length,sepal_width,petal_length,petal_width,species'

describe('import', () => {
  it('shards, scores and signs an IDX pair in either order, gzipped or not', async () => {
    const { vault: it } = await vault()
    const { pictures, labels } = pair(600)
    const progress: number[] = []
    const dataSet = await it.import(request(pictures, labels), ({ done }) => progress.push(done))
    expect(dataSet).toMatchObject({ name: 'my digits', samples: 600, version: 1, schemaId: digits })
    expect(dataSet.perClass).toEqual(new Array(10).fill(60))
    expect(dataSet.quality).toBeGreaterThan(1000)
    expect(progress.at(-1)).toBe(600)
    const zipped = await it.import(request(gzipSync(labels), gzipSync(pictures)), ignore)
    expect(zipped.samples).toBe(600)
    expect(zipped.quality).toBe(dataSet.quality)
    expect(zipped.dataSignature).not.toBe(dataSet.dataSignature)
    expect((await it.list()).map((each) => each.id).sort()).toEqual([dataSet.id, zipped.id].sort())
  })

  it('gives back exactly the rows that went in, in shards of at most 256', async () => {
    const { vault: it } = await vault()
    const { pictures, labels } = pair(600)
    const { id, dataSignature } = await it.import(request(pictures, labels), ignore)
    const rows = await it.open(id, dataSignature)
    expect(rows.shards).toEqual([256, 256, 88])
    expect(rows.schema).toEqual(Schema.digits)
    const shards = await Promise.all(rows.shards.map((_, index) => it.shard(id, rows.version, index)))
    expect(Buffer.concat(shards.map((shard) => shard.features as Uint8Array))).toEqual(
      Buffer.from(pictures.subarray(16)),
    )
    expect(Buffer.concat(shards.map((shard) => shard.labels as Uint8Array))).toEqual(
      Buffer.from(labels.subarray(8)),
    )
  })

  it('stores no row in the clear', async () => {
    const { name, vault: it } = await vault()
    const canary = Uint8Array.from({ length: 784 }, (_, i) => (i * 97 + 13) % 251)
    await it.import(request(idx([1, 28, 28], canary), idx([1], Uint8Array.of(3))), ignore)
    const store = new IDBBlockstore(`${name}-blocks`)
    await store.open()
    for await (const { bytes } of store.getAll()) {
      for await (const block of bytes)
        expect(Buffer.from(block).includes(Buffer.from(canary.slice(100, 116)))).toBe(false)
    }
  })

  it('gives rows out of data sets that were imported as released, and of no other', async () => {
    const { vault: it } = await vault()
    const { pictures, labels } = pair(300)
    const secret = await it.import(request(pictures, labels), ignore)
    const gift = await it.import(request(pictures, labels, { released: true }), ignore)
    expect([secret.released, gift.released]).toEqual([false, true])
    const released = await it.release(gift.id)
    const shards = released.shards.map(DataSet.decodeShard)
    const leaves = shards.flatMap((shard, i) => Commitment.leaves(released.salt, shard, 256 * i))
    expect(Commitment.root(leaves)).toBe(await it.commitment(gift.id))
    expect(shards.map(({ samples }) => samples)).toEqual([256, 44])
    expect(Buffer.concat(shards.map(({ features }) => features as Uint8Array))).toEqual(
      Buffer.from(pictures.subarray(16)),
    )
    await expect(it.release(secret.id)).rejects.toThrow(Vault.PrivateError)
    for (const [parent, released] of [
      [secret.id, true],
      [gift.id, false],
    ])
      await expect(it.import(request(pictures, labels, { parent, released }), ignore)).rejects.toThrow(
        Vault.ReleasedError,
      )
    await expect(it.release(secret.id)).rejects.toThrow(Vault.PrivateError)
  })

  it('extends a data set by a version that names its parent, and still reads the older one', async () => {
    const { name, vault: it } = await vault()
    const one = pair(300)
    const two = pair(100, 3)
    const first = await it.import(request(one.pictures, one.labels), ignore)
    const second = await it.import(request(two.pictures, two.labels, { parent: first.id }), ignore)
    expect(second).toMatchObject({ id: first.id, version: 2, samples: 400 })
    expect((await it.list()).length).toBe(1)
    expect((await it.open(first.id)).samples).toBe(400)
    const old = await it.open(first.id, first.dataSignature)
    expect(old.samples).toBe(300)
    expect((await it.shard(first.id, 1, 0)).samples).toBe(256)
    await it.remove(first.id)
    expect(await blockCount(name)).toBe(0)
    await expect(it.open(first.id)).rejects.toThrow(Vault.UnknownError)
  })

  it('reads tables in any column order with missing values, and nothing else', async () => {
    const { vault: it } = await vault()
    const text =
      'species,sepal_length,sepal_width,petal_length,petal_width\nsetosa,5.1,3.5,1.4,0.2\n"virginica",6.3,,6.0,2.5\n'
    const { id, perClass } = await it.import(csv(text), ignore)
    expect(perClass).toEqual([1, 0, 1])
    const { features, labels } = await it.shard(id, 1, 0)
    expect([...features].map((value) => Math.round(value * 10) / 10)).toEqual([
      5.1,
      3.5,
      1.4,
      0.2,
      6.3,
      NaN,
      6,
      2.5,
    ])
    expect([...labels]).toEqual([0, 2])
  })

  it('reads sequences step by step', async () => {
    const { vault: it } = await vault()
    const file = Motion.csv(40, 5)
    const request = { name: 'my pocket', schemaId: Schema.id(Schema.motion), files: [file] }
    const { id, perClass } = await it.import(request, ignore)
    expect(perClass).toEqual([10, 10, 10, 10])
    const { features } = await it.shard(id, 1, 0)
    const made = await Motion.source(40, 5).shard(0)
    expect(Examples.relativeDistance(features, made.features)).toBeLessThan(1e-4)
  })

  it.each([
    [
      'bad magic',
      (good: ReturnType<typeof pair>) => request(Uint8Array.of(9, 9, 9, 9, 9), good.labels),
      /does not start as an IDX/,
    ],
    [
      'truncated pictures',
      (good: ReturnType<typeof pair>) => request(good.pictures.slice(0, 5000), good.labels),
      /images.* cut short/,
    ],
    [
      'truncated labels',
      (good: ReturnType<typeof pair>) => request(good.pictures, good.labels.slice(0, 20)),
      /labels.* cut short/,
    ],
    [
      'truncated gzip',
      (good: ReturnType<typeof pair>) => request(gzipSync(good.pictures).slice(0, 300), good.labels),
      /not a complete gzip/,
    ],
    [
      'counts that differ',
      (good: ReturnType<typeof pair>) => request(good.pictures, pair(31).labels),
      /31 labels for the 30 items/,
    ],
    [
      'bytes after the end',
      (good: ReturnType<typeof pair>) => request(Uint8Array.of(...good.pictures, 0), good.labels),
      /longer than its header/,
    ],
    [
      'pictures of another size',
      (good: ReturnType<typeof pair>) => request(idx([30, 8, 8], new Uint8Array(1920)), good.labels),
      /8 × 8, expected items of 28 × 28/,
    ],
    [
      'an unknown label',
      (good: ReturnType<typeof pair>) => request(good.pictures, idx([30], new Uint8Array(30).fill(11))),
      /label 1 is 11, expected 0 to 9/,
    ],
    [
      'two pictures files',
      (good: ReturnType<typeof pair>) => request(good.pictures, good.pictures),
      /must hold labels/,
    ],
    ['no files', () => ({ ...csv(''), files: [] }), /no file was chosen/],
    [
      'missing columns',
      () => csv('sepal_length,species,height\n1,setosa,2\n'),
      /wrong columns: "sepal_width", "petal_length", "petal_width" missing, 1 not in the schema/,
    ],
    [
      'a word for a number',
      () => csv(`${header}\n5,3,1,0,setosa\n5,three,1,0,setosa\n`),
      /row 3, column sepal_width: the cell is not valid, expected a number from 0 to 10/,
    ],
    [
      'a number out of range',
      () => csv(`${header}\n5,3,11,0,setosa\n`),
      /row 2, column petal_length: the cell is not valid/,
    ],
    [
      'an unknown class',
      () => csv(`${header}\n5,3,1,0,rose\n`),
      /row 2, column species: the cell is not valid, expected one of "setosa"/,
    ],
    ['too few cells', () => csv(`${header}\n5,3,1,setosa\n`), /row 2 has 4 cells, expected 5/],
    ['an empty table', () => csv(`${header}\n`), /at least one row/],
  ])('refuses %s and leaves nothing behind', async (_, make, message) => {
    const { name, vault: it } = await vault()
    const before = await it.import(request(pair(10).pictures, pair(10).labels), ignore)
    const blocks = await blockCount(name)
    const failure = await it.import(make(pair(30)), ignore).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(Error)
    expect(failure).toHaveProperty('message', expect.stringMatching(message))
    expect(failure).toHaveProperty('advice', expect.stringMatching(/./))
    expect(await blockCount(name)).toBe(blocks)
    expect(await it.list()).toEqual([before])
  })

  it('knows every version by the data set’s first, and no version of another', async () => {
    const { name, vault: it } = await vault()
    const { pictures, labels } = pair(20)
    const first = await it.import(request(pictures, labels), ignore)
    const second = await it.import(request(pictures, labels, { parent: first.id }), ignore)
    const third = await it.import(request(pictures, labels, { parent: first.id }), ignore)
    const other = await it.import(request(pictures, labels), ignore)
    const reopened = await Vault.open(name)
    for (const { dataSignature } of [first, second, third])
      expect(await reopened.origin(first.id, dataSignature)).toBe(first.dataSignature)
    expect(await it.origin(other.id, other.dataSignature)).toBe(other.dataSignature)
    await expect(it.origin(first.id, other.dataSignature)).rejects.toThrow(Vault.ChangedError)
    await it.remove(first.id)
    await expect(it.origin(first.id, first.dataSignature)).rejects.toThrow(Vault.UnknownError)
  })

  it('refuses unknown schemas, parents of another schema, and data sets it does not have', async () => {
    const { vault: it } = await vault()
    const { pictures, labels } = pair(10)
    await expect(
      it.import(request(pictures, labels, { schemaId: `0x${'0'.repeat(64)}` }), ignore),
    ).rejects.toThrow(Schema.UnknownError)
    await expect(it.import(request(pictures, labels, { parent: 'nobody' }), ignore)).rejects.toThrow(
      Vault.UnknownError,
    )
    const table = await it.import(csv(`${header}\n5,3,1,0,setosa\n`), ignore)
    await expect(it.import(request(pictures, labels, { parent: table.id }), ignore)).rejects.toThrow(
      Vault.OtherSchemaError,
    )
    await expect(it.open(table.id, `0x${'1'.repeat(64)}`)).rejects.toThrow(Vault.ChangedError)
    await expect(it.remove('nobody')).rejects.toThrow(Vault.UnknownError)
    await expect(it.commitment('nobody')).rejects.toThrow(Vault.UnknownError)
  })

  it('removes what a crashed import left behind when it is opened again', async () => {
    const { name, vault: it } = await vault()
    await it.import(request(pair(10).pictures, pair(10).labels), ignore)
    const before = await blockCount(name)
    const store = new IDBBlockstore(`${name}-blocks`)
    await store.open()
    const { cidOfRaw } = await import('../../protocol/codec.ts')
    await store.put(cidOfRaw(Uint8Array.of(1, 2, 3)), Uint8Array.of(1, 2, 3))
    await store.close()
    expect(await blockCount(name)).toBe(before + 1)
    const again = await Vault.open(name)
    expect(await blockCount(name)).toBe(before)
    expect((await again.list()).length).toBe(1)
  })
})

describe('commitment', () => {
  it('stays the same for a version and hides equal data sets', async () => {
    const { vault: it } = await vault()
    const { pictures, labels } = pair(300)
    const one = await it.import(request(pictures, labels), ignore)
    const two = await it.import(request(pictures, labels), ignore)
    expect(await it.commitment(one.id)).toBe(await it.commitment(one.id))
    expect(await it.commitment(one.id)).not.toBe(await it.commitment(two.id))
  })
})

describe('shards and manifests', () => {
  it('survive their codecs', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.float({ noDefaultInfinity: true }), fc.nat(9)), {
          minLength: 1,
          maxLength: 256,
        }),
        (rows) => {
          const shard: DataSet.Shard = {
            samples: rows.length,
            features: Float32Array.from(rows, ([value]) => value),
            labels: Uint8Array.from(rows, ([, label]) => label),
          }
          expect(DataSet.decodeShard(DataSet.encodeShard(shard))).toEqual(shard)
        },
      ),
    )
  })
})
