// Counts correct predictions: an integer that the strict kernels repeat on every machine.
import * as Model from '../../protocol/model.ts'
import * as Schema from '../../protocol/schema.ts'
import * as Batches from '../tensors/batches.ts'
import * as Kernels from '../tensors/kernels.ts'
import * as Plan from '../tensors/plan.ts'
import type { Evaluated } from './ports.ts'

/** Samples per forward pass. No sample's logits depend on the others. */
const batchSize = 256

/**
 * Reads the source once, in stored order. The first of equal logits counts as the prediction. A model's count does not
 * depend on the others.
 */
export async function evaluate(
  module: WebAssembly.Module,
  model: Model.Spec,
  weights: readonly Float32Array[],
  source: Batches.Source,
): Promise<Evaluated> {
  Schema.assertFits(source.schema, model)
  for (const each of weights) Model.assertWeights(model, each)
  const started = performance.now()
  const predict = predictor(await Kernels.start(module), model)
  const correct = weights.map(() => 0)
  let total = 0
  for await (const { samples, inputs, classes } of Batches.read(source, batchSize)) {
    weights.forEach((each, at) => {
      const predicted = predict(each, samples, inputs)
      const right = classes.filter((label, i) => predicted[i] === label).length
      correct[at] = (correct[at] ?? 0) + right
    })
    total += samples
  }
  return { correct, total, seconds: (performance.now() - started) / 1000 }
}

/** The class that weights give to each sample of a batch. */
function predictor(kernels: Kernels.Kernels, model: Model.Spec) {
  const plan = Plan.create(kernels, model, batchSize)
  const { capacity, output } = plan
  const width = plan.input.stride / 4
  const held = kernels.floats(plan.weights, Model.parameterCount(model))
  const input = kernels.floats(plan.input.at, capacity * width)
  const classes = kernels.bytes(plan.classes, capacity)
  let loaded: Float32Array | undefined

  return (weights: Float32Array, samples: number, inputs: Float32Array): Uint8Array => {
    if (loaded !== weights) {
      held.set(weights)
      plan.prepare()
      loaded = weights
    }
    const predicted = new Uint8Array(samples)
    for (let first = 0; first < samples; first += capacity) {
      const count = Math.min(capacity, samples - first)
      input.set(inputs.subarray(first * width, (first + count) * width))
      plan.forward(count)
      kernels.highest(count, model.classes, output.at, output.stride, plan.classes)
      predicted.set(classes.subarray(0, count), first)
    }
    return predicted
  }
}
