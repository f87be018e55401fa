// What cohorts contributed, counted in correct predictions on the model provider's test set: the utilities that its
// settlement gives. They are its word; nobody else has the test set.
import * as Plan from '../plan.ts'
import type { Tally } from '../record.ts'
import type { Terms } from '../terms.ts'

/** Correct predictions of the model after a round that was opened. */
export type Score = { readonly round: number; readonly correct: number }

/**
 * By epoch and cohort; empty where the plan asks for none. Rounds have one cohort, the first, so its exact Shapley value
 * in an epoch is what the model gained there, which may be negative: correct predictions after the epoch's last opened
 * round less those before its first.
 */
export function utilities(
  terms: Terms,
  rounds: readonly Tally[],
  /** Correct predictions of the first model. */
  before: number,
  /** By round, ascending. */
  scores: readonly Score[],
): Plan.Utilities {
  const opened = Plan.opened(terms, rounds)
  let last = before
  return Array.from({ length: Plan.epochs(terms, rounds) }, (_, epoch) => {
    const after = scores.findLast(({ round }) => Plan.epoch(terms, round) === epoch)?.correct ?? last
    const isOpened = ((opened[epoch] ?? 0n) & 1n) === 1n
    const gain = isOpened ? after - last : 0
    last = after
    return Array.from({ length: terms.maxCohorts }, (_, cohort) => (cohort === 0 ? gain : 0))
  })
}
