// A layer laid out in the kernels' memory: its way forward, and, where it is trained, its way back.
import type { Kernels } from '../kernels.ts'

/** A matrix with a sample in each row. */
export type Rows = {
  readonly at: number
  /** Bytes from a row to the next: room for a multiple of 8 values. */
  readonly stride: number
}

export type Layout = {
  readonly kernels: Kernels
  /** Most samples at once. */
  readonly capacity: number
  /** Address of the flat weights. */
  readonly weights: number
}

export type Stage = {
  readonly output: Rows
  /** Brings weights that changed into the order in which they are read. */
  prepare(): void
  forward(samples: number): void
  /** Lays out the way back to the gradient of what it is given; `undefined` where nobody asks for that. */
  learn(inputGradient: Rows | undefined): Learning
}

export type Descent = {
  /** Address of what momentum gathered, in the order of the weights. */
  readonly velocity: number
  readonly rate: number
  readonly momentum: number
}

export type Learning = {
  /** Where it expects the gradient of its output, which it may change. */
  readonly gradient: Rows
  prepare(): void
  /** Adds to the gradients of its weights, and sets that of what it was given. */
  backward(samples: number): void
  /** Moves the weights, and leaves their gradients at 0. */
  descend(descent: Descent): void
}

/** Rows of so many values, with room for the rest of a last tile. */
export function rows({ kernels, capacity }: Layout, values: number): Rows {
  const stride = upTo(8, values) * 4
  return { at: kernels.take((capacity + 4) * stride), stride }
}

/** Offsets of rows from the first one, to a whole number of tiles; the last is repeated. */
export function offsets({ kernels, capacity }: Layout, stride: number): number {
  return kernels.table(
    Array.from({ length: upTo(5, capacity) }, (_, row) => Math.min(row, capacity - 1) * stride),
  )
}

export function upTo(multiple: number, count: number): number {
  return Math.ceil(count / multiple) * multiple
}

/** The least value that a layer gives. */
export function floorOf({ activation }: { readonly activation: 'relu' | 'none' }): number {
  return activation === 'relu' ? 0 : Number.NEGATIVE_INFINITY
}
