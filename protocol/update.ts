// What a data provider gives: local minus global weights, weighted, clipped, quantised; and how a sum becomes a model.
import { BaseError } from './errors.ts'
import * as He from './he.ts'

/** The parts of a task spec that shape an update. */
export type Rules = {
  readonly he: He.Parameters
  /** Most L2 norm of an update. */
  readonly clip: number
  /** Coordinates are quantised in ± this, and cut off there. */
  readonly range: number
  readonly sampleCap: number
}

/** Bytes of randomness that `quantise` needs for each coordinate. */
export const randomBytes = 4

/** A range in which few coordinates of a clipped update are cut off and no bits are wasted on those that never occur. */
export function rangeFor(clip: number, parameters: number): number {
  return (8 * clip) / Math.sqrt(parameters)
}

/** Public weight of a provider, in (0, 1]. */
export function weight(samples: number, sampleCap: number): number {
  return Math.min(samples, sampleCap) / sampleCap
}

/** Level that stands for 0; levels run from 0 to twice this. */
export function zeroPoint(he: He.Parameters): number {
  return 2 ** (he.valueBits - 1) - 1
}

/** Difference between neighbouring levels. */
export function step({ he, range }: Rules): number {
  return range / zeroPoint(he)
}

/** (local − global) · weight, scaled down to the clip where its norm exceeds it. In doubles, coordinate by coordinate. */
export function difference(
  local: Float32Array,
  global: Float32Array,
  samples: number,
  rules: Rules,
): Float64Array<ArrayBuffer> {
  if (local.length !== global.length)
    throw new TrainedError(`${local.length} weights came back for ${global.length}`)
  const factor = weight(samples, rules.sampleCap)
  const update = new Float64Array(local.length)
  let squares = 0
  for (let i = 0; i < update.length; i++) {
    const coordinate = ((local[i] ?? 0) - (global[i] ?? 0)) * factor
    update[i] = coordinate
    squares += coordinate * coordinate
  }
  const norm = Math.sqrt(squares)
  if (!Number.isFinite(norm)) throw new TrainedError('a weight is not a finite number')
  if (norm > rules.clip) {
    const scale = rules.clip / norm
    for (let i = 0; i < update.length; i++) update[i] = (update[i] ?? 0) * scale
  }
  return update
}

/** Levels of a clipped update; each rounds up with the probability that makes its mean exact. */
export function quantise(update: Float64Array, rules: Rules, random: Uint8Array): Uint32Array<ArrayBuffer> {
  const zero = zeroPoint(rules.he)
  const size = step(rules)
  const draws = new DataView(random.buffer, random.byteOffset, update.length * randomBytes)
  const levels = new Uint32Array(update.length)
  for (let i = 0; i < levels.length; i++) {
    const chance = draws.getUint32(i * randomBytes, true) / 0x1_0000_0000
    const level = Math.floor((update[i] ?? 0) / size + chance) + zero
    levels[i] = Math.min(Math.max(level, 0), 2 * zero)
  }
  return levels
}

/** One cohort's opened sum: levels added over the survivors, whose offered sample counts are public. */
export type Sum = { readonly levels: Uint32Array; readonly samples: readonly number[] }

/** Refuses a sum whose norm cannot come from clipped updates, rounding counted in the sum's favour. */
export function assertNorm({ levels, samples }: Sum, rules: Rules): void {
  const offset = samples.length * zeroPoint(rules.he)
  const size = step(rules)
  let squares = 0
  for (const level of levels) squares += (level - offset) ** 2
  const norm = Math.sqrt(squares) * size
  const most = samples.length * (rules.clip + size * Math.sqrt(levels.length))
  if (norm > most) throw new NormError(norm, most)
}

/**
 * The next model: global + Σ updates ÷ Σ public weights. Digests of it agree because every party rounds to float32
 * after each of these steps, in this order: the levels of all cohorts less their zero points (exact); times the
 * step; divided by the total weight (added over cohorts and survivors in their order, in doubles, rounded once);
 * added to the global weight.
 */
export function next(global: Float32Array, sums: readonly Sum[], rules: Rules): Float32Array<ArrayBuffer> {
  const zero = zeroPoint(rules.he)
  const size = Math.fround(step(rules))
  let total = 0
  let offset = 0
  for (const { samples } of sums) {
    for (const each of samples) total += weight(each, rules.sampleCap)
    offset += samples.length * zero
  }
  const divisor = Math.fround(total)
  const weights = new Float32Array(global)
  for (let i = 0; i < weights.length; i++) {
    let level = -offset
    for (const { levels } of sums) level += levels[i] ?? 0
    const moved = Math.fround(Math.fround(level) * size)
    weights[i] = Math.fround((global[i] ?? 0) + Math.fround(moved / divisor))
  }
  return weights
}

export class TrainedError extends BaseError {
  override readonly name = 'Update.TrainedError'
  constructor(what: string) {
    super({
      message: `Training gave no usable update: ${what}.`,
      advice: 'This round is skipped. If it happens again, choose another training backend.',
      safe: 'Nothing was sent, and your data is untouched.',
    })
  }
}

export class NormError extends BaseError {
  override readonly name = 'Update.NormError'
  constructor(norm: number, most: number) {
    super({
      message: `A sum has norm ${norm.toPrecision(4)} where its updates allow ${most.toPrecision(4)}.`,
      advice: 'The sum is discarded and its cohort is drawn anew; the next round opens.',
      safe: 'The model is as it was before the round. Everyone who delivered is paid.',
    })
  }
}
