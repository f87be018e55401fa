// A data provider: consents and accepts in dataConsent.ts, and takes part in rounds in dataRound.ts, with rows that it
// alone can read. Holds no rows, no weights and no masks; those are the workers' that carry out its wishes.
import type { Address } from '../codec.ts'
import type * as Market from '../market.ts'
import type * as Message from '../message.ts'
import type * as Offer from '../offer.ts'
import type * as Reliability from '../reliability.ts'
import * as Topic from '../topic.ts'
import * as Accusation from './accusation.ts'
import * as DataConsent from './dataConsent.ts'
import * as DataRound from './dataRound.ts'
import * as Drawn from './drawn.ts'
import type * as Effect from './effect.ts'
import type * as Event from './event.ts'
import * as Exits from './exits.ts'
import * as Jobs from './jobs.ts'
import * as Ledger from './ledger.ts'
import * as Participant from './participant.ts'

export type { Round } from './dataRound.ts'

/** It hears of jobs to know whom others contradict about them. */
export type State = DataConsent.State & DataRound.State & Jobs.State & { readonly role: 'data' }

export type Options = Participant.Options & {
  readonly offer: Offer.DataOffer
  /** The request that this role answers. */
  readonly request: Message.Of<'request'>
  /** Compute offers known so far. */
  readonly computes: readonly Offer.ComputeOffer[]
  /** What the market has told of compute providers so far. */
  readonly records: Reliability.Records
}

/** What a data provider is once it was asked. Declines by itself what its offer does not cover. */
export function create(options: Options, now: number): State {
  const { offer, request } = options
  const computes = options.computes.map((compute): [Address, Offer.ComputeOffer] => [
    compute.account,
    compute,
  ])
  const state: State = {
    ...Participant.create(options),
    role: 'data',
    offer,
    computes: Object.fromEntries(computes),
    records: options.records,
    asked: { attempt: request.slot, among: request.body.among },
    answer: 'none',
    nominated: undefined,
    roster: undefined,
    accepted: -1,
    left: false,
    jobs: Jobs.nothing,
    ...DataRound.nothing,
  }
  const objection = DataConsent.objectionTo(state, request, now)
  if (objection === undefined) return state
  return DataConsent.decline(Participant.note(state, objection))
}

export function step(state: State, event: Event.Event, now: number): Participant.Step<State> {
  const heard = hear(state, event, now)
  if (heard === state && event.type === 'message') return { state, effects: [] }
  return Participant.between(state, advance(heard, now))
}

/** Everything that is still wished for. */
export function resume(state: State): readonly Effect.Effect[] {
  return Object.values(state.outbox)
}

/** Where it listens. */
export function topics(state: State): readonly string[] {
  return [Topic.market(state.place), Topic.task(state.place, state.id)]
}

/**
 * Whether so many members keep the update that no record without it can be signed any more: the owner may leave and is
 * paid.
 */
export function isKept({ ledger, terms }: State, { receipts }: DataRound.Round): boolean {
  const without = Ledger.present(ledger).filter((seat) => !receipts.includes(seat))
  return receipts.length > 0 && without.length < terms.threshold
}

/** The round it takes part in or waits for the end of. */
export function currentRound(state: State): DataRound.Round | undefined {
  return DataRound.current(state)
}

function hear(state: State, event: Event.Event, now: number): State {
  switch (event.type) {
    case 'message':
      return event.message.task === state.id || event.message.kind === 'computeOffer'
        ? read(state, event.message, now)
        : state
    case 'chain': {
      const { state: next, early } = Participant.follow(state, event.event)
      return early.reduce((so, message) => read(so, message, now), tellMissed(next, event.event))
    }
    case 'head':
      return Participant.reach(state, event.time)
    case 'tick':
      return state
    case 'restarted':
      return { ...state, awakeSince: now }
    case 'header':
      return Drawn.heard(state, event, now)
    case 'sent':
    case 'submitted':
    case 'failed':
    case 'masked':
    case 'contributed':
    case 'forgotten':
      return DataRound.finish(state, event, now)
    case 'consented':
      return state.answer === 'declined' ? state : { ...state, answer: { compute: event.compute } }
    case 'declined':
      return state.ledger.state === 'running' ? { ...state, left: true } : DataConsent.decline(state)
    case 'ruled':
      return { ...state, rules: event.rules }
    case 'left':
      return { ...state, left: true }
    case 'returned':
      return { ...state, left: false }
    case 'claimed':
      return { ...state, claims: true }
    case 'withdrawn':
      return Participant.withdraw(state, now)
    case 'ended':
      return Exits.isDue(state) ? { ...state, ended: true } : state
    case 'chosen':
    case 'frozen':
    case 'sealed':
    case 'checked':
    case 'aggregated':
    case 'unmasked':
    case 'prepared':
    case 'opened':
    case 'federated':
    case 'subjectSealed':
    case 'performed':
    case 'verified':
    case 'missing':
      return state
    default:
      return event satisfies never
  }
}

function read(state: State, message: Message.Message, now: number): State {
  const told = Participant.witness(state, message)
  if (Jobs.concerns(message))
    return Participant.isEarly(told) ? Participant.keepEarly(told, message) : Jobs.read(told, message, now)
  return DataRound.read(DataConsent.read(told, message, now), message, now)
}

/** Says plainly what went on without this provider. */
function tellMissed(state: State, event: Market.Event): State {
  const seat = Ledger.seatOf(state.ledger.datas, state.me.account)
  if (event.name === 'TaskStarted' && seat === undefined)
    return Participant.note(state, 'The task started without this provider.')
  if (event.name !== 'RoundCommitted' || seat === undefined) return state
  const isIn = ((event.record.delivered >> BigInt(seat)) & 1n) === 1n
  return isIn
    ? state
    : Participant.note(state, `Round ${event.round} was committed without this provider's update.`)
}

/** Wishes for what the facts call for; changes nothing when nothing does. */
function advance(state: State, now: number): State {
  let next = Exits.tidy(state)
  if (next.ledger.state === 'open') next = DataConsent.advance(next, now)
  if (next.ledger.state === 'running' && isEnrolled(next)) next = DataRound.takePart(next, now)
  else next = DataRound.end(next)
  return isEnrolled(next) ? Exits.take(Accusation.advance(next, now), now) : next
}

/** Whether the task's end is this provider's concern. */
function isEnrolled(state: State): boolean {
  return state.ledger.state === 'open'
    ? state.nominated !== undefined && state.answer !== 'declined'
    : Ledger.seatOf(state.ledger.datas, state.me.account) !== undefined
}
