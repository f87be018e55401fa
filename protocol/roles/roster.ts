// Which of those that answered are to sign: makes a roster of them, or asks again where that helps.
import type { Address } from '../codec.ts'
import * as Nominations from './nominations.ts'
import * as Nominee from './nominee.ts'
import * as Participant from './participant.ts'
import * as Requests from './requests.ts'

type State = Nominations.State
type Asked = Nominations.Asked

/** Most times that one data provider is asked. */
const mostAttempts = 6

/** Nominations end when the owner says so, when nobody more fits, or at half of the time. */
export function isGathered(state: State, now: number): boolean {
  const nominations = Object.values(state.asked).filter(({ nomination }) => nomination !== undefined)
  if (state.frozen || nominations.length >= state.terms.maxDatas) return true
  return now >= state.since + (state.terms.startBy - state.since) / 2
}

/** Freezes a roster if one can be made of the nominations, asks again where that would help, or waits. */
export function freeze<state extends State>(state: state, now: number): state {
  const { terms } = state
  const late = silence(state, now)
  const isWaiting = (at: number) => now < at + Requests.patience(late)
  const seatsWait = Object.values(late.seats).some(({ stands, out, at }) => !stands && !out && isWaiting(at))
  const open = Object.values(late.asked).filter(({ declined }) => !declined)
  const datasWait = open.some((asked) => !isAnswered(asked) && isWaiting(asked.at))
  if (seatsWait || datasWait) return late

  const datas = affordable(
    late,
    open.filter((asked) => stands(late, asked)),
  )
  const votes = new Map<Address, Asked[]>()
  for (const asked of datas) {
    const compute = asked.nomination?.compute ?? asked.offer.account
    votes.set(compute, [...(votes.get(compute) ?? []), asked])
  }
  const computes = [...votes.keys()].toSorted()
  const enough = computes.length >= terms.minComputes && computes.length <= terms.maxComputes
  if (enough && datas.length >= terms.minDatas) {
    const slot = late.rosters
    const list = datas.map(({ offer }) => offer.account).toSorted()
    const roster = { slot, at: now, datas: list, computes }
    const body = { datas: list, computes }
    return Participant.send(
      { ...late, roster, rosters: slot + 1, refusals: 0 },
      { kind: 'roster', task: late.id, round: 0, slot, body },
    )
  }
  return askAgain(late, open, votes, now)
}

/** Seats that did not stand in time are out. */
function silence<state extends State>(state: state, now: number): state {
  return Object.values(state.seats)
    .filter(({ stands, out, at }) => !stands && !out && now >= at + Requests.patience(state))
    .reduce((so, seat) => Nominations.withSeat(so, { ...seat, out: true }), state)
}

function isAnswered({ slot, nomination }: Asked): boolean {
  return nomination !== undefined && nomination.slot >= slot
}

function stands(state: State, asked: Asked): boolean {
  const seat = state.seats[asked.nomination?.compute ?? asked.offer.account]
  return isAnswered(asked) && seat?.stands === true && !seat.out
}

/** As many as the terms admit and the pool can pay the floors of, in the order in which they were chosen. */
function affordable(state: State, datas: readonly Asked[]): readonly Asked[] {
  let floors = 0n
  return datas
    .filter(({ offer }) => {
      if (floors + offer.floor > state.terms.dataPool) return false
      floors += offer.floor
      return true
    })
    .slice(0, state.terms.maxDatas)
}

/** Asks those whose nominee is out, or just enough of the others to make the number of seats fit. */
function askAgain<state extends State>(
  state: state,
  open: readonly Asked[],
  votes: ReadonlyMap<Address, readonly Asked[]>,
  now: number,
): state {
  const { terms } = state
  const offered = Nominee.candidates({ ...state, asked: { among: [] } }, now)
  const inside = offered.map(({ account }) => account).filter((account) => state.seats[account]?.out !== true)
  const byVotes = [...votes].toSorted(([, a], [, b]) => b.length - a.length)
  const kept = byVotes.slice(0, terms.maxComputes)
  const fresh = inside.filter((account) => !votes.has(account))
  const again = (so: state, asked: Asked, among: readonly Address[]): state => {
    if (among.length === 0 || asked.slot >= mostAttempts * Object.keys(so.asked).length) return so
    return Requests.ask(so, asked, among, now)
  }

  let next = state
  for (const asked of open) {
    if (!isAnswered(asked) || stands(state, asked)) continue
    next = again(
      next,
      asked,
      fresh.length > 0 && kept.length < terms.maxComputes ? inside : kept.map(([at]) => at),
    )
  }
  for (const [, voters] of byVotes.slice(terms.maxComputes))
    for (const asked of voters)
      next = again(
        next,
        asked,
        kept.map(([account]) => account),
      )
  const crowded = byVotes.flatMap(([, voters]) => voters.slice(1))
  for (let lacking = terms.minComputes - votes.size, at = 0; lacking > 0; lacking--, at++) {
    const [asked, account] = [crowded[at], fresh[at]]
    if (asked !== undefined && account !== undefined) next = again(next, asked, [account])
  }
  return next
}
