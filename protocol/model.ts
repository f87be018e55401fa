// What is trained: a template with sizes, how its weights lie in one flat array, and the weights it starts from.
import * as v from 'valibot'
import { count } from './codec.ts'
import { BaseError } from './errors.ts'
import * as Prng from './prng.ts'

const size = v.pipe(count, v.minValue(1, 'expected 1 or more'), v.maxValue(65_536, 'expected at most 65,536'))

/** Part of a task spec. `softmax` is multinomial logistic regression; `mlp` has ReLU between dense layers. */
export const specSchema = v.pipe(
  v.strictObject({
    template: v.picklist(['softmax', 'mlp'], 'expected softmax or mlp'),
    inputs: size,
    /** Units of each hidden layer, first to last; none for softmax. */
    hidden: v.pipe(v.array(size), v.maxLength(8, 'expected at most 8 hidden layers')),
    classes: v.pipe(
      size,
      v.minValue(2, 'expected 2 classes or more'),
      v.maxValue(256, 'expected at most 256 classes'),
    ),
  }),
  v.check(
    (spec) => (spec.template === 'softmax') === (spec.hidden.length === 0),
    'expected hidden layers for mlp and none for softmax',
  ),
  v.check((spec) => parameterCount(spec) <= 4_000_000, 'expected at most 4,000,000 parameters'),
)
export type Spec = {
  readonly template: 'softmax' | 'mlp'
  readonly inputs: number
  readonly hidden: readonly number[]
  readonly classes: number
}

const positive = v.pipe(
  v.number(),
  v.finite('expected a finite number'),
  v.gtValue(0, 'expected more than 0'),
)

/** Part of a task spec: how a data provider trains in one round. Cross-entropy, SGD with momentum from rest. */
export const trainingSchema = v.strictObject({
  /** Passes over the provider's samples per round. */
  epochs: v.pipe(count, v.minValue(1, 'expected 1 or more'), v.maxValue(100, 'expected at most 100')),
  batchSize: v.pipe(count, v.minValue(1, 'expected 1 or more'), v.maxValue(4096, 'expected at most 4,096')),
  learningRate: v.pipe(positive, v.maxValue(100, 'expected at most 100')),
  momentum: v.pipe(v.number(), v.minValue(0, 'expected 0 or more'), v.ltValue(1, 'expected less than 1')),
  /** Of the initial weights and of the order of samples. */
  seed: count,
})
export type Training = Readonly<v.InferOutput<typeof trainingSchema>>

/** Where a dense layer lies in the flat weights: kernel row-major [inputs, outputs], then bias [outputs]. */
export type Layer = {
  readonly inputs: number
  readonly outputs: number
  /** Index of the first kernel value. */
  readonly kernel: number
  /** Index of the first bias value. */
  readonly bias: number
  readonly activation: 'relu' | 'none'
}

/** First to last; the last gives logits. */
export function layers(spec: Spec): readonly Layer[] {
  const sizes = [spec.inputs, ...spec.hidden, spec.classes]
  const found: Layer[] = []
  let offset = 0
  for (let i = 1; i < sizes.length; i++) {
    const inputs = sizes[i - 1] ?? 0
    const outputs = sizes[i] ?? 0
    const bias = offset + inputs * outputs
    found.push({ inputs, outputs, kernel: offset, bias, activation: i + 1 < sizes.length ? 'relu' : 'none' })
    offset = bias + outputs
  }
  return found
}

/** Length of the flat weights. */
export function parameterCount(spec: Spec): number {
  const sizes = [spec.inputs, ...spec.hidden, spec.classes]
  return sizes.slice(1).reduce((total, outputs, i) => total + ((sizes[i] ?? 0) + 1) * outputs, 0)
}

/**
 * The same weights from the same seed on every machine. Kernels are uniform in ±limit drawn in flat order from
 * `Prng.from(seed, layer)`: He's limit √(6 ÷ inputs) before ReLU, Glorot's √(6 ÷ (inputs + outputs)) before the
 * softmax. Biases are 0.
 */
export function initialise(spec: Spec, seed: number): Float32Array<ArrayBuffer> {
  const weights = new Float32Array(parameterCount(spec))
  layers(spec).forEach((layer, index) => {
    const fan = layer.activation === 'relu' ? layer.inputs : layer.inputs + layer.outputs
    const limit = Math.sqrt(6 / fan)
    const prng = Prng.from(seed, index)
    for (let i = layer.kernel; i < layer.bias; i++) weights[i] = (2 * Prng.unit(prng) - 1) * limit
  })
  return weights
}

/** Refuses weights that do not belong to this model or are not numbers. */
export function assertWeights(spec: Spec, weights: Float32Array): void {
  const expected = parameterCount(spec)
  if (weights.length !== expected)
    throw new WeightsError(`it has ${weights.length} of ${expected} parameters`)
  const wrong = weights.findIndex((weight) => !Number.isFinite(weight))
  if (wrong !== -1) throw new WeightsError(`parameter ${wrong} is not a finite number`)
}

export class WeightsError extends BaseError {
  override readonly name = 'Model.WeightsError'
  constructor(what: string) {
    super({
      message: `These weights do not fit the model: ${what}.`,
      advice: 'The round is skipped; the next one starts from a new model.',
    })
  }
}
