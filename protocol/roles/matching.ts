// How a model provider gathers a task's participants: asks, collects nominations, freezes a roster, collects acceptances.
import type { Address, Hex } from '../codec.ts'
import * as Invitation from '../invitation.ts'
import type * as Message from '../message.ts'
import * as Offer from '../offer.ts'
import * as Party from '../party.ts'
import * as Topic from '../topic.ts'
import * as Nominee from './nominee.ts'
import * as Participant from './participant.ts'

/** A data provider that was chosen. */
export type Asked = {
  readonly offer: Offer.DataOffer
  /** Slot of the latest request; −1 while it was not sent. */
  readonly slot: number
  /** Unix seconds. */
  readonly at: number
  readonly nomination: { readonly slot: number; readonly compute: Address } | undefined
  readonly declined: boolean
  readonly acceptance:
    { readonly slot: number; readonly party: Party.DataParty; readonly signature: Hex } | undefined
}

/** A compute provider that was nominated. */
export type Seat = {
  readonly offer: Offer.ComputeOffer
  readonly at: number
  /** Said that it would take the seat. */
  readonly stands: boolean
  /** Declined, or did not answer in time. */
  readonly out: boolean
  readonly acceptance: { readonly party: Party.ComputeParty; readonly signature: Hex } | undefined
}

export type Roster = {
  readonly slot: number
  readonly at: number
  readonly datas: readonly Address[]
  readonly computes: readonly Address[]
}

export type State = Participant.Participant & {
  readonly computes: Readonly<{ [account: Address]: Offer.ComputeOffer }>
  readonly asked: Readonly<{ [account: Address]: Asked }>
  readonly seats: Readonly<{ [account: Address]: Seat }>
  /** Requests sent so far; the next one's slot. */
  readonly requests: number
  /** Unix seconds when the task was created; 0 before. */
  readonly since: number
  /** The owner waits for no further nominations. */
  readonly frozen: boolean
  readonly roster: Roster | undefined
  /** Rosters frozen so far. */
  readonly rosters: number
  /** The accounts behind `terms.invited`; empty for everyone. */
  readonly invited: readonly Address[]
  /** How often the market refused to start the task with the present roster, nobody knows why. */
  readonly refusals: number
}

/** Most times that one data provider is asked. */
const mostAttempts = 6
/** Most times that a start is tried which is refused for a reason that no other roster mends. */
const mostStarts = 3

export function read<state extends State>(state: state, message: Message.Message, now: number): state {
  if (message.kind === 'computeOffer') {
    const { offer } = message.body
    if (Offer.isExpired(offer, now)) return state
    return { ...state, computes: { ...state.computes, [offer.account]: offer } }
  }
  if (message.kind === 'nomination') return nominated(state, message)
  if (message.kind === 'decline') return declined(state, message)
  if (message.kind === 'dataAcceptance') return dataAccepted(state, message)
  if (message.kind === 'computeAcceptance') return computeAccepted(state, message)
  return state
}

function declined<state extends State>(state: state, message: Message.Of<'decline'>): state {
  const asked = state.asked[message.sender]
  if (asked?.offer.device === message.device) return withAsked(state, { ...asked, declined: true })
  const seat = state.seats[message.sender]
  return seat?.offer.device === message.device ? withSeat(state, { ...seat, out: true }) : state
}

function dataAccepted<state extends State>(state: state, message: Message.Of<'dataAcceptance'>): state {
  const { party, committee, signature } = message.body
  const asked = state.asked[message.sender]
  const { roster } = state
  if (asked === undefined || roster === undefined || message.slot !== roster.slot) return state
  if (committee !== Party.committeeHash(roster.computes) || !isOffered(asked, party)) return state
  if (roster.computes[party.compute] !== asked.nomination?.compute) return state
  return withAsked(state, { ...asked, acceptance: { slot: message.slot, party, signature } })
}

function computeAccepted<state extends State>(state: state, message: Message.Of<'computeAcceptance'>): state {
  const { party, signature } = message.body
  const seat = state.seats[message.sender]
  if (seat === undefined || party.device !== seat.offer.device) return state
  if (party.box !== seat.offer.box || party.price !== seat.offer.price) return state
  return withSeat(state, { ...seat, stands: true, out: false, acceptance: { party, signature } })
}

function nominated<state extends State>(state: state, message: Message.Of<'nomination'>): state {
  const { compute } = message.body
  const seat = state.seats[message.sender]
  if (compute === message.sender && seat !== undefined) {
    if (seat.offer.device !== message.device || seat.out) return state
    return withSeat(state, { ...seat, stands: true })
  }
  const asked = state.asked[message.sender]
  if (asked?.offer.device !== message.device || message.slot <= (asked.nomination?.slot ?? -1)) return state
  return withAsked(state, { ...asked, nomination: { slot: message.slot, compute } })
}

function isOffered({ offer }: Asked, party: Party.DataParty): boolean {
  return (
    party.device === offer.device &&
    party.box === offer.box &&
    party.floor === offer.floor &&
    party.samples === offer.samples &&
    party.quality === offer.quality &&
    party.dataSignature === offer.dataSignature
  )
}

/** The owner chose offers; each account that is invited is asked for one of them. */
export function choose<state extends State>(
  state: state,
  offers: readonly Offer.DataOffer[],
  now: number,
): state {
  return offers
    .filter(({ account }) => state.asked[account] === undefined && isInvited(state, account))
    .reduce(
      (so, offer) =>
        withAsked(so, {
          offer,
          slot: -1,
          at: now,
          nomination: undefined,
          declined: false,
          acceptance: undefined,
        }),
      state,
    )
}

export function isInvited({ invited }: Pick<State, 'invited'>, account: Address): boolean {
  return invited.length === 0 || invited.includes(account)
}

/**
 * The market did not start the task. Seats whose deposit does not cover the bond any more are out and the roster is drawn
 * again without them; what is refused for another reason is tried a few times and then left to the owner.
 */
export function refused<state extends State>(
  state: state,
  { reason, short = [] }: { readonly reason: string; readonly short?: readonly Address[] },
): state {
  const seats = short.flatMap((account) => state.seats[account] ?? [])
  if (seats.length > 0) {
    const without = seats.reduce((so, seat) => withSeat(so, { ...seat, out: true }), state)
    const told = Participant.note(
      without,
      `${seats.length === 1 ? 'A compute provider has' : `${seats.length} compute providers have`} no deposit for the bond any more. The others choose again.`,
    )
    return { ...told, roster: undefined }
  }
  const refusals = state.refusals + 1
  if (refusals < mostStarts) return { ...state, refusals }
  const told = Participant.note(state, `The task cannot start: ${reason} Cancel it; everything comes back.`)
  return { ...told, refusals }
}

/** Whether the owner has to cancel: the market refuses to start this roster. */
export function isRefused({ refusals }: Pick<State, 'refusals'>): boolean {
  return refusals >= mostStarts
}

/** Wishes for what brings the task nearer to its start. */
export function advance<state extends State>(state: state, now: number): state {
  const asking = inviteSeats(inviteDatas(state, now), now)
  if (asking.roster === undefined) return isGathered(asking, now) ? freeze(asking, now) : asking
  return begin(asking, asking.roster, now)
}

function inviteDatas<state extends State>(state: state, now: number): state {
  return Object.values(state.asked)
    .filter(({ slot }) => slot === -1)
    .reduce((so, asked) => ask(so, asked, [], now), state)
}

function ask<state extends State>(state: state, asked: Asked, among: readonly Address[], now: number): state {
  const slot = state.requests
  const next = withAsked({ ...state, requests: slot + 1 }, { ...asked, slot, at: now })
  const offer = Offer.dataDigest(state.place, asked.offer)
  return request(next, slot, { to: asked.offer.account, offer, among: among.toSorted() })
}

/** Asks each compute provider when it is nominated for the first time. */
function inviteSeats<state extends State>(state: state, now: number): state {
  let next = state
  for (const { nomination } of Object.values(state.asked)) {
    const offer = nomination === undefined ? undefined : state.computes[nomination.compute]
    if (offer === undefined || next.seats[offer.account] !== undefined) continue
    if (!Nominee.isEligible(state.terms, offer, now)) continue
    const slot = next.requests
    const seat: Seat = { offer, at: now, stands: false, out: false, acceptance: undefined }
    next = withSeat({ ...next, requests: slot + 1 }, seat)
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
function patience(state: State): number {
  return Math.max(60, (state.terms.startBy - state.since) / 8)
}

/** Nominations end when the owner says so, when nobody more fits, or at half of the time. */
function isGathered(state: State, now: number): boolean {
  const nominations = Object.values(state.asked).filter(({ nomination }) => nomination !== undefined)
  if (state.frozen || nominations.length >= state.terms.maxDatas) return true
  return now >= state.since + (state.terms.startBy - state.since) / 2
}

/** Freezes a roster if one can be made of the nominations, asks again where that would help, or waits. */
function freeze<state extends State>(state: state, now: number): state {
  const { terms } = state
  const late = silence(state, now)
  const isWaiting = (at: number) => now < at + patience(late)
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
    .filter(({ stands, out, at }) => !stands && !out && now >= at + patience(state))
    .reduce((so, seat) => withSeat(so, { ...seat, out: true }), state)
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
    return ask(so, asked, among, now)
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

/** Starts when everyone accepted, or with those who did when the others' time is over; else makes another roster. */
function begin<state extends State>(state: state, roster: Roster, now: number): state {
  const { terms } = state
  const datas = roster.datas.flatMap((account) => {
    const acceptance = state.asked[account]?.acceptance
    return acceptance?.slot === roster.slot ? [acceptance] : []
  })
  const nominated = new Set(datas.map(({ party }) => roster.computes[party.compute]))
  const accepted = roster.computes.filter((account) => state.seats[account]?.acceptance !== undefined)
  const present = accepted.filter((account) => nominated.has(account))
  const isComplete = datas.length === roster.datas.length && accepted.length === roster.computes.length
  if (!isComplete && now < roster.at + 2 * patience(state)) return state
  if (datas.length >= terms.minDatas && present.length >= terms.threshold) {
    if (isRefused(state)) return state
    const computes = roster.computes.flatMap((account) => seated(state.seats[account]))
    const parties = { computes: computes.map(({ party }) => party), datas: datas.map(({ party }) => party) }
    const acceptances = {
      computes: computes.map(({ signature }) => signature),
      datas: datas.map(({ signature }) => signature),
      invitations:
        state.invited.length === 0
          ? []
          : parties.datas.map(({ account }) => Invitation.proof(state.invited, account)),
    }
    return Participant.submit(state, 'start', { name: 'start', terms, parties, acceptances }, now)
  }
  const silent = roster.datas.filter((account) => state.asked[account]?.acceptance?.slot !== roster.slot)
  const idle = roster.computes.filter((account) => !accepted.includes(account))
  let next: state = { ...state, roster: undefined }
  for (const account of silent) {
    const asked = next.asked[account]
    if (asked !== undefined) next = withAsked(next, { ...asked, declined: true })
  }
  for (const account of idle) {
    const seat = next.seats[account]
    if (seat !== undefined) next = withSeat(next, { ...seat, out: true })
  }
  return next
}

/** A seat that did not accept takes its place all the same, absent. */
function seated(
  seat: Seat | undefined,
): readonly { readonly party: Party.ComputeParty; readonly signature: Hex | undefined }[] {
  if (seat === undefined) return []
  const { account, device, box, price } = seat.offer
  return [seat.acceptance ?? { party: { account, payee: account, device, box, price }, signature: undefined }]
}

function withAsked<state extends State>(state: state, asked: Asked): state {
  return { ...state, asked: { ...state.asked, [asked.offer.account]: asked } }
}

function withSeat<state extends State>(state: state, seat: Seat): state {
  return { ...state, seats: { ...state.seats, [seat.offer.account]: seat } }
}
