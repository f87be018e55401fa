// A frozen backbone on the strict kernels, so that a sample's features are the same on every machine.
import * as Backbone from '../../protocol/backbone.ts'
import type { Extractor } from './features.ts'
import * as Kernels from './kernels.ts'
import * as Plan from './plan.ts'

/** Takes at most `samples` at once. */
export async function start(
  module: WebAssembly.Module,
  { model, weights }: Backbone.Backbone,
  samples: number,
): Promise<Extractor> {
  const kernels = await Kernels.start(module)
  const plan = Plan.create(kernels, model, samples)
  const stages = plan.stages.slice(0, -1)
  const output = stages.at(-1)?.output ?? plan.input
  const [taken, made] = [plan.input.stride / 4, Backbone.features(model)]
  kernels.floats(plan.weights, weights.length).set(weights)
  plan.prepare()

  return (inputs, count) => {
    const features = new Float32Array(count * made)
    for (let first = 0; first < count; first += plan.capacity) {
      const some = Math.min(plan.capacity, count - first)
      const values = inputs.subarray(first * taken, (first + some) * taken)
      kernels.floats(plan.input.at, values.length).set(values)
      for (const stage of stages) stage.forward(some)
      for (let row = 0; row < some; row++)
        features.set(kernels.floats(output.at + row * output.stride, made), (first + row) * made)
    }
    return features
  }
}
