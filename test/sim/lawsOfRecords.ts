// What must hold of a committed record: its bytes are there and rightly added, and its sums are those of its survivors.
import type { Address } from '../../protocol/codec.ts'
import * as Record from '../../protocol/record.ts'
import { has, hold } from './breach.ts'
import type { Sight } from './laws.ts'

/** What was committed was delivered, can be fetched, and is rightly added. */
export function assertKept(record: Record.Body, accountOf: (seat: number) => Address, sight: Sight): void {
  const { round } = record
  const hash = Record.hash(record)
  const proposal = sight.proposed(round).find((body) => Record.hash(body.record) === hash)
  const { inputs, sums } = proposal ?? { inputs: [], sums: [] }
  hold(
    proposal !== undefined && [...inputs, ...sums].every(({ cid }) => sight.isPublished(cid)),
    `I13: what round ${round} commits to cannot be fetched`,
  )
  const said = new Set(sight.updates(round).map(({ account, root }) => `${account} ${root}`))
  hold(
    inputs.every(({ provider, ciphertextRoot }) => said.has(`${accountOf(provider)} ${ciphertextRoot}`)),
    `I4: round ${round} counts what nobody delivered`,
  )
  const added = record.cohorts
    .map((cohort) => inputs.filter(({ provider }) => has(cohort & record.survivors, provider)))
    .filter((cohort) => cohort.length > 0)
  hold(
    added.length === sums.length &&
      added.every((cohort, at) => sight.sumRoot(cohort.map(({ cid }) => cid)) === sums[at]?.root),
    `I12: round ${round} commits to a wrong sum`,
  )
}

/** The survivors whose sum this is, by the one that each of them marked in its own place. */
export function markedBy(seats: readonly number[], record: Record.Body): readonly number[] {
  const { round } = record
  const twice = seats.findIndex((value) => value > 1)
  hold(twice === -1, `I8: a sum of round ${round} counts provider ${twice} twice, as a replay does`)
  const marked = seats.flatMap((value, seat) => (value === 1 ? [seat] : []))
  const sets = record.cohorts.map((cohort) => cohort & record.survivors)
  const [first] = marked
  const set = sets.find((each) => first !== undefined && has(each, first)) ?? 0n
  const stray = marked.find((seat) => !has(set, seat))
  hold(
    stray === undefined && seats.every((value) => value === 0 || value === 1),
    `I8: a sum of round ${round} is corrupted in the place of provider ${stray}`,
  )
  const missing = Record.seats(set).find((seat) => !marked.includes(seat))
  hold(
    marked.length > 0 && missing === undefined,
    `I8: a sum of round ${round} leaves out provider ${missing}`,
  )
  return marked
}
