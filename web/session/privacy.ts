// Who could learn what in a task, in the numbers that a person reads before consenting.
import * as Ledger from '../../protocol/roles/ledger.ts'
import type { Participation } from './api.ts'
import type { State } from './participations.ts'

export function of(state: State): Participation['privacy'] {
  const { ledger, terms, me } = state
  const present = Ledger.present(ledger).length
  const committee = present === 0 ? terms.maxComputes : present
  const seat = state.role === 'data' ? Ledger.seatOf(ledger.datas, me.account) : undefined
  const openings =
    seat === undefined
      ? 0
      : ledger.rounds.filter(({ record }) => (record.survivors >> BigInt(seat)) & 1n).length
  const { threshold, minCohort } = terms
  return {
    committee,
    threshold,
    minCohort,
    openings,
  }
}
