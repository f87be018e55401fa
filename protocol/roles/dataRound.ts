// A data provider's rounds: says Ready when it can share its masks, trains under a draw that it finds right, announces
// one update, and counts receipts.
import * as Message from '../message.ts'
import * as Plan from '../plan.ts'
import * as Accusation from './accusation.ts'
import { current, put } from './dataRoundFacts.ts'
import type { Round, State } from './dataRoundFacts.ts'
import * as DataReady from './dataReady.ts'
import * as Draw from './draw.ts'
import * as Drawn from './drawn.ts'
import type * as Event from './event.ts'
import * as Ledger from './ledger.ts'
import * as Participant from './participant.ts'
import * as Readiness from './readiness.ts'

export { current, nothing } from './dataRoundFacts.ts'
export type { Round, State } from './dataRoundFacts.ts'

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
  if (kind === 'recordProposed') return compare(state, message)
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
    masks: undefined,
    ready: false,
    cohorts: state.updates[round]?.body.cohorts,
    update: state.updates[round]?.digest,
    root: state.updates[round]?.body.ciphertextRoot,
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
  return put(idle, { ...round, cohorts: body.cohorts, update: digest, root: body.ciphertextRoot })
}

function receipted<state extends State>(state: state, message: Message.Of<'receipt'>): state {
  if (message.body.account !== state.me.account) return state
  const round = state.rounds[message.round]
  const seat = Participant.committeeSeat(state, message)
  if (round === undefined || seat === undefined || message.body.update !== round.update) return state
  if (round.receipts.includes(seat)) return state
  return put(state, { ...round, receipts: [...round.receipts, seat] })
}

/** Doubts a record that adds another update of this provider than it announced, or that one to other cohorts. */
function compare<state extends State>(state: state, message: Message.Of<'recordProposed'>): state {
  const { record, inputs } = message.body
  const author = Participant.committeeSeat(state, message)
  const seat = Ledger.seatOf(state.ledger.datas, state.me.account)
  if (author === undefined || seat === undefined || message.round !== record.round) return state
  if (message.round > state.terms.maxRounds || !((record.survivors >> BigInt(seat)) & 1n)) return state
  const named = inputs.find(({ provider }) => provider === seat)?.ciphertextRoot
  const own = state.rounds[message.round]
  const isOwn =
    named !== undefined &&
    named === own?.root &&
    record.opened === own.opened &&
    record.cohortsDigest === own.cohorts
  return isOwn ? state : Accusation.doubt(state, author, { body: message.body, sum: undefined })
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
    return round === undefined || round.ready ? next : put(next, { ...round, masks: result.masks })
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
  return Participant.send(put(next, { ...round, update: digest, root: ciphertextRoot }), draft)
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
  return contribute(DataReady.say(DataReady.prepare(asked, round, now), now), now)
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
