// A part of a warm start as a course of training: its description and its released shards, checked against one another.
import * as Codec from '../../protocol/codec.ts'
import * as DataSet from '../../protocol/dataSet.ts'
import { BaseError } from '../../protocol/errors.ts'
import * as Job from '../../protocol/job.ts'
import * as Model from '../../protocol/model.ts'
import * as Schema from '../../protocol/schema.ts'
import * as TaskSpec from '../../protocol/taskSpec.ts'
import type { Source } from '../tensors/batches.ts'
import type { WarmStartRequest } from './api.ts'
import type { Course } from './segments.ts'

export type Lesson = { readonly course: Course; readonly source: Source }

/** Refuses shards that the job does not name or that are not of its schema, and a job that the spec does not have. */
export function read({ spec: encoded, job, shards }: WarmStartRequest): Lesson {
  const spec = TaskSpec.decode(encoded)
  if (!Job.isOf(job, spec)) throw new OtherJobError()
  const schema = Schema.find(job.schemaId)
  if (schema === undefined) throw new Schema.UnknownError(job.schemaId)
  Schema.assertFits(schema, spec.model)
  if (shards.length !== job.data.length) throw new ShardsError()
  const read = shards.map((bytes, i) => {
    if (Codec.digestOf(Codec.cidOf(bytes)) !== job.data[i]) throw new ShardsError()
    const shard = DataSet.decodeShard(bytes)
    assertRows(shard, schema)
    return shard
  })
  if (read.reduce((sum, { samples }) => sum + samples, 0) !== job.samples) throw new ShardsError()
  return {
    course: {
      model: spec.model,
      training: { ...spec.training, epochs: job.epochs, seed: job.seed },
      weights: Model.initialise(spec.model, job.seed),
      part: job.part,
      segment: job.segment,
    },
    source: {
      schema,
      shards: read.map(({ samples }) => samples),
      shard: (index) => {
        const shard = read[index]
        return shard ? Promise.resolve(shard) : Promise.reject(new ShardsError())
      },
    },
  }
}

/** Rows come from somebody else here, and kernels write where a label says. */
function assertRows({ samples, features, labels }: DataSet.Shard, schema: Schema.Schema): void {
  const classes = Schema.classes(schema)
  const isClass = (label: number) => Number.isInteger(label) && label >= 0 && label < classes
  if (features.length !== samples * Schema.width(schema) || labels.length !== samples)
    throw new Codec.MalformedError('shard', 'its rows are not those of its schema')
  if (!labels.every(isClass)) throw new Codec.MalformedError('shard', 'a label is none of its classes')
}

export class OtherJobError extends BaseError {
  override readonly name = 'WarmStart.OtherJobError'
  constructor() {
    super({
      message: 'This job is not one of the task’s warm start.',
      advice: 'Nothing needs doing: the job is refused.',
    })
  }
}

export class ShardsError extends BaseError {
  override readonly name = 'WarmStart.ShardsError'
  constructor() {
    super({
      message: 'The released data are not those that the job names.',
      advice: 'Nothing needs doing: the job is left to others.',
    })
  }
}
