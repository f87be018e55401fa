// How likely a provider's update is added to too few honest ones, where some accounts are one party's under other names.

/** Those enrolled besides the provider itself. */
export type Others = {
  readonly honest: number
  /** Accounts of whoever wants to read the update: what these gave can be taken off the sum. */
  readonly sybils: number
}

/**
 * Probability that an honest provider shares its cohort with fewer than `wanted` other honest ones. `sizes` are those of
 * the cohorts, as `Cohort.draw` makes them whatever its seed; who is drawn into none sends nothing and is not counted.
 * Within a cohort of k the other k − 1 are any of the others: P(j honest) = C(honest, j) · C(sybils, k − 1 − j) ÷
 * C(honest + sybils, k − 1). A provider is in a cohort with the probability of that cohort's share of all places.
 */
export function chance({ honest, sybils }: Others, sizes: readonly number[], wanted: number): number {
  const places = sizes.reduce((sum, size) => sum + size, 0)
  return sizes.reduce((sum, size) => sum + (size / places) * fewer(honest, sybils, size - 1, wanted), 0)
}

/** Probability of fewer than `wanted` honest ones among `drawn`: the hypergeometric distribution. */
function fewer(honest: number, sybils: number, drawn: number, wanted: number): number {
  const all = logChoose(honest + sybils, drawn)
  let sum = 0
  for (let j = Math.max(0, drawn - sybils); j < wanted && j <= Math.min(honest, drawn); j++)
    sum += Math.exp(logChoose(honest, j) + logChoose(sybils, drawn - j) - all)
  return Math.min(1, sum)
}

/** Logarithm of the number of ways to choose `k` of `n`, 0 ≤ k ≤ n. */
function logChoose(n: number, k: number): number {
  let sum = 0
  for (let i = 1; i <= k; i++) sum += Math.log((n - k + i) / i)
  return sum
}
