// A model as a safetensors file: one tensor for each kernel and bias.
import * as Model from '../../protocol/model.ts'

/** u64 length of the header, the header in JSON padded with spaces to 8 bytes, then little-endian float32. */
export function encode(spec: Model.Spec, weights: Float32Array): Uint8Array<ArrayBuffer> {
  Model.assertWeights(spec, weights)
  const entries = Model.layers(spec).flatMap(({ inputs, outputs, kernel, bias }, i) => [
    [`dense_${i}.kernel`, tensor([inputs, outputs], kernel, bias)] as const,
    [`dense_${i}.bias`, tensor([outputs], bias, bias + outputs)] as const,
  ])
  const metadata = { format: 'tf', template: spec.template, activation: 'relu' }
  const json = JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) })
  const header = new TextEncoder().encode(json.padEnd(Math.ceil(json.length / 8) * 8))
  const file = new Uint8Array(8 + header.length + weights.length * 4)
  const view = new DataView(file.buffer)
  view.setBigUint64(0, BigInt(header.length), true)
  file.set(header, 8)
  weights.forEach((weight, i) => view.setFloat32(8 + header.length + i * 4, weight, true))
  return file
}

function tensor(shape: readonly number[], from: number, to: number) {
  return { dtype: 'F32', shape, data_offsets: [from * 4, to * 4] }
}
