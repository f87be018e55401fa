// Pictures out of a summed gradient of logistic regression, Σ x · (p − y): with labels known it is a linear system in the
// pictures, but for the probabilities p, which follow from the pictures; so both are found in turn.
import * as Model from '../../protocol/model.ts'
import * as Pictures from './pictures.ts'
import type { Start } from './inversion.ts'

/** Relative to the diagonal: there is no inverse where there are more pictures than classes. */
const damping = 1e-6

/** `seen` is Σ over samples of the gradient, flat as weights are. */
export function solved(
  spec: Model.Spec,
  weights: ArrayLike<number>,
  seen: ArrayLike<number>,
  { pixels, labels }: Start,
  turns: number,
): readonly Float32Array[] {
  const [layer] = Model.weighted(spec)
  if (layer === undefined) throw new Error('There is no layer.')
  const { kernel, bias, outputs } = layer
  const pictures = Array.from(labels, (_, at) => Pictures.one(pixels, at).slice())
  for (let turn = 0; turn < turns; turn++) {
    const blame = pictures.map((picture, at) => {
      const logits = Array.from({ length: outputs }, (_, c) =>
        picture.reduce((sum, x, i) => sum + x * weights[kernel + i * outputs + c]!, weights[bias + c]!),
      )
      const most = Math.max(...logits)
      const parts = logits.map((logit) => Math.exp(logit - most))
      const all = parts.reduce((sum, part) => sum + part, 0)
      return parts.map((part, c) => part / all - (labels[at] === c ? 1 : 0))
    })
    const inverse = inverted(
      blame.map((a, i) =>
        blame.map((b, j) => a.reduce((sum, x, c) => sum + x * b[c]!, 0) * (i === j ? 1 + damping : 1)),
      ),
    )
    for (let i = 0; i < Pictures.size; i++) {
      // The least move of a pixel in all pictures that makes their gradient the one that was seen.
      const left = Array.from(
        { length: outputs },
        (_, c) =>
          seen[kernel + i * outputs + c]! - blame.reduce((sum, d, at) => sum + d[c]! * pictures[at]![i]!, 0),
      )
      const pull = blame.map((d) => d.reduce((sum, value, c) => sum + value * left[c]!, 0))
      pictures.forEach((picture, at) => {
        const move = inverse[at]!.reduce((sum, value, j) => sum + value * pull[j]!, 0)
        picture[i] = Math.min(1, Math.max(0, picture[i]! + move))
      })
    }
  }
  return pictures
}

/** By Gauss and Jordan, the largest pivot first. */
function inverted(matrix: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const size = matrix.length
  const rows = matrix.map((row, i) => [...row, ...row.map((_, j) => (i === j ? 1 : 0))])
  for (let column = 0; column < size; column++) {
    let best = column
    for (let at = column; at < size; at++)
      if (Math.abs(rows[at]![column]!) > Math.abs(rows[best]![column]!)) best = at
    ;[rows[column], rows[best]] = [rows[best]!, rows[column]!]
    const pivot = rows[column]!.map((value) => value / rows[column]![column]!)
    rows[column] = pivot
    rows.forEach((row, at) => {
      if (at !== column) rows[at] = row.map((value, j) => value - row[column]! * pivot[j]!)
    })
  }
  return rows.map((row) => row.slice(size))
}
