// Reward plans: what an epoch's utilities make of its cohorts. The same as contracts/Plans.sol, refusals included.
import { BaseError } from './errors.ts'
import type { Tally } from './record.ts'
import type { Plan, Terms } from './terms.ts'

/** By epoch, then by cohort, `maxCohorts` each: 32-bit signed integers, zero for a cohort that was not opened. */
export type Utilities = readonly (readonly number[])[]

/** The epoch of a round, from zero. */
export function epoch(terms: Pick<Terms, 'roundsPerEpoch'>, round: number): number {
  return Math.floor((round - 1) / terms.roundsPerEpoch)
}

/** How many epochs of utilities the model provider's settlement takes; none for `equal`. */
export function epochs(terms: Terms, rounds: readonly Pick<Tally, 'round'>[]): number {
  const last = rounds.at(-1)
  return terms.plan === 'equal' || last === undefined ? 0 : epoch(terms, last.round) + 1
}

/** Bitmaps by epoch of the cohorts of which a sum was opened: only these may have a utility, and weigh. */
export function opened(terms: Terms, rounds: readonly Tally[]): readonly bigint[] {
  const last = rounds.at(-1)
  const bits = Array.from({ length: last === undefined ? 0 : epoch(terms, last.round) + 1 }, () => 0n)
  for (const { round, cohorts, survivors } of rounds) {
    const at = epoch(terms, round)
    cohorts.forEach((cohort, c) => {
      if ((cohort & survivors) !== 0n) bits[at] = (bits[at] ?? 0n) | (1n << BigInt(c))
    })
  }
  return bits
}

/** Weights by epoch and cohort. No utilities at all give no weights: every cohort then weighs one. */
export function weights(
  terms: Terms,
  rounds: readonly Tally[],
  utilities: Utilities,
): readonly (readonly bigint[])[] {
  if (utilities.length === 0) return []
  const present = opened(terms, rounds)
  if (utilities.length !== present.length) throw new CountError('epochs', utilities.length, present.length)
  return utilities.map((of, e) => {
    if (of.length !== terms.maxCohorts) throw new CountError('cohorts', of.length, terms.maxCohorts)
    const isOpened = (cohort: number) => (((present[e] ?? 0n) >> BigInt(cohort)) & 1n) === 1n
    const others = of.filter((_, cohort) => isOpened(cohort))
    return of.map((utility, cohort) => {
      if (isOpened(cohort)) return weigh(terms.plan, others, utility)
      if (utility !== 0) throw new AbsentCohortError(e, cohort)
      return 0n
    })
  })
}

/** A rank counts from the worst cohort as one and is doubled, so that ties can share the mean of their places. */
function weigh(plan: Plan, others: readonly number[], utility: number): bigint {
  if (plan === 'proportional') return BigInt(Math.max(utility, 0))
  const below = others.filter((other) => other < utility).length
  const tied = others.filter((other) => other === utility).length
  return BigInt(1 + 2 * below + tied)
}

export class CountError extends BaseError {
  override readonly name = 'Plan.CountError'
  constructor(what: 'epochs' | 'cohorts', given: number, expected: number) {
    super({
      message: `There are utilities for ${given} ${what}; the settlement takes ${expected}.`,
      advice: 'Read the committed rounds again, measure what is missing, then settle.',
    })
  }
}

export class AbsentCohortError extends BaseError {
  override readonly name = 'Plan.AbsentCohortError'
  constructor(epoch: number, cohort: number) {
    super({
      message: `Cohort ${cohort} has a utility in epoch ${epoch}, in which no sum of it was opened.`,
      advice: 'Give it zero: it is not paid for that epoch.',
    })
  }
}
