// A file that the app exported comes back as it was; anything else is refused in words.
import { describe, expect, it } from 'vitest'
import * as Model from '../../protocol/model.ts'
import * as Conformance from '../../test/conformance.ts'
import * as Safetensors from './safetensors.ts'

const spec: Model.Spec = { template: 'mlp', inputs: 3, hidden: [2], classes: 2 }
const file = Safetensors.encode(spec, Model.initialise(spec, 1))

/** The file with its header changed as text of the same or another length. */
function altered(change: (header: string) => string): Uint8Array {
  const length = Number(new DataView(file.buffer).getBigUint64(0, true))
  const header = new TextEncoder().encode(change(new TextDecoder().decode(file.subarray(8, 8 + length))))
  const made = new Uint8Array(8 + header.length + file.length - 8 - length)
  new DataView(made.buffer).setBigUint64(0, BigInt(header.length), true)
  made.set(header, 8)
  made.set(file.subarray(8 + length), 8 + header.length)
  return made
}

describe('a safetensors file', () => {
  it.each(Object.entries(Conformance.models))('comes back as it was: %s', (_, spec) => {
    const weights = Conformance.weights(spec)
    expect(Safetensors.decode(Safetensors.encode(spec, weights))).toEqual({ spec, weights })
  })

  it.each([
    ['nothing', new Uint8Array(), 'it is none, or cut short'],
    ['a picture', new Uint8Array(100).fill(137), 'it is none, or cut short'],
    ['one cut short', file.slice(0, -4), 'it holds 52 of 56 bytes of weights'],
    ['one with more', new Uint8Array([...file, 0]), 'it holds 57 of 56 bytes'],
    ['a header that is no JSON', altered(() => 'model!!!'), 'its header cannot be read'],
    [
      'a file of another tool',
      altered((header) => header.replace('"model"', '"title"')),
      'it does not say what its model computes',
    ],
    ['other metadata', altered(() => '{} '), 'it does not say what its model computes'],
    [
      'a model that nobody could train',
      altered((header) => header.replace(String.raw`\"classes\":2`, String.raw`\"classes\":1`)),
      'classes: expected 2 classes or more',
    ],
    [
      'halves of floats',
      altered((header) => header.replace('F32', 'F16')),
      'dense_0.kernel.dtype: expected F32',
    ],
    [
      'tensors of another shape',
      altered((header) => header.replace('[3,2]', '[2,3]')),
      'dense_0.kernel has the shape 2 × 3, expected 3 × 2',
    ],
    [
      'tensors that overlap',
      altered((header) => header.replace('[24,32]', '[20,28]')),
      'dense_0.bias lies elsewhere',
    ],
    [
      'tensors that the model lacks',
      altered((header) => header.replace('dense_1.bias', 'dense_9.bias')),
      'its model has no tensor dense_9.bias',
    ],
  ])('that is %s is refused', (_, bytes, sentence) => {
    expect(() => Safetensors.decode(bytes)).toThrow(Safetensors.FormatError)
    expect(() => Safetensors.decode(bytes)).toThrow(sentence)
  })

  it('with weights that are not numbers is refused', () => {
    const broken = new Uint8Array(file)
    broken.fill(255, -4)
    expect(() => Safetensors.decode(broken)).toThrow(Model.WeightsError)
  })
})
