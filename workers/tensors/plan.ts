// A model laid out in the kernels' memory, once: training and scoring take the same way forward.
import * as Layer from '../../protocol/layer.ts'
import * as Model from '../../protocol/model.ts'
import type { Kernels } from './kernels.ts'
import { convolution } from './stages/convolution.ts'
import { dense } from './stages/dense.ts'
import { mean } from './stages/mean.ts'
import * as Stage from './stages/stage.ts'

export type Plan = {
  /** Most samples at once. */
  readonly capacity: number
  /** Address of the flat weights; `prepare` after they change. */
  readonly weights: number
  /** Inputs of each sample, one sample after the other. */
  readonly input: Stage.Rows
  readonly stages: readonly Stage.Stage[]
  /** Logits. */
  readonly output: Stage.Rows
  /** Address of a byte for each sample: its class, or the predicted one. */
  readonly classes: number
  prepare(): void
  forward(samples: number): void
}

/** What may lie between the layers, in bytes; larger batches are taken in parts. */
const room = 48 * 1024 * 1024

/** For at most so many samples at once, in one of `threads` such plans that share the room. */
export function create(kernels: Kernels, spec: Model.Spec, samples: number, threads = 1): Plan {
  const layers = Model.layers(spec)
  const inputs = Model.layerInputs(spec)
  const capacity = Math.max(1, Math.min(samples, Math.floor(room / threads / footprint(spec))))
  const weights = kernels.take(Model.parameterCount(spec) * 4)
  const layout = { kernels, capacity, weights }
  const input = { at: kernels.take(capacity * inputs * 4), stride: inputs * 4 }
  const stages: Stage.Stage[] = []
  let output: Stage.Rows = input
  layers.forEach((layer, index) => {
    const stage = lay(layout, layer, layers[index + 1], output)
    if (!stage) return
    stages.push(stage)
    output = stage.output
  })
  return {
    capacity,
    weights,
    input,
    stages,
    output,
    classes: kernels.take(capacity),
    prepare: () => {
      for (const stage of stages) stage.prepare()
    },
    forward: (count) => {
      for (const stage of stages) stage.forward(count)
    },
  }
}

function lay(
  layout: Stage.Layout,
  layer: Layer.Layer,
  next: Layer.Layer | undefined,
  input: Stage.Rows,
): Stage.Stage | undefined {
  switch (layer.kind) {
    case 'dense':
      return dense(layout, layer, input)
    case 'convolution':
      return convolution(layout, layer, next?.kind === 'pool' ? next : undefined, input)
    case 'mean':
      return mean(layout, layer, input)
    case 'pool':
      // Belongs to the convolution before it.
      return undefined
  }
}

/** About the bytes that a sample takes: values, where maxima came from, frames, and the gradients of all. */
function footprint(spec: Model.Spec): number {
  const layers = Model.layers(spec)
  const values = layers.map((layer, index) => {
    if (layer.kind !== 'convolution') return 2 * Layer.size(layer)
    const frames = 2 * layer.height * layer.width * layer.channels
    // A convolution that is pooled keeps only what is left of it.
    return layers[index + 1]?.kind === 'pool' ? frames : frames + 3 * Layer.size(layer)
  })
  return 4 * values.reduce((sum, count) => sum + count, Model.layerInputs(spec))
}
