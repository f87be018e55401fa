// How fast a compute provider's device is: three numbers that anyone can measure again from what is written here.
import * as v from 'valibot'
import { count } from './codec.ts'
import type * as Model from './model.ts'

/** Each is measured by its owner, rounded down, and 2^32 − 1 at most. */
export type Benchmark = {
  /** Samples a second of the reference step `training`. */
  readonly training: number
  /** Millions of floating-point operations a second in the matrix products of `matmul`. */
  readonly matmul: number
  /** Thousands of ciphertext coefficients that `additions` takes in a second. */
  readonly additions: number
}

const limit = 0xffff_ffff
const speed = (unit: string) => v.pipe(count, v.maxValue(limit, `expected fewer than 2^32 ${unit} a second`))

/** Spread into the schema of what carries a benchmark. */
export const entries = {
  training: speed('samples'),
  matmul: speed('MFLOP'),
  additions: speed('thousand coefficients'),
}

/** Milliseconds that each number is measured for, after one step that is not counted; at least one step is. */
export const budget = 300

type Steps = {
  readonly spec: Model.Spec
  readonly batchSize: number
  readonly learningRate: number
  readonly momentum: number
  /** Of `Model.initialise`. */
  readonly seed: number
  /** Of the batch: `Prng.from(batchSeed)` gives each input in order, max(0, 2 · unit − 1); sample i has class i mod classes. */
  readonly batchSeed: number
}
const rates = { learningRate: 0.05, momentum: 0.9, seed: 1, batchSeed: 7 }

/** Steps of SGD with momentum from rest, of the size of a small picture classifier. */
export const training: Steps = {
  spec: { template: 'mlp', inputs: 784, hidden: [41], classes: 10 },
  batchSize: 32,
  ...rates,
}

/** Steps that are little else than two products of 256 × 256 matrices: the way forward and the gradient of the kernel. */
export const matmul: Steps = {
  spec: { template: 'mlp', inputs: 256, hidden: [256], classes: 2 },
  batchSize: 256,
  ...rates,
}

/** Floating-point operations that count in one step of `matmul`; its other products are about a hundredth of them. */
export const matmulOperations = 2 * 2 * 256 ** 3

/**
 * What a member of a committee does with updates: adds those of `updates` providers, one ciphertext each, and computes
 * the Merkle root of the sum. Coefficients have the low word w and the high word w' >>> 5, where w and w' are two
 * numbers of `Prng.from(seed)`, in order.
 */
export const additions = { updates: 16, seed: 7 }

/** As offers carry it. */
export function rounded(perSecond: number): number {
  return Math.min(limit, Math.max(0, Math.floor(perSecond)))
}
