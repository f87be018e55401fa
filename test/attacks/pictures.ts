// Real digits, and how near a reconstruction comes to them.
import * as Shares from '../../scripts/demo/shares.ts'

export type Pictures = {
  /** [count, 784], in 0..1. */
  readonly pixels: Float32Array
  readonly labels: Uint8Array
}

export const size = 28 * 28
export const classes = 10

/** All of MNIST's training set as bytes, in its order. */
export function all(): Shares.Share {
  const [whole] = Shares.training(1)
  if (whole === undefined) throw new Error('There are no digits.')
  return whole
}

/** The mean picture of each class, [10, 784] in 0..1: the best guess of who knows the label alone. */
export function means({ pictures, labels }: Shares.Share): Float32Array {
  const found = new Float32Array(classes * size)
  const counts = new Uint32Array(classes)
  labels.forEach((label, row) => {
    counts[label] = (counts[label] ?? 0) + 1
    for (let i = 0; i < size; i++)
      found[label * size + i] = (found[label * size + i] ?? 0) + (pictures[row * size + i] ?? 0)
  })
  return found.map((sum, i) => sum / 255 / (counts[Math.floor(i / size)] ?? 1))
}

export function pick({ pictures, labels }: Shares.Share, rows: readonly number[]): Pictures {
  const pixels = new Float32Array(rows.length * size)
  rows.forEach((row, at) => {
    for (let i = 0; i < size; i++) pixels[at * size + i] = (pictures[row * size + i] ?? 0) / 255
  })
  return { pixels, labels: Uint8Array.from(rows, (row) => labels[row] ?? 0) }
}

/** Picture number `at` of many. */
export function one(pixels: Float32Array, at: number): Float32Array {
  return pixels.subarray(at * size, (at + 1) * size)
}

/** Decibels: peak signal to noise of one picture, the peak being 1. No noise counts as 100 dB. */
export function psnr(found: Float32Array, real: Float32Array): number {
  let squares = 0
  for (let i = 0; i < size; i++) {
    // Who guesses pixels knows where they lie.
    const pixel = Math.min(1, Math.max(0, found[i] ?? 0))
    squares += (pixel - (real[i] ?? 0)) ** 2
  }
  return Math.min(100, -10 * Math.log10(squares / size))
}

export type Score = {
  /** Decibels, on average over the pictures. */
  readonly mean: number
  /** The picture that came out best. */
  readonly best: number
  /** Class means alone, on average. */
  readonly guess: number
  /** Decibels that the attack gained over the class mean in the picture where it gained most. */
  readonly most: number
  /** Pictures that came out at more than 20 dB. */
  readonly seen: number
  readonly count: number
}

/** In a line of the table. */
export function words({ mean, guess, most, seen, count }: Score): string {
  const [reached, known, worst] = [mean, guess, most].map((decibels) => decibels.toFixed(1))
  return `${reached} dB (guess ${known}, most gained ${worst}), ${seen} of ${count} above 20 dB`
}

/**
 * Each picture gets a reconstruction of its own, or the mean of its class, so that the sum of decibels is greatest: an
 * assignment that the attacker could not make, and that never favours the defence.
 */
export function score(real: Pictures, found: readonly Float32Array[], guesses: Float32Array): Score {
  const count = real.labels.length
  const base = Array.from(real.labels, (label, at) => psnr(one(guesses, label), one(real.pixels, at)))
  const gains = base.map((guess, at) =>
    [...found, ...base].map((each) =>
      typeof each === 'number' ? 0 : Math.max(0, psnr(each, one(real.pixels, at)) - guess),
    ),
  )
  const chosen = assign(gains)
  const reached = base.map((guess, at) => guess + (gains[at]?.[chosen[at] ?? 0] ?? 0))
  return {
    mean: average(reached),
    best: Math.max(...reached),
    guess: average(base),
    most: Math.max(...base.map((_, at) => gains[at]?.[chosen[at] ?? 0] ?? 0)),
    seen: reached.filter((each) => each > 20).length,
    count,
  }
}

/** Many scores as one, over all of their pictures. */
export function merged(scores: readonly Score[]): Score {
  const count = scores.reduce((sum, each) => sum + each.count, 0)
  const over = (of: (score: Score) => number) =>
    scores.reduce((sum, each) => sum + of(each) * each.count, 0) / count
  return {
    mean: over(({ mean }) => mean),
    best: Math.max(...scores.map(({ best }) => best)),
    guess: over(({ guess }) => guess),
    most: Math.max(...scores.map(({ most }) => most)),
    seen: scores.reduce((sum, { seen }) => sum + seen, 0),
    count,
  }
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Column of each row in the assignment of greatest sum (Kuhn and Munkres, with potentials); columns ≥ rows. */
function assign(gains: readonly (readonly number[])[]): readonly number[] {
  const rows = gains.length
  const columns = gains[0]?.length ?? 0
  const [u, w] = [new Float64Array(rows + 1), new Float64Array(columns + 1)]
  const [match, way] = [new Int32Array(columns + 1), new Int32Array(columns + 1)]
  for (let row = 1; row <= rows; row++) {
    match[0] = row
    let column = 0
    const least = new Float64Array(columns + 1).fill(Number.POSITIVE_INFINITY)
    const used = new Uint8Array(columns + 1)
    do {
      used[column] = 1
      const from = match[column] ?? 0
      let [delta, next] = [Number.POSITIVE_INFINITY, 0]
      for (let j = 1; j <= columns; j++) {
        if (used[j]) continue
        const cost = -(gains[from - 1]?.[j - 1] ?? 0) - (u[from] ?? 0) - (w[j] ?? 0)
        if (cost < (least[j] ?? 0)) {
          least[j] = cost
          way[j] = column
        }
        if ((least[j] ?? 0) < delta) {
          delta = least[j] ?? 0
          next = j
        }
      }
      for (let j = 0; j <= columns; j++) {
        if (used[j]) {
          const owner = match[j] ?? 0
          u[owner] = (u[owner] ?? 0) + delta
          w[j] = (w[j] ?? 0) - delta
        } else least[j] = (least[j] ?? 0) - delta
      }
      column = next
    } while (match[column] !== 0)
    do {
      const before = way[column] ?? 0
      match[column] = match[before] ?? 0
      column = before
    } while (column !== 0)
  }
  const chosen: number[] = []
  for (let j = 1; j <= columns; j++) {
    const row = match[j] ?? 0
    if (row > 0) chosen[row - 1] = j - 1
  }
  return chosen
}
