// What simulated training ends with, and what it is worth.
import * as Contribution from '../../protocol/contribution.ts'
import type * as Effect from '../../protocol/roles/effect.ts'
import * as Keys from './keys.ts'
import * as Laws from './laws.ts'

/** No two trainings of a run end alike. */
export function result(seed: number, training: number): readonly number[] {
  const digits = Keys.hash(`${seed} ${training}`)
  return Array.from({ length: Laws.free }, (_, at) => parseInt(digits.slice(8 * at, 8 * at + 4), 16) - 0x8000)
}

/** Correct predictions of the model that each coalition of cohorts would have made. */
export function worth({
  round,
  cohorts,
  coalitions,
}: Extract<Effect.Effect, { readonly type: 'open' }>): readonly number[] {
  return coalitions.map((coalition) =>
    cohorts.reduce(
      (sum, { cohort }, at) => sum + (Contribution.has(coalition, at) ? 5 * cohort + 3 : 0),
      round,
    ),
  )
}
