// Rows that a model provider released for scoring, accepted when they are the test set that its task committed to.
import * as Commitment from '../../protocol/commitment.ts'
import * as DataSet from '../../protocol/dataSet.ts'
import * as Schema from '../../protocol/schema.ts'
import { TestSetError } from '../../protocol/subject.ts'
import type { Source } from '../tensors/batches.ts'
import type { ReleasedRows } from './ports.ts'

export function source({ schemaId, shards: encoded, salt, commitment }: ReleasedRows): Source {
  const schema = Schema.find(schemaId)
  if (schema === undefined) throw new Schema.UnknownError(schemaId)
  const shards = encoded.map(DataSet.decodeShard)
  let first = 0
  const leaves = shards.flatMap((shard) => {
    const found = Commitment.leaves(salt, shard, first)
    first += shard.samples
    return found
  })
  if (Commitment.root(leaves) !== commitment) throw new TestSetError()
  return {
    schema,
    shards: shards.map(({ samples }) => samples),
    shard: (index) => {
      const shard = shards[index]
      return shard ? Promise.resolve(shard) : Promise.reject(new TestSetError())
    },
  }
}
