// Whom a model provider asked to take part, and what they answered.
import type { Address, Hex } from '../codec.ts'
import type * as Message from '../message.ts'
import * as Offer from '../offer.ts'
import * as Party from '../party.ts'
import type * as Participant from './participant.ts'

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

function isInvited({ invited }: Pick<State, 'invited'>, account: Address): boolean {
  return invited.length === 0 || invited.includes(account)
}

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

export function withAsked<state extends State>(state: state, asked: Asked): state {
  return { ...state, asked: { ...state.asked, [asked.offer.account]: asked } }
}

export function withSeat<state extends State>(state: state, seat: Seat): state {
  return { ...state, seats: { ...state.seats, [seat.offer.account]: seat } }
}
