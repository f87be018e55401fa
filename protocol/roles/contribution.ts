// What cohorts contributed, measured by the model provider on its test set: the utilities that its settlement gives. They
// are its word; nobody else has the test set.
import * as Game from '../contribution.ts'
import * as Plan from '../plan.ts'
import * as Record from '../record.ts'
import type { Tally } from '../record.ts'
import type { Terms } from '../terms.ts'
import type * as Effect from './effect.ts'
import type * as Event from './event.ts'

/** What was measured in a round, by cohort. */
export type Measured = { readonly round: number; readonly contributions: readonly number[] }

/** Utilities are 32-bit signed integers. */
const most = 2 ** 31 - 1

/**
 * By cohort of the record, in 60ths of a correct prediction: nothing for one that was not opened, or whose sum was
 * discarded. Empty where no coalitions were scored.
 */
export function ofRound(
  { cohorts, coalitions }: Extract<Effect.Effect, { readonly type: 'open' }>,
  { worth, sums }: Extract<Event.Result, { readonly type: 'opened' }>,
  record: Record.Body,
): readonly number[] {
  if (coalitions.length === 0) return []
  const values = Game.values(cohorts.length, worth, Record.hash(record))
  return record.cohorts.map((_, cohort) => {
    const at = cohorts.findIndex((each) => each.cohort === cohort)
    return (sums[at]?.digest ?? null) === null ? 0 : (values[at] ?? 0)
  })
}

/**
 * By epoch and cohort, added up over the rounds in 60ths of a correct prediction; empty where the plan asks for none.
 * Plans compare utilities only with one another, so that their common scale changes no share. What would not fit into 32
 * bits is cut off there, which takes more than 35 million correct predictions.
 */
export function utilities(
  terms: Terms,
  rounds: readonly Tally[],
  measured: readonly Measured[],
): Plan.Utilities {
  return Array.from({ length: Plan.epochs(terms, rounds) }, (_, epoch) => {
    const within = measured.filter(
      ({ round }) => Plan.epoch(terms, round) === epoch && rounds.some((tally) => tally.round === round),
    )
    return Array.from({ length: terms.maxCohorts }, (_, cohort) => {
      const sum = within.reduce((total, { contributions }) => total + (contributions[cohort] ?? 0), 0)
      return Math.max(-most, Math.min(most, sum))
    })
  })
}
