// Federated averaging without any of the rest, in Node: what the demo's accuracy is compared with.
import * as DataSet from '../../protocol/dataSet.ts'
import * as Model from '../../protocol/model.ts'
import * as Schema from '../../protocol/schema.ts'
import type { TaskSpec } from '../../protocol/taskSpec.ts'
import * as Update from '../../protocol/update.ts'
import * as Tensors from '../../test/tensors.ts'
import { evaluate } from '../../workers/score/evaluate.ts'
import type { Source } from '../../workers/tensors/batches.ts'
import * as Round from '../../workers/train/round.ts'
import type { Share } from './shares.ts'

type Spec = Pick<TaskSpec, 'model' | 'training' | 'clip' | 'range' | 'he' | 'sampleCap' | 'schemaId'>

/** Basis points on the test set after each round: same split, seed, clip and weights, no quantising, no encryption. */
export async function train(
  spec: Spec,
  rounds: readonly (readonly Share[])[],
  test: Share,
  done: (round: number, accuracy: number) => void,
): Promise<readonly number[]> {
  const engine = Tensors.engine()
  const kernels = await Tensors.kernels()
  const schema = Schema.find(spec.schemaId)
  if (schema === undefined) throw new Schema.UnknownError(spec.schemaId)
  let global: Float32Array = Model.initialise(spec.model, spec.training.seed)
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
