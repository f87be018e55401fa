// What is measured of a library: work that it repeats, the same for all. Types, and what they are given.
import * as Layer from '../../../protocol/layer.ts'
import * as Model from '../../../protocol/model.ts'
import * as Prng from '../../../protocol/prng.ts'
import * as Conformance from '../../conformance.ts'

/** One contender: a library on one of its backends, in a worker of its own. */
export const contenders = [
  { name: 'ours wasm', library: 'ours', backend: 'wasm' },
  { name: 'ours webgpu', library: 'ours', backend: 'webgpu' },
  { name: 'tfjs cpu', library: 'tfjs', backend: 'cpu' },
  { name: 'tfjs wasm', library: 'tfjs', backend: 'wasm' },
  { name: 'tfjs webgl', library: 'tfjs', backend: 'webgl' },
  { name: 'tfjs webgpu', library: 'tfjs', backend: 'webgpu' },
  { name: 'jax-js wasm', library: 'jax-js', backend: 'wasm' },
  { name: 'jax-js webgl', library: 'jax-js', backend: 'webgl' },
  { name: 'jax-js webgpu', library: 'jax-js', backend: 'webgpu' },
] as const
export type Contender = (typeof contenders)[number]

export type Task =
  | { readonly kind: 'training'; readonly spec: Model.Spec; readonly samples: number }
  /** A product of two matrices of so many rows and columns. */
  | { readonly kind: 'matmul'; readonly size: number }

export type Work = {
  /** Repeats it so often; resolves once nothing is under way any more, with the mean loss where it trains once. */
  run(times: number): Promise<number>
  dispose(): void
  /** Floating-point operations of the multiplications in one repetition. */
  readonly operations: number
  /** How it is done, where that is not the same everywhere. */
  readonly note?: string
}

/** SGD with momentum from rest on the mean cross-entropy. */
export const rates = { learningRate: 0.005, momentum: 0.9 }

export function initial(spec: Model.Spec): Float32Array<ArrayBuffer> {
  return Model.initialise(spec, 1)
}

/** The batch of every step: a library that is given the same one again uploads it again. */
export const batch = (spec: Model.Spec, samples: number) => Conformance.batch(spec, samples)

/** Multiplications of a step: forward, gradients of all weights, and gradients of all inputs but the first layer's. */
export function operations(spec: Model.Spec, samples: number): number {
  const [first = 0, ...others] = Model.weighted(spec).map((layer) => Layer.multiplyAdds(layer))
  return 2 * samples * (2 * first + 3 * others.reduce((sum, each) => sum + each, 0))
}

/** Values in [-1, 1) that are the same everywhere. */
export function matrix(size: number, seed: number): Float32Array<ArrayBuffer> {
  const prng = Prng.from(seed)
  return Float32Array.from({ length: size * size }, () => 2 * Prng.unit(prng) - 1)
}

/** Refuses a product whose first value is wrong. */
export function assertProduct(found: number, size: number): void {
  const [left, right] = [matrix(size, 1), matrix(size, 2)]
  let exact = 0
  for (let i = 0; i < size; i++) exact += (left[i] ?? NaN) * (right[i * size] ?? NaN)
  if (!(Math.abs(found - exact) < 1e-3 * Math.sqrt(size))) throw new Error('multiplies wrongly')
}
