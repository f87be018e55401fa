// A model that is made to tell its samples apart: neurons that wake one after another as a picture gets brighter, each
// blamed alike. What one of them adds to the next is then what lies between them, often one picture.
// (Fowl et al., "Robbing the Fed", ICLR 2022.)
import * as Model from '../../protocol/model.ts'
import type { Share } from '../../scripts/demo/shares.ts'
import type { Gradient } from './inversion.ts'
import * as Pictures from './pictures.ts'

export const neurons = 1000

/** Pictures of the same kind, of which the model provider knows how bright they are; none of those that are attacked. */
const first = 40_000
const known = 4000
/** Small enough for all logits to stay near each other, so that every sample is blamed about alike. */
const loudness = 10

export function weights(spec: Model.Spec, { pictures }: Share): Float32Array {
  const [before, after] = Model.weighted(spec)
  if (before === undefined || after === undefined) throw new Error('This attack knows two layers.')
  const brightness = Array.from({ length: known }, (_, at) => {
    const picture = pictures.subarray((first + at) * Pictures.size, (first + at + 1) * Pictures.size)
    return picture.reduce((sum, pixel) => sum + pixel, 0) / 255 / Pictures.size
  }).sort((a, b) => a - b)
  const planted = new Float32Array(Model.parameterCount(spec))
  planted.fill(loudness / Pictures.size, before.kernel, before.bias)
  for (let j = 0; j < before.outputs; j++) {
    const wakesAt = brightness[Math.floor((j / before.outputs) * known)] ?? 0
    planted[before.bias + j] = -loudness * wakesAt
    for (let c = 0; c < after.outputs; c++)
      planted[after.kernel + j * after.outputs + c] = (0.4 * (c - (after.outputs - 1) / 2)) / before.outputs
  }
  return planted
}

/** What lies between each neuron and the next. */
export function rows({ first: { kernel, bias, width } }: Gradient): readonly Float32Array[] {
  const between = (values: Float64Array, at: number, j: number) =>
    values[at + j]! - (j + 1 < width ? values[at + j + 1]! : 0)
  const found: Float32Array[] = []
  for (let j = 0; j < width; j++) {
    const by = between(bias, 0, j)
    if (by === 0) continue
    found.push(Float32Array.from({ length: Pictures.size }, (_, i) => between(kernel, i * width, j) / by))
  }
  return found
}
