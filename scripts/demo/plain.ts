// Federated averaging without any of the rest, in Node: what the demo's accuracy is compared with.
import * as DataSet from '../../protocol/dataSet.ts'
import * as Job from '../../protocol/job.ts'
import * as Model from '../../protocol/model.ts'
import * as Schema from '../../protocol/schema.ts'
import type { TaskSpec } from '../../protocol/taskSpec.ts'
import * as Update from '../../protocol/update.ts'
import * as Tensors from '../../test/tensors.ts'
import { evaluate } from '../../workers/score/evaluate.ts'
import type { Source } from '../../workers/tensors/batches.ts'
import * as Round from '../../workers/train/round.ts'
import * as Segments from '../../workers/train/segments.ts'
import type { Share } from './shares.ts'

type Spec = Pick<TaskSpec, 'model' | 'training' | 'clip' | 'range' | 'he' | 'sampleCap' | 'schemaId'>

/** The first model: the mean of where these parts of the warm start end, or drawn by chance where there is none. */
export async function first(
  spec: TaskSpec,
  released: Share,
  parts: readonly number[],
): Promise<Float32Array> {
  const schema = Schema.find(spec.schemaId)
  if (schema === undefined) throw new Schema.UnknownError(spec.schemaId)
  const whole = sourceOf(schema, released)
  const weights = Model.initialise(spec.model, spec.training.seed)
  const ends: { readonly end: Float32Array; readonly samples: number }[] = []
  for (const part of parts) {
    const job = Job.warmStart(spec, part)
    if (job === undefined || spec.warmStart === null) continue
    const from = spec.warmStart.shards.indexOf(job.data[0] ?? '0x')
    const source: Source = {
      schema,
      shards: whole.shards.slice(from, from + job.data.length),
      shard: (index) => whole.shard(from + index),
    }
    const training = { ...spec.training, epochs: job.epochs, seed: job.seed }
    const course = { model: spec.model, training, weights, part, segment: job.segment }
    const checkpoints = await Segments.train(Tensors.engine(), course, source)
    ends.push({ end: checkpoints.at(-1) ?? weights, samples: job.samples })
  }
  const total = ends.reduce((sum, { samples }) => sum + samples, 0)
  if (total === 0) return weights
  return weights.map((_, i) =>
    ends.reduce((sum, { end, samples }) => sum + ((end[i] ?? 0) * samples) / total, 0),
  )
}

/** Basis points on the test set after each round: same split, seed, clip and weights, no quantising, no encryption. */
export async function train(
  spec: Spec,
  initial: Float32Array,
  rounds: readonly (readonly Share[])[],
  test: Share,
  done: (round: number, accuracy: number) => void,
): Promise<readonly number[]> {
  const engine = Tensors.engine()
  const kernels = await Tensors.kernels()
  const schema = Schema.find(spec.schemaId)
  if (schema === undefined) throw new Schema.UnknownError(spec.schemaId)
  let global = initial
  const accuracies: number[] = []
  for (const [index, shares] of rounds.entries()) {
    const round = index + 1
    const sum = new Float64Array(global.length)
    let total = 0
    for (const share of shares) {
      const job = { model: spec.model, training: spec.training, weights: global, round }
      const { weights } = await Round.train(engine, job, sourceOf(schema, share))
      const update = Update.difference(weights, global, share.samples, spec)
      update.forEach((each, i) => (sum[i] = (sum[i] ?? 0) + each))
      total += Update.weight(share.samples, spec.sampleCap)
    }
    if (total > 0) global = global.map((weight, i) => weight + (sum[i] ?? 0) / total)
    const {
      correct: [correct = 0],
      total: tested,
    } = await evaluate(kernels, spec.model, [global], sourceOf(schema, test))
    const accuracy = Math.round((correct / tested) * 10_000)
    accuracies.push(accuracy)
    done(round, accuracy)
  }
  return accuracies
}

/** The shards that the vault would make of the share's files. */
function sourceOf(schema: Schema.Schema, { samples, pictures, labels }: Share): Source {
  const inputs = Schema.inputs(schema)
  const size = DataSet.shardSize
  const count = Math.ceil(samples / size)
  return {
    schema,
    shards: Array.from({ length: count }, (_, i) => Math.min(size, samples - i * size)),
    shard: async (i) => ({
      samples: Math.min(size, samples - i * size),
      features: pictures.slice(i * size * inputs, (i + 1) * size * inputs),
      labels: labels.slice(i * size, (i + 1) * size),
    }),
  }
}
