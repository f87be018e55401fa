// Counts correct predictions: an integer that the single-threaded WASM backend repeats on every machine.
import * as Model from '../../protocol/model.ts'
import * as Schema from '../../protocol/schema.ts'
import * as Batches from '../tensors/batches.ts'
import * as Dense from '../tensors/dense.ts'
import type { Tensor, Tensors } from '../tensors/tensors.ts'
import type { Evaluated } from './api.ts'

/** Samples per forward pass; part of what makes the count repeatable. */
const batchSize = 256

/** Reads the source in stored order on the selected backend. The first of equal logits counts as the prediction. */
export async function evaluate(
  tf: Tensors,
  model: Model.Spec,
  weights: Float32Array,
  source: Batches.Source,
): Promise<Evaluated> {
  Schema.assertFits(source.schema, model)
  Model.assertWeights(model, weights)
  const started = performance.now()
  const layers = Dense.upload(tf, model, weights)
  let correct = 0
  let total = 0
  try {
    for await (const { samples, inputs, classes } of Batches.read(source, batchSize)) {
      const predicted: Tensor = tf.tidy(() => {
        const logits = Dense.forward(tf, layers, tf.tensor2d(inputs, [samples, model.inputs])).at(-1)
        return tf.argMax(logits ?? tf.zeros([samples, model.classes]), 1)
      })
      const found = await predicted.data()
      predicted.dispose()
      classes.forEach((label, i) => {
        if (found[i] === label) correct++
      })
      total += samples
    }
  } finally {
    Dense.dispose(layers)
  }
  return { correct, total, seconds: (performance.now() - started) / 1000 }
}
