// The one homomorphic scheme everybody uses: BFV parameters, and how much noise a sum may gather before it is wrong.
import { BaseError } from './errors.ts'

/** Coefficients of a plaintext polynomial. */
export const degree = 4096
/** Ciphertext modulus, one 60-bit prime. */
export const q = 0xfff_ffff_ffff_c001n
/** Plaintext modulus: coefficients wrap at 44 bits, so sums and masks need no reduction by a prime. */
export const plainBits = 44
export const t = 2 ** plainBits

/** Sums are read as 32-bit integers. */
const widestField = 32

/** A task spec's `he`. Fields of `fieldBits` hold a value of `valueBits` and the carries of a sum. */
export type Parameters = {
  readonly n: typeof degree
  readonly q: bigint
  readonly t: number
  readonly valueBits: number
  readonly fieldBits: number
}

/** Variance of one error coefficient: SEAL draws from a centred binomial of 2 × 21 bits. */
const errorVariance = 42 / 4
/** Variance of one coefficient of the secret key and of the encryption's `u`, both uniform in {-1, 0, 1}. */
const ternaryVariance = 2 / 3

/** Sums keep at least this many standard deviations between their noise and a wrong coefficient. */
const requiredMargin = 8

/** Fields wide enough for `providers` values: as many to a coefficient as fit. */
export function parametersFor(valueBits: number, providers: number): Parameters {
  const needed = valueBits + carryBits(providers)
  const fields = Math.max(1, Math.floor(plainBits / needed))
  const fieldBits = Math.min(widestField, Math.floor(plainBits / fields))
  const parameters: Parameters = { n: degree, q, t, valueBits, fieldBits }
  assertSupported(parameters)
  assertSummable(parameters, providers)
  return parameters
}

/** Refuses a spec that asks for another scheme, or for fields that hold no value. */
export function assertSupported(parameters: Parameters): void {
  if (parameters.q !== q || parameters.t !== t)
    throw new ParametersError(`only n = ${degree}, q = ${q.toString()} and t = 2^${plainBits} are in use`)
  const { valueBits, fieldBits } = parameters
  if (valueBits < 2 || valueBits > 24) throw new ParametersError('values need 2 to 24 bits')
  if (fieldBits < valueBits || fieldBits > widestField)
    throw new ParametersError('fields need their value’s bits, and at most 32')
}

/** Refuses sums of so many updates that a field could overflow or noise could turn a coefficient. */
export function assertSummable(parameters: Parameters, providers: number): void {
  const { valueBits, fieldBits } = parameters
  if (providers < 1 || valueBits + carryBits(providers) > fieldBits)
    throw new CapacityError(
      providers,
      `fields of ${fieldBits} bits hold ${2 ** (fieldBits - valueBits)} values of ${valueBits} bits`,
    )
  const margin = noiseMargin(providers)
  if (margin < requiredMargin)
    throw new CapacityError(providers, `noise would come within ${margin.toFixed(1)} standard deviations`)
}

/**
 * Standard deviations of noise that fit between a sum and the nearest wrong coefficient. A public-key encryption adds
 * e·u + e₀ + e₁·s, the variance of which is σ²(2·n·⅔ + 1) per coefficient; encoding rounds by at most ½ each; a
 * coefficient is right while all that stays below q ÷ 2t.
 */
export function noiseMargin(additions: number): number {
  const perUpdate = errorVariance * (2 * degree * ternaryVariance + 1)
  const room = Number(q) / (2 * t) - additions / 2
  return room / Math.sqrt(additions * perUpdate)
}

/** Bits by which a sum of so many values is longer than a value. */
function carryBits(providers: number): number {
  return Math.ceil(Math.log2(Math.max(1, providers)))
}

export class ParametersError extends BaseError {
  override readonly name = 'He.ParametersError'
  constructor(what: string) {
    super({
      message: `This task's encryption parameters are not supported: ${what}.`,
      advice: 'Do not take part; ask the model provider for a task made with a current version.',
    })
  }
}

export class CapacityError extends BaseError {
  override readonly name = 'He.CapacityError'
  constructor(providers: number, what: string) {
    super({
      message: `${providers} updates cannot be summed exactly: ${what}.`,
      advice: 'Use smaller cohorts or wider fields.',
    })
  }
}
