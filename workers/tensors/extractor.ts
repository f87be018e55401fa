// A frozen backbone in the kernels' memory: the way forward up to the inputs of its last layer.
import * as Backbone from '../../protocol/backbone.ts'
import type { Extractor } from './features.ts'
import type { Kernels } from './kernels.ts'
import * as Plan from './plan.ts'

/** Samples that are planned for; more are taken in parts. */
const batchSize = 64

export function create(kernels: Kernels, { model, weights }: Backbone.Backbone): Extractor {
  const plan = Plan.create(kernels, model, batchSize)
  kernels.floats(plan.weights, weights.length).set(weights)
  plan.prepare()
  const stages = plan.stages.slice(0, -1)
  const output = stages.at(-1)?.output ?? plan.input
  const values = plan.input.stride / 4
  const width = Backbone.features(model)
  return {
    features(inputs, samples) {
      const found = new Float32Array(samples * width)
      for (let first = 0; first < samples; first += plan.capacity) {
        const count = Math.min(plan.capacity, samples - first)
        kernels
          .floats(plan.input.at, count * values)
          .set(inputs.subarray(first * values, (first + count) * values))
        for (const stage of stages) stage.forward(count)
        for (let i = 0; i < count; i++)
          found.set(kernels.floats(output.at + i * output.stride, width), (first + i) * width)
      }
      return Promise.resolve(found)
    },
    dispose: () => undefined,
  }
}
