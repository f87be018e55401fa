// Small data sets and measures that tests of training and scoring share.
import * as DataSet from '../protocol/dataSet.ts'
import * as Prng from '../protocol/prng.ts'
import type * as Schema from '../protocol/schema.ts'
import type { Source } from '../workers/tensors/batches.ts'

/** Pictures of 8 by 8 in which the class is the bright row. */
export const stripes: Schema.Schema = {
  v: 1,
  kind: 'image',
  title: 'Stripes',
  features: [{ name: 'pixels', dtype: 'uint8', shape: [8, 8], range: { minimum: 0, maximum: 255 } }],
  label: { kind: 'classes', name: 'row', classes: ['0', '1', '2', '3', '4', '5', '6', '7'] },
}

/** Noisy stripes in shards; different seeds give different samples. */
export function stripedSource(samples: number, seed: number): Source {
  const prng = Prng.from(seed)
  const shards: DataSet.Shard[] = []
  for (let left = samples; left > 0; left -= DataSet.shardSize) {
    const count = Math.min(left, DataSet.shardSize)
    const labels = Uint8Array.from({ length: count }, () => prng() % 8)
    const features = Uint8Array.from({ length: count * 64 }, (_, i) => {
      const bright = labels[Math.floor(i / 64)] === Math.floor((i % 64) / 8)
      return Math.floor(Prng.unit(prng) * 160) + (bright ? 90 : 0)
    })
    shards.push({ samples: count, features, labels })
  }
  return sourceOf(stripes, shards)
}

/** Normal, by Box and Muller. */
export function normal(prng: Prng.Prng): number {
  return Math.sqrt(-2 * Math.log(1 - Prng.unit(prng))) * Math.cos(2 * Math.PI * Prng.unit(prng))
}

/** Rows of float32 in shards. */
export function shardsOf(
  rows: readonly { readonly label: number; readonly features: readonly number[] }[],
): readonly DataSet.Shard[] {
  const shards: DataSet.Shard[] = []
  for (let first = 0; first < rows.length; first += DataSet.shardSize) {
    const some = rows.slice(first, first + DataSet.shardSize)
    shards.push({
      samples: some.length,
      features: Float32Array.from(some.flatMap(({ features }) => features)),
      labels: Uint8Array.from(some, ({ label }) => label),
    })
  }
  return shards
}

export function sourceOf(schema: Schema.Schema, shards: readonly DataSet.Shard[]): Source {
  return {
    schema,
    shards: shards.map((shard) => shard.samples),
    shard: (index) => {
      const shard = shards[index]
      return shard ? Promise.resolve(shard) : Promise.reject(new RangeError(`no shard ${index}`))
    },
  }
}

/** Largest difference over the largest value of the second. */
export function relativeDistance(found: ArrayLike<number>, reference: ArrayLike<number>): number {
  let difference = found.length === reference.length ? 0 : Number.POSITIVE_INFINITY
  let scale = 0
  for (let i = 0; i < reference.length; i++) {
    difference = Math.max(difference, Math.abs((found[i] ?? Number.NaN) - (reference[i] ?? 0)))
    scale = Math.max(scale, Math.abs(reference[i] ?? 0))
  }
  return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference / scale
}
