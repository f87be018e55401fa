// Pictures out of a summed update of a perceptron with one hidden layer: rows of the first layer's gradient, and
// pictures that are moved until their gradient is the one that was seen.
import * as Model from '../../protocol/model.ts'
import * as Pictures from './pictures.ts'

/** Gradient sums of a layer: kernel [inputs, outputs] and bias [outputs]. */
export type Layer = { readonly kernel: Float64Array; readonly bias: Float64Array; readonly width: number }

/** Σ over samples of the cross-entropy's gradient, of a network [784, hidden, 10]. */
export type Gradient = { readonly first: Layer; readonly last: Layer }

export function layersOf(spec: Model.Spec, flat: ArrayLike<number>, scale = 1): Gradient {
  const [first, last] = Model.weighted(spec).map(({ kernel, bias, outputs }) => ({
    kernel: Float64Array.from({ length: bias - kernel }, (_, i) => (flat[kernel + i] ?? 0) * scale),
    bias: Float64Array.from({ length: outputs }, (_, i) => (flat[bias + i] ?? 0) * scale),
    width: outputs,
  }))
  if (first === undefined || last === undefined) throw new Error('This attack knows two layers.')
  return { first, last }
}

/**
 * A sample adds δ · x to a neuron's kernel and δ to its bias. So where one sample alone woke the neuron, their quotient
 * is that sample. (Phong et al. 2017, section 3.)
 */
export function rows({ first: { kernel, bias, width } }: Gradient): readonly Float32Array[] {
  const pictures: Float32Array[] = []
  bias.forEach((by, j) => {
    if (by !== 0)
      pictures.push(Float32Array.from({ length: Pictures.size }, (_, i) => kernel[i * width + j]! / by))
  })
  return pictures
}

export type Start = {
  /** [labels.length, 784] in 0..1; is not changed. */
  readonly pixels: Float32Array
  readonly labels: Uint8Array
}

/**
 * Adam on pixels in 0..1, so that Σ gradients comes to `seen`: the squared distance of each of the four tensors over its
 * squared norm. The gradient of that is written out, since there are two layers. (Zhu et al. 2019, labels known.)
 */
export function matched(
  weights: Gradient,
  seen: Gradient,
  start: Start,
  { iterations, rate }: { readonly iterations: number; readonly rate: number },
): readonly Float32Array[] {
  const { labels } = start
  const count = labels.length
  const pixels = Float64Array.from(start.pixels)
  const [mean, square] = [new Float64Array(pixels.length), new Float64Array(pixels.length)]
  let best = { pixels: pixels.slice(), distance: Number.POSITIVE_INFINITY }
  for (let step = 1; step <= iterations; step++) {
    const { distance, slope } = slopeOf(weights, seen, pixels, labels)
    if (distance < best.distance) best = { pixels: pixels.slice(), distance }
    const pace = rate * 0.5 * (1 + Math.cos((Math.PI * step) / iterations))
    for (let i = 0; i < pixels.length; i++) {
      const s = slope[i] ?? 0
      const m = (mean[i] = 0.9 * (mean[i] ?? 0) + 0.1 * s)
      const v = (square[i] = 0.999 * (square[i] ?? 0) + 0.001 * s * s)
      const move = m / (1 - 0.9 ** step) / (Math.sqrt(v / (1 - 0.999 ** step)) + 1e-12)
      pixels[i] = Math.min(1, Math.max(0, (pixels[i] ?? 0) - pace * move))
    }
  }
  return Array.from({ length: count }, (_, at) =>
    Float32Array.from(best.pixels.subarray(at * Pictures.size, (at + 1) * Pictures.size)),
  )
}

/** The distance between the pictures' gradient and `seen`, and what moving each pixel does to it. */
function slopeOf(
  { first, last }: Gradient,
  seen: Gradient,
  pixels: Float64Array,
  labels: Uint8Array,
): { readonly distance: number; readonly slope: Float64Array } {
  const [count, inputs, hidden, classes] = [labels.length, Pictures.size, first.width, last.width]
  const awake = product(pixels, first.kernel, count, inputs, hidden)
  for (let i = 0; i < awake.length; i++)
    awake[i] = Math.max(0, (awake[i] ?? 0) + (first.bias[i % hidden] ?? 0))
  const chance = product(awake, last.kernel, count, hidden, classes)
  for (let at = 0; at < count; at++) soften(chance.subarray(at * classes, (at + 1) * classes), last.bias)
  const wrong = chance.map((p, i) => p - (i % classes === labels[Math.floor(i / classes)] ? 1 : 0))
  const blame = product(wrong, transposed(last.kernel, hidden, classes), count, classes, hidden)
  for (let i = 0; i < blame.length; i++) if ((awake[i] ?? 0) <= 0) blame[i] = 0

  const rest = {
    first: residue(
      product(transposed(pixels, count, inputs), blame, inputs, count, hidden),
      seen.first.kernel,
    ),
    firstBias: residue(summed(blame, hidden), seen.first.bias),
    last: residue(product(transposed(awake, count, hidden), wrong, hidden, count, classes), seen.last.kernel),
    lastBias: residue(summed(wrong, classes), seen.last.bias),
  }
  const distance = rest.first.distance + rest.firstBias.distance + rest.last.distance + rest.lastBias.distance

  // Backwards through all of that.
  const slope = product(blame, transposed(rest.first.slope, inputs, hidden), count, hidden, inputs)
  const toBlame = product(pixels, rest.first.slope, count, inputs, hidden)
  for (let i = 0; i < toBlame.length; i++)
    toBlame[i] = (awake[i] ?? 0) > 0 ? (toBlame[i] ?? 0) + (rest.firstBias.slope[i % hidden] ?? 0) : 0
  const toWrong = product(toBlame, last.kernel, count, hidden, classes)
  const direct = product(awake, rest.last.slope, count, hidden, classes)
  for (let i = 0; i < toWrong.length; i++)
    toWrong[i] = (toWrong[i] ?? 0) + (direct[i] ?? 0) + (rest.lastBias.slope[i % classes] ?? 0)
  const toLogits = new Float64Array(toWrong.length)
  for (let at = 0; at < count; at++) {
    let along = 0
    for (let c = 0; c < classes; c++)
      along += (chance[at * classes + c] ?? 0) * (toWrong[at * classes + c] ?? 0)
    for (let c = 0; c < classes; c++) {
      const i = at * classes + c
      toLogits[i] = (chance[i] ?? 0) * ((toWrong[i] ?? 0) - along)
    }
  }
  const toAwake = product(toLogits, transposed(last.kernel, hidden, classes), count, classes, hidden)
  const more = product(wrong, transposed(rest.last.slope, hidden, classes), count, classes, hidden)
  for (let i = 0; i < toAwake.length; i++)
    toAwake[i] = (awake[i] ?? 0) > 0 ? (toAwake[i] ?? 0) + (more[i] ?? 0) : 0
  const through = product(toAwake, transposed(first.kernel, inputs, hidden), count, hidden, inputs)
  for (let i = 0; i < slope.length; i++) slope[i] = (slope[i] ?? 0) + (through[i] ?? 0)
  return { distance, slope }
}

/** Squared distance over the squared norm of what was seen, and its slope. */
function residue(found: Float64Array, seen: Float64Array): { distance: number; slope: Float64Array } {
  const norm = seen.reduce((sum, value) => sum + value * value, 1e-30)
  const slope = found.map((value, i) => value - (seen[i] ?? 0))
  const distance = slope.reduce((sum, value) => sum + value * value, 0) / norm
  return { distance, slope: slope.map((value) => (2 * value) / norm) }
}

/** a [rows, inner] · b [inner, columns] */
function product(
  a: Float64Array,
  b: Float64Array,
  rows: number,
  inner: number,
  columns: number,
): Float64Array {
  const found = new Float64Array(rows * columns)
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < inner; k++) {
      const value = a[row * inner + k] ?? 0
      if (value === 0) continue
      for (let column = 0, to = row * columns, from = k * columns; column < columns; column++)
        found[to + column]! += value * b[from + column]!
    }
  }
  return found
}

function transposed(a: Float64Array, rows: number, columns: number): Float64Array {
  const found = new Float64Array(a.length)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      found[column * rows + row] = a[row * columns + column] ?? 0
  return found
}

function summed(a: Float64Array, columns: number): Float64Array {
  const found = new Float64Array(columns)
  a.forEach((value, i) => {
    found[i % columns] = (found[i % columns] ?? 0) + value
  })
  return found
}

/** Softmax in place. */
function soften(logits: Float64Array, bias: Float64Array): void {
  logits.forEach((value, i) => (logits[i] = value + (bias[i] ?? 0)))
  const most = Math.max(...logits)
  logits.forEach((value, i) => (logits[i] = Math.exp(value - most)))
  const all = logits.reduce((sum, value) => sum + value, 0)
  logits.forEach((value, i) => (logits[i] = value / all))
}
