// What every importer yields: samples of one schema, checked, in stored form.
import * as DataSet from '../../protocol/dataSet.ts'
import * as Schema from '../../protocol/schema.ts'

export type Sample = {
  /** As many values as the schema's width; NaN where one is missing. */
  readonly features: ArrayLike<number>
  /** Class index or numeric target. */
  readonly label: number
}

/** Packs samples into shards; the last may be shorter. */
export async function* shards(
  schema: Schema.Schema,
  samples: AsyncIterable<Sample>,
): AsyncGenerator<DataSet.Shard> {
  const width = Schema.width(schema)
  const empty = (length: number, bytes: boolean) =>
    bytes ? new Uint8Array(length) : new Float32Array(length)
  const features = empty(DataSet.shardSize * width, Schema.storage(schema) === 'uint8')
  const labels = empty(DataSet.shardSize, schema.label.kind === 'classes')
  let count = 0
  const take = (): DataSet.Shard => {
    const shard = {
      samples: count,
      features: features.slice(0, count * width),
      labels: labels.slice(0, count),
    }
    count = 0
    return shard
  }
  for await (const sample of samples) {
    features.set(sample.features, count * width)
    labels[count] = sample.label
    if (++count === DataSet.shardSize) yield take()
  }
  if (count > 0) yield take()
}
