// A data provider's rounds: says Ready when it can share its masks, trains under a draw that it finds right, announces
// one update, and counts receipts.
import type * as Body from '../body.ts'
import type { Hex } from '../codec.ts'
import * as Message from '../message.ts'
import type * as Offer from '../offer.ts'
import * as Plan from '../plan.ts'
import * as Draw from './draw.ts'
import * as Drawn from './drawn.ts'
import type * as Event from './event.ts'
import * as Ledger from './ledger.ts'
import * as Participant from './participant.ts'
import * as Readiness from './readiness.ts'

export type Round = {
  readonly round: number
  /** Digest of the body of `RoundOpened`. */
  readonly opened: Hex
  readonly body: Body.Of<'roundOpened'>
  /** Has its worker make masks; from here on there are secrets of this round. */
  readonly preparing: boolean
  /** Said `Ready`; from here on leaving shows. */
  readonly ready: boolean
  /** Digest of the body of the `Cohorts` that it trains under. */
  readonly cohorts: Hex | undefined
  /** Digest of its `EncryptedUpdate` message. */
  readonly update: Hex | undefined
  /** Committee seats that keep the update. */
  readonly receipts: readonly number[]
  /** Basis points, as the model provider says. */
  readonly accuracy: number | undefined
  /** Its secrets are erased. */
  readonly forgotten: boolean
}

/** What others said of a round, which may come before it was opened. */
type Heard = { readonly ready: Readiness.Readiness; readonly drawn: readonly Message.Of<'cohorts'>[] }

export type State = Drawn.State & {
  readonly offer: Offer.DataOffer
  /** Takes part in no further round. */
  readonly left: boolean
  readonly rounds: Readonly<{ [round: number]: Round }>
  readonly heard: Readonly<{ [round: number]: Heard }>
  /** Members' sealing keys, by epoch and committee seat. */
  readonly sealing: Readonly<{ [epoch: number]: Readonly<{ [seat: number]: Hex }> }>
  /** By round, the `EncryptedUpdate` that it heard itself say before it knew of it. */
  readonly updates: Readonly<{ [round: number]: Message.Of<'encryptedUpdate'> }>
}

export const nothing: Pick<State, 'headers' | 'rounds' | 'heard' | 'sealing' | 'updates'> = {
  headers: {},
  rounds: {},
  heard: {},
  sealing: {},
  updates: {},
}

/** The round it takes part in or waits for the end of. */
export function current(state: State): Round | undefined {
  const numbers = Object.keys(state.rounds).map(Number)
  return numbers.length === 0 ? undefined : state.rounds[Math.max(...numbers)]
}

/** Takes in a message about rounds. */
export function read<state extends State>(state: state, message: Message.Message, now: number): state {
  const { kind } = message
  if (kind === 'receipt') return receipted(state, message)
  if (kind === 'encryptedUpdate') return Participant.isOwn(state, message) ? takeUp(state, message) : state
  if (kind === 'roundOpened')
    return Participant.isFromModelProvider(state, message) ? roundOpened(state, message) : state
  if (kind === 'opened') {
    const round = state.rounds[message.round]
    if (round === undefined || !Participant.isFromModelProvider(state, message)) return state
    return put(state, { ...round, accuracy: message.body.accuracy ?? undefined })
  }
  if (kind !== 'sealingKey' && kind !== 'ready' && kind !== 'cohorts') return state
  if (state.ledger.state === 'none' || state.ledger.state === 'open')
    return Participant.keepEarly(state, message)
  return kind === 'sealingKey' ? keyTold(state, message) : said(state, message, now)
}

function roundOpened<state extends State>(state: state, message: Message.Of<'roundOpened'>): state {
  const { round, body, bodyDigest } = message
  if (state.rounds[round] !== undefined || round > state.terms.maxRounds) return state
  if (body.epoch !== Plan.epoch(state.terms, round)) return state
  return put(state, {
    round,
    opened: bodyDigest,
    body,
    preparing: false,
    ready: false,
    cohorts: state.updates[round]?.body.cohorts,
    update: state.updates[round]?.digest,
    receipts: [],
    accuracy: undefined,
    forgotten: false,
  })
}

/** Announces no second update of a round of which it hears its own, made before its state was restored. */
function takeUp<state extends State>(state: state, message: Message.Of<'encryptedUpdate'>): state {
  const { round: number, digest, body } = message
  const round = state.rounds[number]
  if (number > state.terms.maxRounds || state.updates[number] !== undefined) return state
  if (round === undefined) return { ...state, updates: { ...state.updates, [number]: message } }
  if (round.update !== undefined) return state
  const idle = Participant.unwish(state, ({ id }) => id === `contribute:${number}`)
  return put(idle, { ...round, cohorts: body.cohorts, update: digest })
}

function receipted<state extends State>(state: state, message: Message.Of<'receipt'>): state {
  if (message.body.account !== state.me.account) return state
  const round = state.rounds[message.round]
  const seat = Participant.committeeSeat(state, message)
  if (round === undefined || seat === undefined || message.body.update !== round.update) return state
  if (round.receipts.includes(seat)) return state
  return put(state, { ...round, receipts: [...round.receipts, seat] })
}

/** The first key that a member says for an epoch is the one. */
function keyTold<state extends State>(state: state, message: Message.Of<'sealingKey'>): state {
  const { epoch, key } = message.body
  const seat = Participant.committeeSeat(state, message)
  const known = state.sealing[epoch] ?? {}
  if (seat === undefined || known[seat] !== undefined || message.slot !== epoch) return state
  if (epoch > Plan.epoch(state.terms, state.terms.maxRounds)) return state
  return { ...state, sealing: { ...state.sealing, [epoch]: { ...known, [seat]: key } } }
}

function said<state extends State>(
  state: state,
  message: Message.Of<'ready'> | Message.Of<'cohorts'>,
  now: number,
): state {
  const { round: number } = message
  if (number < (current(state)?.round ?? 0) || number > state.terms.maxRounds) return state
  const heard = state.heard[number] ?? { ready: {}, drawn: [] }
  if (message.kind === 'cohorts') {
    if (Participant.committeeSeat(state, message) === undefined) return state
    if (heard.drawn.some(({ sender }) => sender === message.sender)) return state
    return { ...state, heard: { ...state.heard, [number]: { ...heard, drawn: [...heard.drawn, message] } } }
  }
  const before = state.heard[number - 1]?.ready ?? {}
  const ready = Readiness.hear(heard.ready, before, message, state, now, () => false)
  return ready === heard.ready
    ? state
    : { ...state, heard: { ...state.heard, [number]: { ...heard, ready } } }
}

/** Takes in how a wish went. */
export function finish<state extends State>(state: state, result: Event.Result, now: number): state {
  const finished = Participant.finish(state, result, now)
  if (finished === undefined) return state
  const { effect, state: next } = finished
  if (effect.type === 'prepareReady' && result.type === 'masked') {
    const round = next.rounds[effect.round]
    if (round === undefined || round.ready || now > round.body.readyBy) return next
    return Participant.send(put(next, { ...round, ready: true }), {
      kind: 'ready',
      task: next.id,
      round: effect.round,
      slot: 0,
      body: { opened: effect.opened, masks: result.masks },
    })
  }
  if (effect.type !== 'contribute' || result.type !== 'contributed') return next
  const { opened, cohorts, round: number } = effect
  const round = next.rounds[number]
  if (round === undefined) return next
  const { cid, ciphertextRoot, byteLength } = result
  const draft = {
    kind: 'encryptedUpdate',
    task: next.id,
    round: number,
    slot: 0,
    body: { opened, cohorts, cid, ciphertextRoot, byteLength },
  } as const
  const { digest } = Message.digests(next.place, next.me.account, draft)
  return Participant.send(put(next, { ...round, update: digest }), draft)
}

/** Wishes for what the round under way calls for. */
export function takePart<state extends State>(state: state, now: number): state {
  const round = current(state)
  if (round === undefined) return Drawn.ask(state, 0)
  const tidied = drop(state, (effect) => {
    if (Ledger.lastRound(state.ledger) >= effect.round || effect.round < round.round) return true
    return now > (effect.isReady ? round.body.readyBy : round.body.closes)
  })
  const asked = Drawn.ask(prune(forgetOver(tidied), round.round), round.body.epoch)
  return contribute(prepareReady(asked, round, now), now)
}

/**
 * Makes masks once all present members have said their keys, or enough of them in half of the time for it. Wishes for
 * them once: where its worker refuses, the round is given up before anybody counts on this provider.
 */
function prepareReady<state extends State>(state: state, round: Round, now: number): state {
  const { readyBy, epoch } = round.body
  if (round.preparing || state.left || now > readyBy) return state
  if (Ledger.lastRound(state.ledger) >= round.round) return state
  const { threshold } = state.terms
  const keys = state.sealing[epoch] ?? {}
  const present = Ledger.present(state.ledger)
  const members = present.flatMap((seat) => {
    const [key, party] = [keys[seat], state.ledger.computes[seat]]
    return key === undefined || party === undefined ? [] : [{ seat, account: party.account, key }]
  })
  const isLate = now >= readyBy - state.spec.timeouts.ready / 2
  if (members.length < present.length && (!isLate || members.length < threshold)) return state
  const { dataSignature } = state.offer
  const wish = { type: 'prepareReady', round: round.round, opened: round.opened, dataSignature } as const
  const id = `ready:${round.round}`
  return Participant.wish(put(state, { ...round, preparing: true }), { id, ...wish, members, threshold })
}

function contribute<state extends State>(state: state, now: number): state {
  const round = current(state)
  if (round === undefined || !round.ready || round.cohorts !== undefined || state.left) return state
  const heard = state.heard[round.round]
  if (!Participant.isAwake(state, now)) return state
  if (heard === undefined || now > round.body.updatesBy) return state
  const view = { round: round.round, opened: round.opened, body: round.body, ready: heard.ready }
  const [draw] = Draw.acceptable(state, view, heard.drawn, now)
  const message = heard.drawn.find(({ bodyDigest }) => bodyDigest === draw?.digest)
  const cohort = message?.body.cohorts.find((list) => list.includes(state.me.account))
  if (message === undefined || cohort === undefined) return state
  const peers = cohort
    .filter((account) => account !== state.me.account)
    .map((account) => {
      const seat = Ledger.seatOf(state.ledger.datas, account) ?? -1
      return { account, ephemeral: heard.ready[seat]?.masks.ephemeral ?? '0x' }
    })
  const { model, modelHash, publicKey } = round.body
  return Participant.wish(put(state, { ...round, cohorts: message.bodyDigest }), {
    id: `contribute:${round.round}`,
    type: 'contribute',
    round: round.round,
    model,
    modelHash,
    publicKey,
    opened: round.opened,
    cohorts: message.bodyDigest,
    peers,
    samples: state.offer.samples,
    dataSignature: state.offer.dataSignature,
  })
}

/** Erases the secrets of rounds that ended: on chain, or by the time of its blocks. */
function forgetOver<state extends State>(state: state): state {
  const { ledger } = state
  return forget(state, (round) => round.round <= Ledger.lastRound(ledger) || ledger.head > round.body.closes)
}

/** Drops every wish about rounds, and erases what is left of them, when the task is over for this provider. */
export function end<state extends State>(state: state): state {
  const idle = Participant.unwish(
    drop(state, () => true),
    ({ type }) => type === 'header',
  )
  return forget(idle, () => true)
}

function forget<state extends State>(state: state, isOver: (round: Round) => boolean): state {
  return Object.values(state.rounds)
    .filter((round) => round.preparing && !round.forgotten && isOver(round))
    .reduce((so, round) => {
      const idle = drop(so, (effect) => effect.round === round.round)
      return Participant.wish(put(idle, { ...round, forgotten: true }), {
        id: `forget:round:${round.round}`,
        type: 'forget',
        of: 'round',
        number: round.round,
      })
    }, state)
}

/** What others said of rounds before the last one is needed no more. */
function prune<state extends State>(state: state, round: number): state {
  const kept = Object.entries(state.heard).filter(([number]) => Number(number) >= round - 1)
  return kept.length === Object.keys(state.heard).length
    ? state
    : { ...state, heard: Object.fromEntries(kept) }
}

function drop<state extends State>(
  state: state,
  isOver: (effect: { readonly round: number; readonly isReady: boolean }) => boolean,
): state {
  return Participant.unwish(state, (effect) => {
    if (effect.type === 'contribute') return isOver({ round: effect.round, isReady: false })
    if (effect.type === 'prepareReady') return isOver({ round: effect.round, isReady: true })
    if (effect.type !== 'send' || effect.draft.round === 0) return false
    return isOver({ round: effect.draft.round, isReady: effect.draft.kind === 'ready' })
  })
}

function put<state extends State>(state: state, round: Round): state {
  return { ...state, rounds: { ...state.rounds, [round.round]: round } }
}
