// What every engine must compute: models of every template at awkward sizes, and the distances that are allowed.
import * as Layer from '../protocol/layer.ts'
import * as Model from '../protocol/model.ts'
import * as Prng from '../protocol/prng.ts'
import type { Batch } from '../workers/tensors/batches.ts'
import type { Engine } from '../workers/train/engines.ts'
import * as TrainStep from '../workers/train/trainStep.ts'

const small = { stride: 1, padding: 'valid', pool: 1 } as const

/** By what is awkward about them; small, because the reference is slow. */
export const models: { readonly [what: string]: Model.Spec } = {
  'softmax regression': { template: 'softmax', inputs: 13, classes: 5 },
  'one hidden layer': { template: 'mlp', inputs: 64, hidden: [23], classes: 8 },
  'two hidden layers, a width of 1': { template: 'mlp', inputs: 7, hidden: [1, 9], classes: 2 },
  'sizes that are not multiples of 4': { template: 'mlp', inputs: 33, hidden: [21, 18], classes: 3 },
  'two convolutions with pooling': {
    template: 'cnn',
    ...{ height: 12, width: 12, channels: 1 },
    convolutions: [
      { filters: 6, kernel: 3, stride: 1, padding: 'valid', pool: 2 },
      { filters: 5, kernel: 3, stride: 1, padding: 'same', pool: 2 },
    ],
    hidden: [11],
    classes: 4,
  },
  'an even kernel with padding': cnn({ filters: 3, kernel: 4, stride: 1, padding: 'same', pool: 1 }),
  'a 1 × 1 kernel': cnn({ ...small, filters: 5, kernel: 1 }),
  'a stride of 2, padded': cnn({ filters: 4, kernel: 3, stride: 2, padding: 'same', pool: 1 }),
  'a stride of 3 that leaves a rest': cnn({ ...small, filters: 2, kernel: 2, stride: 3 }),
  'a window of 3 that leaves a rest': cnn({ filters: 7, kernel: 3, stride: 1, padding: 'same', pool: 3 }),
  'a kernel as large as the picture': {
    ...{ template: 'cnn', height: 4, width: 5, channels: 3, hidden: [], classes: 3 },
    convolutions: [{ ...small, filters: 6, kernel: 4 }],
  },
  'a sequence': {
    ...{ template: 'sequence', steps: 19, channels: 3, hidden: [6], classes: 4 },
    convolutions: [
      { filters: 5, kernel: 5, stride: 1, padding: 'same', pool: 2 },
      { filters: 9, kernel: 3, stride: 2, padding: 'valid', pool: 1 },
    ],
  },
  'a sequence without hidden layers': {
    ...{ template: 'sequence', steps: 8, channels: 1, hidden: [], classes: 2 },
    convolutions: [{ filters: 4, kernel: 2, stride: 1, padding: 'same', pool: 1 }],
  },
  'a head on a backbone': {
    ...{ template: 'head', inputs: 12, features: 9, multiplyAdds: 108, hidden: [7], classes: 3 },
    backbone: `0x${'11'.repeat(32)}`,
  },
}

function cnn(convolution: Extract<Model.Spec, { template: 'cnn' }>['convolutions'][number]): Model.Spec {
  const picture = { height: 7, width: 8, channels: 2 }
  return { template: 'cnn', ...picture, convolutions: [convolution], hidden: [], classes: 3 }
}

/** Fixed inputs in [0, 1) and classes; flat areas in them make equal maxima. */
export function batch(spec: Model.Spec, samples: number, seed = 7): Batch {
  const prng = Prng.from(seed)
  const width = Model.layerInputs(spec)
  const inputs = Float32Array.from({ length: samples * width }, () => Math.max(0, 2 * Prng.unit(prng) - 1))
  return { samples, inputs, classes: Uint8Array.from({ length: samples }, () => prng() % spec.classes) }
}

/** The gradient of the mean cross-entropy at fixed weights, and the summed cross-entropy. */
export async function gradient(
  engine: Engine,
  spec: Model.Spec,
  on: Batch,
): Promise<{ readonly gradient: Float32Array; readonly loss: number }> {
  const initial = TrainStep.resting(weights(spec))
  const steps = await engine.start({ spec, learningRate: 1, momentum: 0, batchSize: on.samples, initial })
  try {
    steps.step(on)
    // From rest, the velocity after a step is learning rate × gradient.
    return { loss: await steps.takeLoss(), gradient: (await steps.state()).velocity }
  } finally {
    steps.dispose()
  }
}

/** Losses of ten free steps with momentum, each on a batch of its own, the last one a small one. */
export async function losses(engine: Engine, spec: Model.Spec): Promise<readonly number[]> {
  const initial = TrainStep.resting(weights(spec))
  const steps = await engine.start({ spec, learningRate: 0.05, momentum: 0.9, batchSize: 8, initial })
  const found: number[] = []
  try {
    for (let i = 0; i < 10; i++) {
      steps.step(batch(spec, i === 9 ? 3 : 8, i))
      found.push(await steps.takeLoss())
    }
    return found
  } finally {
    steps.dispose()
  }
}

/** Biases are not zero, so that a lost one is seen. */
export function weights(spec: Model.Spec): Float32Array<ArrayBuffer> {
  const prng = Prng.from(3)
  const found = Model.initialise(spec, 9)
  for (const { bias, outputs } of Model.weighted(spec))
    for (let i = bias; i < bias + outputs; i++) found[i] = 0.4 * Prng.unit(prng) - 0.1
  return found
}

/** The summed cross-entropy in float64, written for nothing but to be right. */
export function loss(spec: Model.Spec, weights: Float64Array, { samples, inputs, classes }: Batch): number {
  const width = Model.layerInputs(spec)
  let sum = 0
  for (let sample = 0; sample < samples; sample++) {
    let values = Float64Array.from(inputs.subarray(sample * width, (sample + 1) * width))
    for (const layer of Model.layers(spec)) values = forward(layer, weights, values)
    const most = Math.max(...values)
    const all = values.reduce((total, logit) => total + Math.exp(logit - most), 0)
    sum += most + Math.log(all) - (values[classes[sample] ?? 0] ?? Number.NaN)
  }
  return sum
}

function forward(layer: Layer.Layer, weights: Float64Array, from: Float64Array): Float64Array<ArrayBuffer> {
  const at = (values: Float64Array, index: number) => values[index] ?? Number.NaN
  const out = new Float64Array(Layer.size(layer))
  if (layer.kind === 'mean')
    return out.map((_, channel) => {
      let sum = 0
      for (let i = 0; i < layer.positions; i++) sum += at(from, i * layer.channels + channel)
      return sum / layer.positions
    })
  if (layer.kind === 'pool')
    return out.map((_, index) => {
      const { place, channel } = placed(layer, layer.channels, index)
      let most = Number.NEGATIVE_INFINITY
      for (let y = 0; y < layer.poolHeight; y++)
        for (let x = 0; x < layer.poolWidth; x++) {
          const [row, column] = [place.row * layer.poolHeight + y, place.column * layer.poolWidth + x]
          most = Math.max(most, at(from, (row * layer.width + column) * layer.channels + channel))
        }
      return most
    })
  return out.map((_, index) => {
    const { place, channel } =
      layer.kind === 'dense'
        ? { place: { row: 0, column: 0 }, channel: index }
        : placed(layer, layer.outputs, index)
    let sum = at(weights, layer.bias + channel)
    for (let i = 0; i < layer.inputs; i++) {
      const value = layer.kind === 'dense' ? at(from, i) : patch(layer, place, i, from)
      sum += value * at(weights, layer.kernel + i * layer.outputs + channel)
    }
    return layer.activation === 'relu' ? Math.max(0, sum) : sum
  })
}

type Position = { readonly row: number; readonly column: number }

function placed({ outWidth }: { readonly outWidth: number }, channels: number, index: number) {
  const position = Math.floor(index / channels)
  const place: Position = { row: Math.floor(position / outWidth), column: position % outWidth }
  return { place, channel: index % channels }
}

/** Value `i` of the patch that the kernel sees at a place. */
function patch(layer: Layer.Convolution, place: Position, i: number, from: Float64Array): number {
  const { channels, kernelWidth, stride, padTop, padLeft, height, width } = layer
  const tap = Math.floor(i / channels)
  const row = place.row * stride + Math.floor(tap / kernelWidth) - padTop
  const column = place.column * stride + (tap % kernelWidth) - padLeft
  if (row < 0 || column < 0 || row >= height || column >= width) return 0
  return from[(row * width + column) * channels + (i % channels)] ?? Number.NaN
}
