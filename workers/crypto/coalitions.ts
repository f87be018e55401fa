// What coalitions of cohorts would have made of the model, and how well that predicts. The models stay in the vault's
// workers; only counts come out.
import * as Contribution from '../../protocol/contribution.ts'
import * as Update from '../../protocol/update.ts'
import type { Evaluated } from '../score/ports.ts'

export type Round = {
  /** The model before. */
  readonly global: Float32Array
  /** By cohort; undefined where the sum was discarded. */
  readonly sums: readonly (Update.Sum | undefined)[]
  readonly rules: Update.Rules
}

export type Score = {
  readonly correct: number
  readonly worth: number[]
  readonly total: number
  readonly seconds: number
}

/** Weights that are handed over at once, of one model at least: 32 MiB. */
const most = 8 * 1024 * 1024

/** The next model by the sums of these cohorts, by the one rule for it; the same array where they have none. */
export function modelOf(cohorts: readonly number[], { global, sums, rules }: Round): Float32Array {
  const chosen = cohorts.flatMap((cohort) => sums[cohort] ?? [])
  return chosen.length === 0 ? global : Update.next(global, chosen, rules)
}

/** Counts for the next model and for each coalition's; models that are made of the same sums are counted once. */
export async function score(
  round: Round,
  coalitions: readonly Contribution.Coalition[],
  evaluate: (weights: readonly Float32Array[]) => Promise<Evaluated>,
): Promise<Score> {
  const everyone = round.sums.map((_, cohort) => cohort)
  const wanted = [everyone, ...coalitions.map((each) => everyone.filter((at) => Contribution.has(each, at)))]
  const keys = wanted.map((cohorts) => cohorts.filter((at) => round.sums[at] !== undefined).join())
  const models = [...new Map(keys.map((key, at) => [key, wanted[at] ?? []]))]
  const counts = new Map<string, number>()
  const atOnce = Math.max(1, Math.floor(most / round.global.length))
  let [total, seconds] = [0, 0]
  for (let from = 0; from < models.length; from += atOnce) {
    const some = models.slice(from, from + atOnce)
    const found = await evaluate(some.map(([, cohorts]) => modelOf(cohorts, round)))
    some.forEach(([key], at) => counts.set(key, found.correct[at] ?? 0))
    total = found.total
    seconds += found.seconds
  }
  const [correct = 0, ...worth] = keys.map((key) => counts.get(key) ?? 0)
  return { correct, worth, total, seconds }
}
