// What every role is made of: who it is, its task, what the chain said, and what it still wishes for.
import type * as Body from '../body.ts'
import type { Hex } from '../codec.ts'
import type * as Message from '../message.ts'
import type * as Market from '../market.ts'
import { BaseError } from '../errors.ts'
import * as History from '../history.ts'
import type * as Payout from '../payout.ts'
import type { TaskSpec } from '../taskSpec.ts'
import type { Terms } from '../terms.ts'
import * as Topic from '../topic.ts'
import * as Effect from './effect.ts'
import type * as Event from './event.ts'
import * as Ledger from './ledger.ts'
import * as Witness from './witness.ts'

export type Participant = {
  readonly me: Event.Me
  readonly rules: Event.Rules
  readonly place: Topic.Place
  readonly id: Hex
  readonly terms: Terms
  readonly spec: TaskSpec
  readonly ledger: Ledger.Ledger
  readonly outbox: Effect.Outbox
  /** What the settlement owes to whom; undefined before, and where what was read does not lead to its root. */
  readonly payout: readonly History.Due[] | undefined
  /** The owner asked for its payout. */
  readonly claims: boolean
  /** The owner wants the task over: what it may do to that end is done at once. */
  readonly ended: boolean
  /** Transactions that were tried, by effect: how often, and when again at the earliest (Unix seconds). */
  readonly tries: Readonly<{ [effect: string]: { readonly count: number; readonly after: number } }>
  /** Unix seconds: when it last ran, roughly, and since when without a pause. */
  readonly ranAt: number
  readonly awakeSince: number
  /** Batches of payouts that the market would not make, by their leaves. */
  readonly refused: readonly string[]
  /** Messages of rounds that came before the start was seen, oldest first. */
  readonly early: readonly Message.Message[]
  /** What others stated that may be stated once. */
  readonly witness: Witness.Witness
  /** Proposed records that may be false, by round and seat of their author. */
  readonly doubts: Readonly<{ [proposal: string]: Doubt }>
  /** What was ignored or failed, as sentences, newest first. */
  readonly notes: readonly string[]
}

export type Doubt = {
  readonly body: Body.Of<'recordProposed'>
  /** Which sum is not what was found by adding; undefined where an update may not be its provider's. */
  readonly sum: number | undefined
}

export type Step<state> = { readonly state: state; readonly effects: readonly Effect.Effect[] }

export type Options = {
  readonly me: Event.Me
  readonly rules: Event.Rules
  readonly place: Topic.Place
  readonly id: Hex
  readonly terms: Terms
  readonly spec: TaskSpec
}

const mostNotes = 20
/** Seconds without a step that count as having been away; browsers let hidden tabs run once a minute. */
const dozing = 120
/** Seconds after which what was missed meanwhile should have been heard. */
const catchUp = 10
const mostEarly = 512

export function create(options: Options): Participant {
  const { me, rules, place, id, terms, spec } = options
  const blank = {
    ranAt: 0,
    awakeSince: 0,
    outbox: {},
    payout: undefined,
    claims: false,
    ended: false,
    tries: {},
    refused: [],
    early: [],
    witness: Witness.nothing,
    doubts: {},
    notes: [],
  }
  return { me, rules, place, id, terms, spec, ledger: Ledger.empty, ...blank }
}

/** Keeps track of pauses, so that nobody who was away acts on what it has not heard yet. */
export function wake<state extends Participant>(state: state, event: Event.Event, now: number): state {
  if (event.type === 'restarted' || now - state.ranAt > dozing)
    return { ...state, ranAt: now, awakeSince: now }
  return now - state.ranAt > dozing / 4 ? { ...state, ranAt: now } : state
}

/** Whether it has had the time to hear what was said while it was away. */
export function isAwake(state: Participant, now: number): boolean {
  return now >= state.awakeSince + catchUp
}

/** The step between two states of a role. */
export function between<state extends Participant>(before: state, after: state): Step<state> {
  return { state: after, effects: Effect.added(before.outbox, after.outbox) }
}

/** Takes in what the chain says; messages that waited for the start are returned as well. */
export function follow<state extends Participant>(
  state: state,
  event: Market.Event,
): { readonly state: state; readonly early: readonly Message.Message[] } {
  const ledger = Ledger.receive(state.ledger, event)
  if (ledger === state.ledger) return { state, early: [] }
  const next = { ...state, ledger }
  if (state.ledger.state === 'open' && ledger.state !== 'open')
    return { state: { ...next, early: [] }, early: state.early }
  const { settlement } = ledger
  if (settlement === undefined) return { state: { ...next, payout: undefined }, early: [] }
  if (settlement === state.ledger.settlement && ledger.slashed === state.ledger.slashed)
    return { state: next, early: [] }
  try {
    return { state: { ...next, payout: History.owed(historyOf(next)).dues }, early: [] }
  } catch (thrown) {
    if (!(thrown instanceof BaseError)) throw thrown
    return { state: { ...note(next, thrown.message), payout: undefined }, early: [] }
  }
}

/** The task as anybody can rebuild it from the chain. */
export function historyOf({ id, terms, ledger }: Participant): History.History {
  return { ...ledger, task: id, terms, events: [] }
}

export function note<state extends Participant>(state: state, sentence: string): state {
  if (state.notes[0] === sentence) return state
  return { ...state, notes: [sentence, ...state.notes].slice(0, mostNotes) }
}

export function wish<state extends Participant>(state: state, effect: Effect.Effect): state {
  const outbox = Effect.put(state.outbox, effect)
  return outbox === state.outbox ? state : { ...state, outbox }
}

export function unwish<state extends Participant>(
  state: state,
  unwanted: (effect: Effect.Effect) => boolean,
): state {
  const outbox = Effect.drop(state.outbox, unwanted)
  return outbox === state.outbox ? state : { ...state, outbox }
}

/** Says something on the task's topic, or the market's. */
export function send<state extends Participant>(
  state: state,
  draft: Message.Draft,
  topic: string = Topic.task(state.place, state.id),
): state {
  const id = `send:${draft.kind}:${draft.round}:${draft.slot}`
  return wish(state, { id, type: 'send', topic, draft })
}

/** The chain was told up to a block of this time. */
export function reach<state extends Participant>(state: state, time: number): state {
  return time <= state.ledger.head ? state : { ...state, ledger: { ...state.ledger, head: time } }
}

export function withdraw<state extends Participant>(state: state, now: number): state {
  return submit(state, 'withdraw', { name: 'withdraw', token: state.terms.token }, now)
}

export function maySubmit(state: Participant, id: string, now: number): boolean {
  return state.outbox[id] === undefined && now >= (state.tries[id]?.after ?? 0)
}

/** Submits a transaction unless it waits already or failed a moment ago. */
export function submit<state extends Participant>(
  state: state,
  id: string,
  call: Effect.Call,
  now: number,
): state {
  return maySubmit(state, id, now) ? wish(state, { id, type: 'submit', call }) : state
}

/** Seconds before a transaction is tried again whose effect the chain does not show: 5, 10, 20 … 300. */
function patience(count: number): number {
  return Math.min(300, 5 * 2 ** Math.min(count, 6))
}

/** Takes a wish out of the outbox because its result came; undefined when it was not wished any more. */
export function finish<state extends Participant>(
  state: state,
  result: Event.Result,
  now: number,
): { readonly state: state; readonly effect: Effect.Effect } | undefined {
  const effect = state.outbox[result.effect]
  if (effect === undefined) return undefined
  let next = unwish(state, ({ id }) => id === effect.id)
  if (effect.type === 'submit') {
    const count = (state.tries[effect.id]?.count ?? 0) + 1
    const tried = { count, after: now + (result.type === 'failed' ? patience(count) : 60) }
    next = { ...next, tries: { ...next.tries, [effect.id]: tried } }
    if (result.type === 'failed' && effect.call.name === 'claim') next = refuse(next, effect.call.claims)
  }
  if (result.type === 'failed') next = note(next, result.reason)
  return { state: next, effect }
}

/** The leaves of a batch, as it is remembered when it was refused. */
export function batch(leaves: readonly { readonly index: number }[]): string {
  return leaves.map(({ index }) => index).join()
}

function refuse<state extends Participant>(state: state, claims: readonly Payout.Claim[]): state {
  const leaves = batch(claims)
  return state.refused.includes(leaves) ? state : { ...state, refused: [...state.refused, leaves] }
}

/** Whether it has not seen the task start, so that it cannot tell yet who takes part. */
export function isEarly({ ledger }: Participant): boolean {
  return ledger.state === 'none' || ledger.state === 'open'
}

/** Keeps a message until the chain has said who takes part. */
export function keepEarly<state extends Participant>(state: state, message: Message.Message): state {
  if (state.early.length >= mostEarly) return note(state, 'Messages came before the start and were dropped.')
  return { ...state, early: [...state.early, message] }
}

/** Remembers what may be stated once about a round; the rest of a message is for others to read. */
export function witness<state extends Participant>(state: state, message: Message.Message): state {
  if (message.round < 1 || message.round > state.terms.maxRounds) return state
  const next = witnessed(state, message)
  return next === state.witness ? state : { ...state, witness: next }
}

function witnessed(state: Participant, message: Message.Message): Witness.Witness {
  if (message.kind === 'roundOpened' && isFromModelProvider(state, message))
    return Witness.opening(state.witness, message)
  const seat = message.kind === 'recordSigned' ? committeeSeat(state, message) : undefined
  if (message.kind !== 'recordSigned' || seat === undefined) return state.witness
  return Witness.record(state.witness, message, seat)
}

/** Whether the model provider said this. */
export function isFromModelProvider(state: Participant, message: Message.Message): boolean {
  return message.sender === state.terms.modelProvider && message.device === state.terms.opener
}

/** Whether this very device said this. */
export function isOwn({ me }: Participant, message: Message.Message): boolean {
  return message.sender === me.account && message.device === me.device
}

/** The committee seat that said this; undefined for anyone else and for seats that do not count. */
export function committeeSeat(state: Participant, message: Message.Message): number | undefined {
  const { computes } = state.ledger
  const seat = Ledger.seatOf(computes, message.sender)
  if (seat === undefined || !Ledger.counts(state.ledger, seat)) return undefined
  return computes[seat]?.device === message.device ? seat : undefined
}

/** The data seat that said this. */
export function dataSeat(state: Participant, message: Message.Message): number | undefined {
  const { datas } = state.ledger
  const seat = Ledger.seatOf(datas, message.sender)
  return seat !== undefined && datas[seat]?.device === message.device ? seat : undefined
}
