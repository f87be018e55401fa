// Who takes part in a task, as far as this participant knows, and whom a data provider may nominate.
import type { Address } from '../../protocol/codec.ts'
import * as Record from '../../protocol/record.ts'
import * as Candidates from '../../protocol/roles/nominee.ts'
import type { Board } from './board.ts'
import type { State } from './participations.ts'
import type { Nominee } from './view/market.ts'
import type { Party } from './view/participation.ts'

type ModelState = Extract<State, { role: 'model' }>

export function of(state: State): readonly Party[] {
  if (state.ledger.datas.length > 0) return enrolled(state)
  return state.role === 'model' ? gathering(state) : []
}

/** Best first. */
export function nominees(state: State, board: Board, now: number): readonly Nominee[] {
  if (state.role !== 'data' || state.ledger.state !== 'open') return []
  const offered = board.view(undefined, now).computeOffers
  return Candidates.ranking(state, now).flatMap(({ offer, reasons }) => {
    const view = offered.find(({ account, price }) => account === offer.account && price === offer.price)
    return view === undefined ? [] : { ...view, reasons }
  })
}

function enrolled({ ledger }: State): readonly Party[] {
  const datas = ledger.datas.map((party, seat): Party => {
    const nominee = ledger.computes[party.compute]?.account
    const delivered = ledger.rounds.filter(({ record }) => (record.delivered >> BigInt(seat)) & 1n).length
    const { account, samples, quality, floor } = party
    return { account, role: 'data', stage: 'enrolled', samples, quality, price: floor, nominee, delivered }
  })
  const computes = ledger.computes.map((party, seat): Party => {
    const signed = ledger.rounds.filter(({ signers }) => Record.seats(BigInt(signers)).includes(seat)).length
    const isAbsent = ((ledger.absent >> seat) & 1) === 1
    return compute(party.account, party.price, isAbsent ? 'absent' : 'enrolled', signed)
  })
  return [...datas, ...computes]
}

function gathering({ asked, seats, roster }: ModelState): readonly Party[] {
  const datas = Object.values(asked).map(({ offer, nomination, declined, acceptance }): Party => {
    const isAccepted = acceptance !== undefined && acceptance.slot === roster?.slot
    const { account, samples, quality, floor } = offer
    return {
      account,
      role: 'data',
      stage: declined
        ? 'declined'
        : isAccepted
          ? 'accepted'
          : nomination === undefined
            ? 'asked'
            : 'nominated',
      samples,
      quality,
      price: floor,
      nominee: nomination?.compute,
      delivered: 0,
    }
  })
  const computes = Object.values(seats).map(({ offer, stands, out, acceptance }) => {
    const stage = out ? 'silent' : acceptance !== undefined ? 'accepted' : stands ? 'nominated' : 'asked'
    return compute(offer.account, offer.price, stage, 0)
  })
  return [...datas, ...computes]
}

function compute(account: Address, price: bigint, stage: Party['stage'], delivered: number): Party {
  return { account, role: 'compute', stage, samples: 0, quality: 0, price, nominee: undefined, delivered }
}

/** Data seats in a bitmap. */
export function count(bits: bigint): number {
  return Record.seats(bits).length
}
