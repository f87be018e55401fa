// Who could learn what in a task, in numbers and in sentences that a person reads before consenting.
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
    sentences: [
      'Your rows stay on this device. What leaves it is an encrypted update of the model.',
      `The model provider opens sums of at least ${minCohort} updates. Updates carry no masks yet: with a changed app it could fetch a single update and open it with its key.`,
      `The ${committee} compute providers add encrypted updates and cannot read them or their sum.`,
      'Relays and the public see sizes, times and which accounts take part.',
      'Every data provider sees the model that it trains.',
      `Sums say a little over many rounds: at most ${terms.maxRounds} are opened here, and nothing bounds what they say together.`,
    ],
  }
}
