// What is trained: a template with sizes, how its weights lie in one flat array, and the weights it starts from.
import * as v from 'valibot'
import { count, digest32 } from './codec.ts'
import { BaseError } from './errors.ts'
import * as Layer from './layer.ts'
import * as Prng from './prng.ts'

const upTo = (most: number, what: string) =>
  v.pipe(
    count,
    v.minValue(1, 'expected 1 or more'),
    v.maxValue(most, `expected at most ${most.toLocaleString('en')}${what}`),
  )
const size = upTo(65_536, '')
const classes = v.pipe(upTo(256, ' classes'), v.minValue(2, 'expected 2 classes or more'))
/** Units of each dense layer before the last, first to last. */
const hidden = v.pipe(v.array(size), v.maxLength(8, 'expected at most 8 hidden layers'))
const convolutions = v.pipe(
  v.array(
    v.strictObject({
      filters: upTo(512, ' filters'),
      kernel: upTo(31, ''),
      stride: upTo(8, ''),
      padding: v.picklist(['same', 'valid'], 'expected same or valid'),
      pool: upTo(8, ''),
    }),
  ),
  v.minLength(1, 'expected a convolution'),
  v.maxLength(8, 'expected at most 8 convolutions'),
)

const templates = v.variant('template', [
  v.strictObject({ template: v.literal('softmax'), inputs: size, classes }),
  v.strictObject({
    template: v.literal('mlp'),
    inputs: size,
    hidden: v.pipe(hidden, v.minLength(1, 'expected a hidden layer')),
    classes,
  }),
  v.strictObject({
    template: v.literal('cnn'),
    height: upTo(1024, ''),
    width: upTo(1024, ''),
    channels: upTo(64, ' channels'),
    convolutions,
    hidden,
    classes,
  }),
  v.strictObject({
    template: v.literal('sequence'),
    steps: upTo(65_536, ' steps'),
    channels: upTo(256, ' channels'),
    convolutions,
    hidden,
    classes,
  }),
  v.strictObject({
    template: v.literal('head'),
    /** Of the backbone's object. */
    backbone: digest32,
    inputs: size,
    /** Values that the backbone makes of a sample. */
    features: size,
    /** Multiplications with their additions of a sample's way through the backbone to its features. */
    multiplyAdds: count,
    hidden,
    classes,
  }),
])
type DeepReadonly<value> = value extends string | number
  ? value
  : { readonly [key in keyof value]: DeepReadonly<value[key]> }
/**
 * Part of a task spec. ReLU follows every layer but the last, whose outputs are logits.
 * - `softmax`: multinomial logistic regression.
 * - `mlp`: dense layers.
 * - `cnn`: convolutions over a picture [height, width, channels], then dense layers.
 * - `sequence`: convolutions over [steps, channels], their mean over the steps that are left, then dense layers.
 * - `head`: dense layers over the features that a frozen backbone makes of a sample; only they are trained and travel.
 */
export type Spec = DeepReadonly<v.InferOutput<typeof templates>>
export type Template = Spec['template']

/** A spec whose layers fit one another. */
export const specSchema = v.pipe(
  templates,
  v.check(
    (spec) => layers(spec).every((layer) => Layer.size(layer) > 0),
    'expected each layer to leave values for the next: plan fewer layers, less pooling or smaller kernels',
  ),
  v.check(
    (spec) => layers(spec).reduce((sum, layer) => sum + Layer.size(layer), 0) <= 1_000_000,
    'expected at most 1,000,000 values between the layers',
  ),
  v.check((spec) => parameterCount(spec) <= 4_000_000, 'expected at most 4,000,000 parameters'),
)

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

/** First to last; the last gives logits. Weights lie in this order without gaps. */
export function layers(spec: Spec): readonly Layer.Layer[] {
  const found: Layer.Layer[] = []
  let offset = 0
  let width = layerInputs(spec)
  const add = (layer: Layer.Layer) => {
    found.push(layer)
    width = Layer.size(layer)
    if (Layer.isWeighted(layer)) offset = layer.bias + layer.outputs
  }
  if (spec.template === 'cnn' || spec.template === 'sequence') {
    let picture =
      spec.template === 'cnn'
        ? { height: spec.height, width: spec.width, channels: spec.channels }
        : { height: 1, width: spec.steps, channels: spec.channels }
    for (const each of spec.convolutions) {
      for (const layer of Layer.convolution({ ...picture, offset }, each)) {
        add(layer)
        if (layer.kind === 'convolution' || layer.kind === 'pool')
          picture = { height: layer.outHeight, width: layer.outWidth, channels: each.filters }
      }
    }
    if (spec.template === 'sequence')
      add({ kind: 'mean', positions: picture.height * picture.width, channels: picture.channels })
  }
  for (const units of spec.template === 'softmax' ? [] : spec.hidden)
    add(Layer.dense(width, units, offset, 'relu'))
  add(Layer.dense(width, spec.classes, offset, 'none'))
  return found
}

/** The layers that have weights. */
export function weighted(spec: Spec): readonly (Layer.Dense | Layer.Convolution)[] {
  return layers(spec).filter((layer) => Layer.isWeighted(layer))
}

/** Values that a sample has: what the schema gives. */
export function inputs(spec: Spec): number {
  if (spec.template === 'cnn') return spec.height * spec.width * spec.channels
  return spec.template === 'sequence' ? spec.steps * spec.channels : spec.inputs
}

/** Values that the first layer takes of a sample: the features where a backbone makes them. */
export function layerInputs(spec: Spec): number {
  return spec.template === 'head' ? spec.features : inputs(spec)
}

/** Length of the flat weights. */
export function parameterCount(spec: Spec): number {
  return weighted(spec).reduce((_, { bias, outputs }) => bias + outputs, 0)
}

/**
 * The same weights from the same seed on every machine. Kernels are uniform in ±limit drawn in flat order from
 * `Prng.from(seed, layer)`, layers with weights counted: He's limit √(6 ÷ inputs) before ReLU, Glorot's √(6 ÷ (inputs + outputs)) before the
 * softmax. Biases are 0.
 */
export function initialise(spec: Spec, seed: number): Float32Array<ArrayBuffer> {
  const weights = new Float32Array(parameterCount(spec))
  weighted(spec).forEach((layer, index) => {
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
