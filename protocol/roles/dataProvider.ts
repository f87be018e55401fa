// A data provider: consents and accepts in dataConsent.ts, and takes part in rounds in dataRound.ts, with rows that it
// alone can read. Holds no rows, no weights and no masks; those are the workers' that carry out its wishes.
import type { Address } from '../codec.ts'
import type * as Market from '../market.ts'
import type * as Message from '../message.ts'
import type * as Offer from '../offer.ts'
import * as Topic from '../topic.ts'
import * as DataConsent from './dataConsent.ts'
import * as DataRound from './dataRound.ts'
import * as Drawn from './drawn.ts'
import type * as Effect from './effect.ts'
import type * as Event from './event.ts'
import * as Exits from './exits.ts'
import * as Ledger from './ledger.ts'
import * as Participant from './participant.ts'

export type { Round } from './dataRound.ts'

<<<<<<< HEAD
export type State = DataConsent.State & DataRound.State & { readonly role: 'data' }
=======
export type State = Participant.Participant & {
  readonly role: 'data'
  readonly offer: Offer.DataOffer
  /** Compute providers it may nominate, by account. */
  readonly computes: Readonly<{ [account: Address]: Offer.ComputeOffer }>
  /** The latest request: how often it was asked, and whom it may nominate; everyone if empty. */
  readonly asked: { readonly attempt: number; readonly among: readonly Address[] }
  /** The owner's answer; `compute` undefined leaves the nomination to the role. */
  readonly answer: 'none' | 'declined' | { readonly compute: Address | undefined }
  readonly nominated: { readonly attempt: number; readonly compute: Address } | undefined
  readonly roster: { readonly slot: number; readonly body: Body.Of<'roster'> } | undefined
  /** Slot of the roster it accepted; −1 before. */
  readonly accepted: number
  /** Takes part in no further round. */
  readonly left: boolean
  readonly rounds: Readonly<{ [round: number]: Round }>
  /** `Cohorts` that came before their round was opened, by the opening they name. */
  readonly cohorts: Readonly<{ [opened: Hex]: Message.Of<'cohorts'> }>
  /** By round, the `EncryptedUpdate` that it heard itself say before it knew of it. */
  readonly updates: Readonly<{ [round: number]: Message.Of<'encryptedUpdate'> }>
}
>>>>>>> main

export type Options = Participant.Options & {
  readonly offer: Offer.DataOffer
  /** The request that this role answers. */
  readonly request: Message.Of<'request'>
  /** Compute offers known so far. */
  readonly computes: readonly Offer.ComputeOffer[]
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
    asked: { attempt: request.slot, among: request.body.among },
    answer: 'none',
    nominated: undefined,
    roster: undefined,
    accepted: -1,
    left: false,
<<<<<<< HEAD
    ...DataRound.nothing,
=======
    rounds: {},
    cohorts: {},
    updates: {},
>>>>>>> main
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
<<<<<<< HEAD
    case 'header':
      return Drawn.heard(state, event, now)
=======
    case 'restarted':
      return { ...state, awakeSince: now }
>>>>>>> main
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
      return state
    default:
      return event satisfies never
  }
}

function read(state: State, message: Message.Message, now: number): State {
<<<<<<< HEAD
  return DataRound.read(DataConsent.read(state, message, now), message, now)
=======
  if (message.kind === 'computeOffer') return computeOffered(state, message.body.offer, now)
  if (message.kind === 'cohorts') return cohortsDrawn(state, message)
  if (message.kind === 'receipt') return receipted(state, message)
  if (message.kind === 'encryptedUpdate')
    return Participant.isOwn(state, message) ? takeUp(state, message) : state
  if (!Participant.isFromModelProvider(state, message)) return state
  if (
    message.kind === 'request' &&
    message.body.to === state.me.account &&
    message.slot > state.asked.attempt
  )
    return { ...state, asked: { attempt: message.slot, among: message.body.among } }
  if (message.kind === 'roster' && message.slot > (state.roster?.slot ?? -1))
    return { ...state, roster: { slot: message.slot, body: message.body } }
  if (message.kind === 'roundOpened') return roundOpened(state, message)
  const round = state.rounds[message.round]
  if (message.kind !== 'opened' || round === undefined) return state
  return put(state, { ...round, accuracy: message.body.accuracy ?? undefined })
}

function computeOffered(state: State, offer: Offer.ComputeOffer, now: number): State {
  if (state.ledger.state === 'running' || Offer.isExpired(offer, now)) return state
  return { ...state, computes: { ...state.computes, [offer.account]: offer } }
>>>>>>> main
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

<<<<<<< HEAD
=======
function roundOpened(state: State, message: Message.Of<'roundOpened'>): State {
  if (state.rounds[message.round] !== undefined || message.round > state.terms.maxRounds) return state
  const opened: Round = {
    round: message.round,
    opened: message.bodyDigest,
    body: message.body,
    ready: false,
    cohorts: state.updates[message.round]?.body.cohorts,
    update: state.updates[message.round]?.digest,
    receipts: [],
    accuracy: undefined,
  }
  return put(state, opened)
}

/** Announces no second update of a round of which it hears its own, made before its state was restored. */
function takeUp(state: State, message: Message.Of<'encryptedUpdate'>): State {
  const { round: number, digest, body } = message
  const round = state.rounds[number]
  if (number > state.terms.maxRounds || state.updates[number] !== undefined) return state
  if (round === undefined) return { ...state, updates: { ...state.updates, [number]: message } }
  if (round.update !== undefined) return state
  const idle = Participant.unwish(state, ({ id }) => id === `contribute:${number}`)
  return put(idle, { ...round, cohorts: body.cohorts, update: digest })
}

function cohortsDrawn(state: State, message: Message.Of<'cohorts'>): State {
  if (state.ledger.state === 'none' || state.ledger.state === 'open')
    return Participant.keepEarly(state, message)
  if (Draw.read(state, message) === undefined) return state
  const { opened } = message.body
  if (state.cohorts[opened] !== undefined) return state
  return { ...state, cohorts: { ...state.cohorts, [opened]: message } }
}

function receipted(state: State, message: Message.Of<'receipt'>): State {
  if (message.body.account !== state.me.account) return state
  const round = state.rounds[message.round]
  const seat = Participant.committeeSeat(state, message)
  if (round === undefined || seat === undefined || message.body.update !== round.update) return state
  if (round.receipts.includes(seat)) return state
  return put(state, { ...round, receipts: [...round.receipts, seat] })
}

function contributed(
  state: State,
  result: Extract<Event.Result, { readonly type: 'contributed' }>,
  now: number,
): State {
  const finished = Participant.finish(state, result, now)
  if (finished?.effect.type !== 'contribute') return finished?.state ?? state
  const { opened, cohorts, round: number } = finished.effect
  const round = state.rounds[number]
  if (round === undefined) return finished.state
  const { cid, ciphertextRoot, byteLength } = result
  const draft = {
    kind: 'encryptedUpdate',
    task: state.id,
    round: number,
    slot: 0,
    body: { opened, cohorts, cid, ciphertextRoot, byteLength },
  } as const
  const { digest } = Message.digests(state.place, state.me.account, draft)
  return Participant.send(put(finished.state, { ...round, update: digest }), draft)
}

>>>>>>> main
/** Wishes for what the facts call for; changes nothing when nothing does. */
function advance(state: State, now: number): State {
  let next = Exits.tidy(state)
  if (next.ledger.state === 'open') next = DataConsent.advance(next, now)
  if (next.ledger.state === 'running' && isEnrolled(next)) next = DataRound.takePart(next, now)
  else next = DataRound.end(next)
  return isEnrolled(next) ? Exits.take(next, now) : next
}

<<<<<<< HEAD
=======
function consent(state: State): State {
  if (state.answer !== 'none' || !state.rules.consent) return state
  return { ...state, answer: { compute: undefined } }
}

function nominate(state: State, now: number): State {
  const { answer, asked, nominated } = state
  if (typeof answer === 'string' || nominated?.attempt === asked.attempt) return state
  const compute = Nominee.choose(state, answer.compute, now)
  if (compute === undefined) return state
  const told = { ...state, nominated: { attempt: asked.attempt, compute } }
  return Participant.send(told, {
    kind: 'nomination',
    task: state.id,
    round: 0,
    slot: asked.attempt,
    body: { compute },
  })
}

/** Signs a roster that has both itself and the compute provider that it nominated. */
function accept(state: State): State {
  const { roster, nominated, me, offer } = state
  if (roster === undefined || nominated === undefined || roster.slot <= state.accepted) return state
  const compute = roster.body.computes.indexOf(nominated.compute)
  if (compute === -1 || !roster.body.datas.includes(me.account)) return state
  const { floor, samples, quality, dataSignature } = offer
  const party: Party.DataParty = { ...me, floor, samples, quality, compute, dataSignature }
  const committee = Party.committeeHash(roster.body.computes)
  return Participant.send(
    { ...state, accepted: roster.slot },
    { kind: 'dataAcceptance', task: state.id, round: 0, slot: roster.slot, body: { committee, party } },
  )
}

function takePart(state: State, now: number): State {
  const round = currentRound(state)
  if (round === undefined) return state
  const tidied = dropRounds(state, (effect) => {
    if (Ledger.lastRound(state.ledger) >= effect.round || effect.round < round.round) return true
    return now > (effect.kind === 'ready' ? round.body.readyBy : round.body.closes)
  })
  return contribute(sayReady(tidied, round, now), now)
}

function sayReady(state: State, round: Round, now: number): State {
  if (round.ready || state.left || now > round.body.readyBy) return state
  if (Ledger.lastRound(state.ledger) >= round.round) return state
  return Participant.send(put(state, { ...round, ready: true }), {
    kind: 'ready',
    task: state.id,
    round: round.round,
    slot: 0,
    body: { opened: round.opened, masks: null },
  })
}

function contribute(state: State, now: number): State {
  const round = currentRound(state)
  if (round === undefined || !round.ready || round.cohorts !== undefined || state.left) return state
  const cohorts = state.cohorts[round.opened]
  if (!Participant.isAwake(state, now)) return state
  if (cohorts === undefined || now > round.body.updatesBy) return state
  if (!cohorts.body.cohorts.some((cohort) => cohort.includes(state.me.account))) return state
  const { model, modelHash, publicKey } = round.body
  return Participant.wish(put(state, { ...round, cohorts: cohorts.bodyDigest }), {
    id: `contribute:${round.round}`,
    type: 'contribute',
    round: round.round,
    model,
    modelHash,
    publicKey,
    opened: round.opened,
    cohorts: cohorts.bodyDigest,
    samples: state.offer.samples,
    dataSignature: state.offer.dataSignature,
  })
}

/** Drops wishes of rounds that are over. */
function dropRounds(
  state: State,
  isOver: (effect: {
    readonly round: number
    readonly kind: Message.Draft['kind'] | 'contribute'
  }) => boolean,
): State {
  return Participant.unwish(state, (effect) => {
    if (effect.type === 'contribute') return isOver({ round: effect.round, kind: effect.type })
    if (effect.type !== 'send' || effect.draft.round === 0) return false
    return isOver({ round: effect.draft.round, kind: effect.draft.kind })
  })
}

>>>>>>> main
/** Whether the task's end is this provider's concern. */
function isEnrolled(state: State): boolean {
  return state.ledger.state === 'open'
    ? state.nominated !== undefined && state.answer !== 'declined'
    : Ledger.seatOf(state.ledger.datas, state.me.account) !== undefined
}
