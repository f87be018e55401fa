// A compute provider: takes a seat in the committee of a task. What a member does in a round is in committee.ts,
// and how it does jobs in jobWork.ts.
import type * as Body from '../body.ts'
import type * as Message from '../message.ts'
import * as Offer from '../offer.ts'
import type { ComputeParty } from '../party.ts'
import * as TaskSpec from '../taskSpec.ts'
import * as Topic from '../topic.ts'
import * as Accusation from './accusation.ts'
import * as Committee from './committee.ts'
import * as Drawn from './drawn.ts'
import type * as Effect from './effect.ts'
import type * as Event from './event.ts'
import * as Exits from './exits.ts'
import * as JobWork from './jobWork.ts'
import * as Jobs from './jobs.ts'
import * as Ledger from './ledger.ts'
import * as Nominee from './nominee.ts'
import * as Participant from './participant.ts'

export type State = Committee.State & {
  readonly role: 'compute'
  readonly offer: Offer.ComputeOffer
  readonly answer: 'none' | 'declined' | 'accepted'
  /** How often it was asked, and for which request it stood; −1 for none. */
  readonly asked: number
  readonly stood: number
  readonly roster: { readonly slot: number; readonly body: Body.Of<'roster'> } | undefined
  /** The bond is in the market. */
  readonly deposited: boolean
  /** Signed its acceptance. */
  readonly accepted: boolean
}

export type Options = Participant.Options & {
  readonly offer: Offer.ComputeOffer
  /** The request that this role answers. */
  readonly request: Message.Of<'request'>
}

/** What a compute provider is once it was nominated. Declines by itself what its offer does not cover. */
export function create(options: Options, now: number): State {
  const { offer, request } = options
  const state: State = {
    ...Participant.create(options),
    role: 'compute',
    offer,
    answer: 'none',
    asked: request.slot,
    stood: -1,
    roster: undefined,
    deposited: options.terms.computeBond === 0n,
    accepted: false,
    ...Committee.nothing,
  }
  const objection = objectionTo(state, request, now)
  return objection === undefined ? state : decline(Participant.note(state, objection))
}

export function step(state: State, event: Event.Event, now: number): Participant.Step<State> {
  const heard = hear(state, event, now)
  if (heard === state && event.type === 'message') return { state, effects: [] }
  return Participant.between(state, advance(Participant.wake(heard, event, now), now))
}

/** Everything that is still wished for. */
export function resume(state: State): readonly Effect.Effect[] {
  return Object.values(state.outbox)
}

/** Where it listens. */
export function topics(state: State): readonly string[] {
  return [Topic.market(state.place), Topic.task(state.place, state.id)]
}

function hear(state: State, event: Event.Event, now: number): State {
  switch (event.type) {
    case 'message':
      return event.message.task === state.id ? read(state, event.message, now) : state
    case 'chain': {
      const { state: next, early } = Participant.follow(state, event.event)
      const isWithout = event.event.name === 'TaskStarted' && !isSeated(next)
      const told = isWithout ? Participant.note(next, 'The task started without this provider.') : next
      return early.reduce((so, message) => read(so, message, now), told)
    }
    case 'head':
      return Participant.reach(state, event.time)
    case 'tick':
    case 'restarted':
      return state
    case 'submitted': {
      const finished = Participant.finish(state, event, now)
      if (finished === undefined) return state
      const { effect, state: next } = finished
      const isDeposit = effect.type === 'submit' && effect.call.name === 'deposit'
      return isDeposit ? { ...next, deposited: true } : next
    }
    case 'header':
      return Drawn.heard(state, event, now)
    case 'sent':
    case 'checked':
    case 'aggregated':
    case 'sealed':
    case 'unmasked':
    case 'forgotten':
    case 'failed':
      return Committee.finish(state, event, now)
    case 'performed':
    case 'verified':
    case 'missing':
      return JobWork.finish(state, event, now)
    case 'consented':
      return state.answer === 'none' ? { ...state, answer: 'accepted' } : state
    case 'declined':
      return decline(state)
    case 'ruled':
      return { ...state, rules: event.rules }
    case 'claimed':
      return { ...state, claims: true }
    case 'withdrawn':
      return Participant.withdraw(state, now)
    case 'ended':
      return Exits.isDue(state) ? { ...state, ended: true } : state
    case 'left':
    case 'returned':
    case 'chosen':
    case 'frozen':
    case 'masked':
    case 'contributed':
    case 'prepared':
    case 'opened':
    case 'federated':
    case 'subjectSealed':
      return state
    default:
      return event satisfies never
  }
}

function read(before: State, message: Message.Message, now: number): State {
  const state = Participant.witness(before, message)
  if (Committee.concerns(message)) return Committee.read(state, message, now)
  if (Jobs.concerns(message))
    return Participant.isEarly(state) ? Participant.keepEarly(state, message) : Jobs.read(state, message, now)
  if (!Participant.isFromModelProvider(state, message)) return state
  if (message.kind === 'request' && message.body.to === state.me.account && message.slot > state.asked)
    return { ...state, asked: message.slot }
  if (message.kind === 'roster' && message.slot > (state.roster?.slot ?? -1))
    return { ...state, roster: { slot: message.slot, body: message.body } }
  return state
}

/** Wishes for what the facts call for; changes nothing when nothing does. */
function advance(state: State, now: number): State {
  let next = Exits.tidy(state)
  if (next.ledger.state === 'open') next = accept(stand(consent(next)), now)
  if (next.ledger.state === 'running' && isSeated(next)) next = Committee.advance(next, now)
  else next = Committee.dropAll(next)
  next = JobWork.advance(next, now)
  return isSeated(next) ? Exits.take(Accusation.advance(next, now), now) : next
}

function consent(state: State): State {
  return state.answer === 'none' && state.rules.consent ? { ...state, answer: 'accepted' } : state
}

/** Says that it would take the seat, by nominating itself. */
function stand(state: State): State {
  if (state.answer !== 'accepted' || state.stood >= state.asked) return state
  return Participant.send(
    { ...state, stood: state.asked },
    { kind: 'nomination', task: state.id, round: 0, slot: state.asked, body: { compute: state.me.account } },
  )
}

/** Pays in its bond, then signs: a seat whose bond is not there when the task starts counts as absent. */
function accept(state: State, now: number): State {
  if (state.answer !== 'accepted' || state.accepted || state.roster === undefined) return state
  if (!state.roster.body.computes.includes(state.me.account)) return state
  if (!state.deposited) {
    const { token, computeBond } = state.terms
    return Participant.submit(state, 'deposit', { name: 'deposit', token, amount: computeBond }, now)
  }
  const party: ComputeParty = { ...state.me, price: state.offer.price }
  return Participant.send(
    { ...state, accepted: true },
    { kind: 'computeAcceptance', task: state.id, round: 0, slot: 0, body: { party } },
  )
}

function decline(state: State): State {
  if (state.answer === 'declined' || state.accepted) return state
  return Participant.send(
    { ...state, answer: 'declined' },
    { kind: 'decline', task: state.id, round: 0, slot: 0, body: {} },
  )
}

/** Whether the task's end is this provider's concern. */
function isSeated(state: State): boolean {
  return state.ledger.state === 'open'
    ? state.answer === 'accepted'
    : Ledger.seatOf(state.ledger.computes, state.me.account) !== undefined
}

/** Why its offer does not cover this task; undefined when it does. */
function objectionTo(state: State, request: Message.Of<'request'>, now: number): string | undefined {
  const { offer, terms, spec, place } = state
  if (!Participant.isFromModelProvider(state, request)) return 'The request is not from the model provider.'
  if (request.body.offer !== Offer.computeDigest(place, offer)) return 'The request is for another offer.'
  if (Offer.isExpired(offer, now)) return new Offer.ExpiredError(offer.expires, now).message
  if (offer.token !== terms.token) return 'The task pays in another token.'
  if (!Nominee.isEligible(terms, offer, now)) return 'The task pays less than the offer asks.'
  try {
    TaskSpec.assertBound(spec, terms)
  } catch (thrown) {
    return thrown instanceof TaskSpec.BoundError ? thrown.message : String(thrown)
  }
  return undefined
}
