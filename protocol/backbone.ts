// A trained model that a task builds on: frozen and public. Its features, the inputs of its last layer, feed a head.
import * as v from 'valibot'
import * as Codec from './codec.ts'
import type { Hex } from './codec.ts'
import { BaseError } from './errors.ts'
import * as Layer from './layer.ts'
import * as Model from './model.ts'
import * as Relay from './relay.ts'

export type Head = Extract<Model.Spec, { readonly template: 'head' }>

export type Backbone = {
  readonly model: Exclude<Model.Spec, Head>
  /** All of the model's, its last layer included. */
  readonly weights: Float32Array<ArrayBuffer>
}

/** Most bytes of features that a device keeps: those of 16,384 samples with 1,024 each. It makes the others at every reading. */
export const keptBytes = 64 * 1024 * 1024

/** One block of the network, which any relay keeps: about 260,000 parameters. */
export const maximumBytes = Relay.limits.blockBytes

const schema = v.strictObject({
  v: v.literal(1, 'expected version 1'),
  model: Model.specSchema,
  /** Little-endian float32 in the order of `Model.layers`. */
  weights: Codec.bytes,
})

/** Refuses weights that do not belong to the model, and more than a block holds. */
export function encode({ model, weights }: Backbone): Uint8Array<ArrayBuffer> {
  Model.assertWeights(model, weights)
  const bytes = new Uint8Array(weights.length * 4)
  const view = new DataView(bytes.buffer)
  weights.forEach((weight, i) => view.setFloat32(i * 4, weight, true))
  const encoded = Codec.encode({ v: 1, model, weights: bytes })
  if (encoded.length > maximumBytes) throw new SizeError(weights.length)
  return encoded
}

export function decode(encoded: Uint8Array): Backbone {
  const { model, weights: bytes } = Codec.decode(schema, encoded, 'backbone')
  if (model.template === 'head')
    throw new Codec.MalformedError('backbone', 'model: expected any template but head')
  const expected = Model.parameterCount(model) * 4
  if (bytes.length !== expected)
    throw new Codec.MalformedError('backbone', `weights: expected ${expected} bytes, found ${bytes.length}`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const weights = new Float32Array(bytes.length / 4)
  for (let i = 0; i < weights.length; i++) weights[i] = view.getFloat32(i * 4, true)
  Model.assertWeights(model, weights)
  return { model, weights }
}

/** The digest by which a head names its backbone. */
export function digest(encoded: Uint8Array): Hex {
  return Codec.digestOf(Codec.cidOf(encoded))
}

/** Layers up to the features: all but the last. */
export function layers(model: Model.Spec): readonly Layer.Layer[] {
  return Model.layers(model).slice(0, -1)
}

/** Multiplications with their additions that a sample's features take. */
export function multiplyAdds(model: Model.Spec): number {
  return layers(model).reduce((sum, layer) => sum + Layer.multiplyAdds(layer), 0)
}

/** Values that it makes of a sample: what its last layer takes, after ReLU, pooling or the mean before it. */
export function features(model: Model.Spec): number {
  const last = layers(model).at(-1)
  return last === undefined ? Model.layerInputs(model) : Layer.size(last)
}

/** The backbone that a head names, out of bytes from anywhere. Refuses another one, and one that does not fit the head. */
export function open(encoded: Uint8Array, head: Head): Backbone {
  if (digest(encoded) !== head.backbone) throw new MismatchError('it is not the one that the task names')
  const backbone = decode(encoded)
  assertFits(backbone.model, head)
  return backbone
}

/** Refuses a head that takes other samples, or another number of features, than the backbone does, or at other cost. */
export function assertFits(model: Model.Spec, head: Head): void {
  const [inputs, made, cost] = [Model.inputs(model), features(model), multiplyAdds(model)]
  if (inputs !== head.inputs)
    throw new MismatchError(`it takes samples of ${inputs} values, the task has ${head.inputs}`)
  if (made !== head.features)
    throw new MismatchError(`it makes ${made} features, the task expects ${head.features}`)
  if (cost !== head.multiplyAdds)
    throw new MismatchError(`its features take ${cost} multiplications, the task says ${head.multiplyAdds}`)
}

/** The head as a model of its own, whose samples are features. Its weights lie in the same order. */
export function headAlone({ features: inputs, hidden, classes }: Head): Model.Spec {
  if (hidden.length === 0) return { template: 'softmax', inputs, classes }
  return { template: 'mlp', inputs, hidden, classes }
}

export class SizeError extends BaseError {
  override readonly name = 'Backbone.SizeError'
  constructor(parameters: number) {
    super({
      message: `This model has ${parameters.toLocaleString('en')} parameters, more than a backbone may have.`,
      advice: `Choose a smaller one: with its description it has to fit into ${maximumBytes.toLocaleString('en')} bytes, 4 of them for each parameter.`,
      safe: 'Nothing was published.',
    })
  }
}

export class MismatchError extends BaseError {
  override readonly name = 'Backbone.MismatchError'
  constructor(what: string) {
    super({
      message: `This backbone does not fit the task: ${what}.`,
      advice:
        'The round is skipped. The model provider has to make the task again with a backbone that fits.',
      safe: 'Nothing was sent, and your data was not touched.',
    })
  }
}

export class MissingError extends BaseError {
  override readonly name = 'Backbone.MissingError'
  constructor() {
    super({
      message: 'The backbone that this task builds on is not at hand.',
      advice: 'It is fetched again by itself. Check the connection of this device if it stays.',
      safe: 'Nothing was sent, and your data was not touched.',
    })
  }
}
