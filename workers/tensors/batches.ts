// From decrypted shards to what a model is fed, in an order that every engine repeats exactly.
import * as DataSet from '../../protocol/dataSet.ts'
import * as Prng from '../../protocol/prng.ts'
import * as Schema from '../../protocol/schema.ts'

/** Where shards come from: the vault's port in a worker, arrays in Node. */
export type Source = {
  readonly schema: Schema.Schema
  /** Samples of each shard, in order. */
  readonly shards: readonly number[]
  shard(index: number): Promise<DataSet.Shard>
}

export type Batch = {
  readonly samples: number
  /** [samples, inputs], each input scaled by its feature's range or one-hot. */
  readonly inputs: Float32Array<ArrayBuffer>
  /** Class index of each sample. */
  readonly classes: Uint8Array<ArrayBuffer>
}

/** Most shards that are shuffled together: 16,384 samples, or as many as 32 MiB of inputs hold. */
const windowShards = 64
const windowBytes = 32 * 1024 * 1024

/**
 * One pass over the samples. With a generator, shards are shuffled, then samples within windows of consecutive
 * shards; without one, the stored order is kept. The next window loads while this one is used.
 */
export async function* read(source: Source, batchSize: number, prng?: Prng.Prng): AsyncGenerator<Batch> {
  const { schema } = source
  const size = Schema.inputs(schema)
  const fill = filler(schema)
  const shardBytes = DataSet.shardSize * size * 4
  const perWindow = Math.max(1, Math.min(windowShards, Math.floor(windowBytes / shardBytes)))
  const order = prng
    ? [...Prng.permutation(source.shards.length, prng)]
    : source.shards.map((_, index) => index)
  const load = (first: number): Promise<DataSet.Shard[]> =>
    Promise.all(order.slice(first, first + perWindow).map((index) => source.shard(index)))

  let loading = load(0)
  for (let first = 0; first < order.length; first += perWindow) {
    const shards = await loading
    const next = first + perWindow
    loading = next < order.length ? load(next) : Promise.resolve([])
    // A failure is met where the window is awaited; until then it must not count as unhandled.
    loading.catch(() => undefined)
    const places = shards.flatMap((shard, index) =>
      Array.from({ length: shard.samples }, (_, row) => index * DataSet.shardSize + row),
    )
    const rows = prng ? [...Prng.permutation(places.length, prng)].map((i) => places[i] ?? 0) : places
    for (let start = 0; start < rows.length; start += batchSize) {
      const samples = Math.min(batchSize, rows.length - start)
      const inputs = new Float32Array(samples * size)
      const classes = new Uint8Array(samples)
      for (let i = 0; i < samples; i++) {
        const place = rows[start + i] ?? 0
        const shard = shards[Math.floor(place / DataSet.shardSize)]
        if (!shard) continue
        fill(shard.features, place % DataSet.shardSize, inputs, i * size)
        classes[i] = shard.labels[place % DataSet.shardSize] ?? 0
      }
      yield { samples, inputs, classes }
    }
  }
}

/** [samples, classes] with a 1 at each sample's class. */
export function oneHot(classes: Uint8Array, count: number): Float32Array<ArrayBuffer> {
  const labels = new Float32Array(classes.length * count)
  classes.forEach((label, i) => {
    labels[i * count + label] = 1
  })
  return labels
}

type Fill = (features: Uint8Array | Float32Array, row: number, inputs: Float32Array, offset: number) => void

/** Writes one sample's inputs. A missing number becomes the middle of its range, a missing category all zeros. */
function filler(schema: Schema.Schema): Fill {
  const plan = Schema.inputPlan(schema)
  const width = plan.length
  const [first] = plan
  const alike = plan.every(
    (each) => each.categories === 0 && each.scale === first?.scale && each.minimum === 0,
  )
  if (Schema.storage(schema) === 'uint8' && alike && first) {
    const { scale } = first
    return (features, row, inputs, offset) => {
      const start = row * width
      for (let i = 0; i < width; i++) inputs[offset + i] = (features[start + i] ?? 0) * scale
    }
  }
  return (features, row, inputs, offset) => {
    let at = offset
    plan.forEach(({ minimum, scale, categories }, column) => {
      const value = features[row * width + column] ?? Number.NaN
      const missing = Number.isNaN(value)
      if (categories === 0) inputs[at++] = missing ? 0.5 : (value - minimum) * scale
      else {
        if (!missing) inputs[at + value] = 1
        at += categories
      }
    })
  }
}
