// Counts correct predictions: an integer that the single-threaded WASM backend repeats on every machine.
import * as Model from '../../protocol/model.ts'
import * as Schema from '../../protocol/schema.ts'
import * as Batches from '../tensors/batches.ts'
import * as Forward from '../tensors/forward.ts'
import type { Tensor, Tensors } from '../tensors/tensors.ts'
import type { Evaluated } from './api.ts'

/** Samples per forward pass; part of what makes the count repeatable. */
const batchSize = 256

/**
 * Reads the source once, in stored order, on the selected backend. The first of equal logits counts as the prediction. A
 * model's count does not depend on the others.
 */
export async function evaluate(
  tf: Tensors,
  model: Model.Spec,
  weights: readonly Float32Array[],
  source: Batches.Source,
): Promise<Evaluated> {
  Schema.assertFits(source.schema, model)
  for (const each of weights) Model.assertWeights(model, each)
  const started = performance.now()
  const models = weights.map((each) => Forward.upload(tf, model, each))
  const correct = weights.map(() => 0)
  let total = 0
  try {
    for await (const { samples, inputs, classes } of Batches.read(source, batchSize)) {
      const predictions: Tensor[] = tf.tidy(() => {
        const batch = tf.tensor2d(inputs, [samples, Model.inputs(model)])
        return models.map((parts) => tf.argMax(Forward.forward(tf, model, parts, batch), 1))
      })
      for (const [at, predicted] of predictions.entries()) {
        const found = await predicted.data()
        predicted.dispose()
        const right = classes.filter((label, i) => found[i] === label).length
        correct[at] = (correct[at] ?? 0) + right
      }
      total += samples
    }
  } finally {
    for (const part of models.flat()) part.dispose()
  }
  return { correct, total, seconds: (performance.now() - started) / 1000 }
}
