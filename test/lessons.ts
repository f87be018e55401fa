// A task whose model provider releases made-up irises: a first model is trained on them, and executors count on others.
import * as Codec from '../protocol/codec.ts'
import * as DataSet from '../protocol/dataSet.ts'
import * as Job from '../protocol/job.ts'
import * as Schema from '../protocol/schema.ts'
import type * as TaskSpec from '../protocol/taskSpec.ts'
import type { Source } from '../workers/tensors/batches.ts'
import * as Talk from './conversation.ts'
import * as Flowers from './flowers.ts'

/** Two shards, of which the second is not full. */
const samples = 400
export const rows = await encoded(Flowers.source(samples, 3))

/** Two parts of a shard each. */
export const spec: TaskSpec.TaskSpec = {
  ...Talk.spec,
  schemaId: Schema.id(Schema.flowers),
  model: { template: 'mlp', inputs: 4, hidden: [8], classes: 3 },
  training: { epochs: 1, batchSize: 16, learningRate: 0.1, momentum: 0.9, seed: 5 },
  warmStart: {
    shards: rows.map((bytes) => Codec.digestOf(Codec.cidOf(bytes))),
    ...{ samples, parts: 2, epochs: 3, segment: 7, tolerance: 0.01, seconds: 60 },
  },
  scoring: 'committee',
}

/** The job of a part, and what a spec with other words makes of it. */
export function part(at: number, of = spec): Job.WarmStart {
  const job = Job.warmStart(of, at)
  if (job === undefined) throw new RangeError(`no part ${at}`)
  return job
}

/** Shards as they are released. */
export function encoded({ shards, shard }: Source): Promise<readonly Uint8Array<ArrayBuffer>[]> {
  return Promise.all(shards.map(async (_, at) => DataSet.encodeShard(await shard(at))))
}
