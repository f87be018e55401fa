// What a participant may earn, has earned and was paid, computed as the contract computes it.
import * as Payout from '../../protocol/payout.ts'
import * as Ledger from '../../protocol/roles/ledger.ts'
import * as Participant from '../../protocol/roles/participant.ts'
import type { Participation } from './api.ts'
import type { State } from './participations.ts'

type Money = Participation['money']

const megaunit = 1_000_000n
/** Computing payouts hashes a tree; rounds that did not change owe the same. */
const known = new WeakMap<Ledger.Ledger['rounds'], Payout.Payout | undefined>()

export function of(state: State): Money {
  const { ledger } = state
  const leaves =
    owed(state)?.leaves.filter((leaf) => leaf.account === state.me.account && leaf.role === state.role) ?? []
  const paid = leaves.filter((leaf) => (ledger.claimed >> BigInt(leaf.index)) & 1n)
  return {
    ...expected(state),
    earned: sum(leaves),
    claimed: sum(paid),
    claimsOpen: ledger.state === 'settled' ? ledger.deadline + 1 : undefined,
  }
}

function owed(state: State): Payout.Payout | undefined {
  const { ledger } = state
  if (state.payout !== undefined) return state.payout
  if (!known.has(ledger.rounds)) known.set(ledger.rounds, Participant.owed(state))
  return known.get(ledger.rounds)
}

function expected(state: State): Pick<Money, 'floor' | 'mayEarn'> {
  switch (state.role) {
    case 'data':
      return expectedOfData(state)
    case 'compute':
      return expectedOfCompute(state)
    case 'model':
      return { floor: 0n, mayEarn: 0n }
    default:
      return state satisfies never
  }
}

/** Before the start as if the fewest others joined, all with as many samples and the same floor. */
function expectedOfData({
  terms,
  ledger,
  offer,
  me,
}: Extract<State, { role: 'data' }>): Pick<Money, 'floor' | 'mayEarn'> {
  const { floor } = offer
  const weigh = (samples: number): bigint => BigInt(Math.min(samples, terms.sampleCap))
  const parties = ledger.datas
  if (parties.length === 0) {
    const others = BigInt(terms.minDatas)
    const shared = terms.dataPool - floor * others
    return { floor, mayEarn: floor + (shared > 0n ? shared / others : 0n) }
  }
  const shared = parties.reduce((rest, party) => rest - party.floor, terms.dataPool)
  const weights = parties.reduce((total, party) => total + weigh(party.samples), 0n)
  const seat = Ledger.seatOf(parties, me.account)
  if (seat === undefined || weights === 0n) return { floor, mayEarn: 0n }
  return { floor, mayEarn: floor + (shared * weigh(offer.samples)) / weights }
}

/** Signing every round for sure; adding every round at most. Without the bond, which comes back. */
function expectedOfCompute({
  terms,
  ledger,
  offer,
}: Extract<State, { role: 'compute' }>): Pick<Money, 'floor' | 'mayEarn'> {
  const rounds = BigInt(terms.maxRounds)
  const datas = BigInt(ledger.datas.length === 0 ? terms.maxDatas : ledger.datas.length)
  const signing = rounds * BigInt(terms.unitsPerSignature)
  const adding = rounds * 4n * BigInt(terms.words) * datas
  return {
    floor: (offer.price * signing) / megaunit,
    mayEarn: (offer.price * (signing + adding)) / megaunit,
  }
}

function sum(leaves: readonly Payout.Leaf[]): bigint {
  return leaves.reduce((total, leaf) => total + leaf.amount, 0n)
}
