// What a participant may earn, has earned and was paid, computed as the contract computes it.
import { BaseError } from '../../protocol/errors.ts'
import * as History from '../../protocol/history.ts'
import * as Ledger from '../../protocol/roles/ledger.ts'
import * as Participant from '../../protocol/roles/participant.ts'
import type { State } from './participations.ts'
import type { Participation } from './view/participation.ts'

type Money = Participation['money']

/** What a data provider is owed beyond its floor, token base units. */
export function shareOf(state: State): bigint {
  const dues = owedIn(state)?.dues.filter((due) => isOwn(state, due)) ?? []
  return dues.reduce((total, { parts }) => total + parts.share, 0n)
}

const megaunit = 1_000_000n
/** Computing payouts hashes a tree; a ledger that did not change owes the same. */
const known = new WeakMap<Ledger.Ledger['rounds'], { readonly of: Ledger.Ledger; readonly owed: Owed }>()
type Owed = History.Owed | undefined

export function of(state: State): Money {
  const { ledger } = state
  const owed = owedIn(state)
  const dues = owed?.dues.filter((due) => isOwn(state, due)) ?? []
  const claimed = Ledger.claimed(ledger)
  const paid = dues.filter(({ index }) => (claimed >> BigInt(index)) & 1n)
  return {
    ...expected(state),
    earned: sum(dues),
    bond: dues.reduce((total, { parts }) => total + parts.bond, 0n),
    assumed: owed?.isAssumed ?? false,
    claimed: sum(paid),
    claimsOpen: ledger.state === 'settled' ? ledger.deadline + 1 : undefined,
  }
}

/** What a slashed compute provider would get is the model provider's. */
function isOwn({ me, role }: State, due: History.Due): boolean {
  if (due.isSlashed) return role === 'model'
  return due.account === me.account && due.role === role
}

/** Undefined before the first round, and where what was read does not lead to the root on the chain. */
function owedIn(state: State): Owed {
  const { ledger } = state
  const before = known.get(ledger.rounds)
  const isSame = (key: 'settlement' | 'slashed' | 'guilty') => before?.of[key] === ledger[key]
  if (before !== undefined && isSame('settlement') && isSame('slashed') && isSame('guilty'))
    return before.owed
  const owed = ledger.rounds.length === 0 ? undefined : rebuilt(state)
  known.set(ledger.rounds, { of: ledger, owed })
  return owed
}

function rebuilt(state: State): Owed {
  try {
    return History.owed(Participant.historyOf(state))
  } catch (thrown) {
    if (thrown instanceof BaseError) return undefined
    throw thrown
  }
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

function sum(dues: readonly History.Due[]): bigint {
  return dues.reduce((total, { amount }) => total + amount, 0n)
}
