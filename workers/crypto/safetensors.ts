// A model as a safetensors file: one tensor for each kernel and bias.
import type * as Layer from '../../protocol/layer.ts'
import * as Model from '../../protocol/model.ts'

/** u64 length of the header, the header in JSON padded with spaces to 8 bytes, then little-endian float32. */
export function encode(spec: Model.Spec, weights: Float32Array): Uint8Array<ArrayBuffer> {
  Model.assertWeights(spec, weights)
  const entries = Model.weighted(spec).flatMap((layer, i) => [
    [`${layer.kind}_${i}.kernel`, tensor(shape(layer), layer.kernel, layer.bias)] as const,
    [`${layer.kind}_${i}.bias`, tensor([layer.outputs], layer.bias, layer.bias + layer.outputs)] as const,
  ])
  const metadata = { format: 'tf', model: JSON.stringify(spec) }
  const json = JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) })
  const header = new TextEncoder().encode(json.padEnd(Math.ceil(json.length / 8) * 8))
  const file = new Uint8Array(8 + header.length + weights.length * 4)
  const view = new DataView(file.buffer)
  view.setBigUint64(0, BigInt(header.length), true)
  file.set(header, 8)
  weights.forEach((weight, i) => view.setFloat32(8 + header.length + i * 4, weight, true))
  return file
}

/** As TensorFlow has it: convolutions by height, width, channels and filters. */
function shape(layer: Layer.Dense | Layer.Convolution): readonly number[] {
  if (layer.kind === 'dense') return [layer.inputs, layer.outputs]
  return [layer.kernelHeight, layer.kernelWidth, layer.channels, layer.outputs]
}

function tensor(shape: readonly number[], from: number, to: number) {
  return { dtype: 'F32', shape, data_offsets: [from * 4, to * 4] }
}
