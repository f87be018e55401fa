// A model as a safetensors file: one tensor for each kernel and bias, and what the model is in the metadata.
import * as v from 'valibot'
import * as Codec from '../../protocol/codec.ts'
import { BaseError } from '../../protocol/errors.ts'
import type * as Layer from '../../protocol/layer.ts'
import * as Model from '../../protocol/model.ts'

const described = v.looseObject({ __metadata__: v.looseObject({ model: v.string() }) })
const headerSchema = v.objectWithRest(
  { __metadata__: v.looseObject({ model: v.string() }) },
  v.strictObject({
    dtype: v.literal('F32', 'expected F32'),
    shape: v.array(Codec.count),
    data_offsets: v.array(Codec.count),
  }),
)

/** u64 length of the header, the header in JSON padded with spaces to 8 bytes, then little-endian float32. */
export function encode(spec: Model.Spec, weights: Float32Array): Uint8Array<ArrayBuffer> {
  Model.assertWeights(spec, weights)
  const metadata = { format: 'tf', model: JSON.stringify(spec) }
  const json = JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(tensors(spec)) })
  const header = new TextEncoder().encode(json.padEnd(Math.ceil(json.length / 8) * 8))
  const file = new Uint8Array(8 + header.length + weights.length * 4)
  const view = new DataView(file.buffer)
  view.setBigUint64(0, BigInt(header.length), true)
  file.set(header, 8)
  weights.forEach((weight, i) => view.setFloat32(8 + header.length + i * 4, weight, true))
  return file
}

/** What `encode` wrote. Refuses files of other tools, which do not say what the model computes. */
export function decode(file: Uint8Array): {
  readonly spec: Model.Spec
  readonly weights: Float32Array<ArrayBuffer>
} {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const length = file.length < 8 ? Infinity : Number(view.getBigUint64(0, true))
  if (length > file.length - 8) throw new FormatError('it is none, or cut short')
  const json = parse(new TextDecoder().decode(file.subarray(8, 8 + length)), 'header')
  if (!v.is(described, json)) throw new FormatError('it does not say what its model computes')
  const { __metadata__: metadata, ...found } = Codec.parseElse(headerSchema, json, wrong('header'))
  const spec: Model.Spec = Codec.parseElse(Model.specSchema, parse(metadata.model, 'model'), wrong('model'))
  const expected = tensors(spec)
  const unknown = Object.keys(found).find((name) => !expected.some(([each]) => each === name))
  if (unknown !== undefined) throw new FormatError(`its model has no tensor ${unknown.slice(0, 40)}`)
  for (const [name, { shape, data_offsets: offsets }] of expected) {
    const given = found[name]
    if (given === undefined) throw new FormatError(`the tensor ${name} is missing`)
    if (given.shape.join() !== shape.join())
      throw new FormatError(`${name} has the shape ${given.shape.join(' × ')}, expected ${shape.join(' × ')}`)
    if (given.data_offsets.join() !== offsets.join()) throw new FormatError(`${name} lies elsewhere`)
  }
  const weights = new Float32Array(Model.parameterCount(spec))
  const start = 8 + length
  if (file.length - start !== weights.length * 4)
    throw new FormatError(`it holds ${file.length - start} of ${weights.length * 4} bytes of weights`)
  for (let i = 0; i < weights.length; i++) weights[i] = view.getFloat32(start + i * 4, true)
  Model.assertWeights(spec, weights)
  return { spec, weights }
}

function parse(json: string, noun: string): unknown {
  try {
    return JSON.parse(json)
  } catch (cause) {
    throw new FormatError(`its ${noun} cannot be read`, cause)
  }
}

function wrong(noun: string) {
  return (what: string, at = 'all of it') => new FormatError(`its ${noun} is wrong (${at}: ${what})`)
}

/** By name, in the order of the flat weights. */
function tensors(spec: Model.Spec) {
  return Model.weighted(spec).flatMap((layer, i) => [
    [`${layer.kind}_${i}.kernel`, tensor(shape(layer), layer.kernel, layer.bias)] as const,
    [`${layer.kind}_${i}.bias`, tensor([layer.outputs], layer.bias, layer.bias + layer.outputs)] as const,
  ])
}

/** As TensorFlow has it: convolutions by height, width, channels and filters. */
function shape(layer: Layer.Dense | Layer.Convolution): readonly number[] {
  if (layer.kind === 'dense') return [layer.inputs, layer.outputs]
  return [layer.kernelHeight, layer.kernelWidth, layer.channels, layer.outputs]
}

function tensor(shape: readonly number[], from: number, to: number) {
  return { dtype: 'F32', shape, data_offsets: [from * 4, to * 4] }
}

export class FormatError extends BaseError {
  override readonly name = 'Safetensors.FormatError'
  constructor(what: string, cause?: unknown) {
    super({
      message: `This file is not a model that this app exported: ${what}.`,
      advice: 'Choose a .safetensors file that was downloaded from a task here.',
      safe: 'Nothing was published.',
      cause,
    })
  }
}

export class HeadError extends BaseError {
  override readonly name = 'Safetensors.HeadError'
  constructor() {
    super({
      message: 'This file holds the head of a model, without the backbone that it builds on.',
      advice: 'Choose a model that was trained as a whole.',
      safe: 'Nothing was published.',
    })
  }
}
