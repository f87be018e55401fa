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

/** A cohort in the game of its round, by its number in the record. */
export type Player = {
  readonly cohort: number
  /** Its sum was opened and not discarded. */
  readonly isSound: boolean
}

/** The players of a round in their order; none where no coalitions were scored. */
export function playersOf(
  { cohorts, coalitions }: Extract<Effect.Effect, { readonly type: 'open' }>,
  { sums }: Extract<Event.Result, { readonly type: 'opened' }>,
): readonly Player[] {
  if (coalitions.length === 0) return []
  return cohorts.map(({ cohort }, at) => ({ cohort, isSound: (sums[at]?.digest ?? null) !== null }))
}

/**
 * By cohort of the record, in 60ths of a correct prediction: nothing for one that was not opened, or whose sum was
 * discarded. Empty where no coalitions were scored.
 */
export function ofRound(
  players: readonly Player[],
  worth: readonly number[],
  record: Record.Body,
): readonly number[] {
  if (players.length === 0) return []
  const values = Game.values(players.length, worth, Record.hash(record))
  return record.cohorts.map((_, cohort) => {
    const at = players.findIndex((player) => player.cohort === cohort && player.isSound)
    return values[at] ?? 0
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
