// How a model provider asks: data providers that its owner chose, compute providers that these nominate.
import type { Address, Hex } from '../codec.ts'
import * as Offer from '../offer.ts'
import * as Topic from '../topic.ts'
import * as Nominations from './nominations.ts'
import * as Nominee from './nominee.ts'
import * as Participant from './participant.ts'

type State = Nominations.State

export function inviteDatas<state extends State>(state: state, now: number): state {
  return Object.values(state.asked)
    .filter(({ slot }) => slot === -1)
    .reduce((so, asked) => ask(so, asked, [], now), state)
}

export function ask<state extends State>(
  state: state,
  asked: Nominations.Asked,
  among: readonly Address[],
  now: number,
): state {
  const slot = state.requests
  const next = Nominations.withAsked({ ...state, requests: slot + 1 }, { ...asked, slot, at: now })
  const offer = Offer.dataDigest(state.place, asked.offer)
  return request(next, slot, { to: asked.offer.account, offer, among: among.toSorted() })
}

/** Asks each compute provider when it is nominated for the first time. */
export function inviteSeats<state extends State>(state: state, now: number): state {
  let next = state
  for (const { nomination } of Object.values(state.asked)) {
    const offer = nomination === undefined ? undefined : state.computes[nomination.compute]
    if (offer === undefined || next.seats[offer.account] !== undefined) continue
    if (!Nominee.isEligible(state.terms, offer, now)) continue
    const slot = next.requests
    const seat: Nominations.Seat = { offer, at: now, stands: false, out: false, acceptance: undefined }
    next = Nominations.withSeat({ ...next, requests: slot + 1 }, seat)
    const digest = Offer.computeDigest(state.place, offer)
    next = request(next, slot, { to: offer.account, offer: digest, among: [] })
  }
  return next
}

function request<state extends State>(
  state: state,
  slot: number,
  body: { readonly to: Address; readonly offer: Hex; readonly among: readonly Address[] },
): state {
  const draft = { kind: 'request', task: state.id, round: 0, slot, body } as const
  return Participant.send(state, draft, Topic.market(state.place))
}

/** Seconds that an answer may take: an eighth of the time in which the task has to start, a minute at least. */
export function patience(state: State): number {
  return Math.max(60, (state.terms.startBy - state.since) / 8)
}
