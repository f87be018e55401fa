// The rounds of a committee member: takes in messages and results, forgets rounds that are over.
import type * as Message from '../message.ts'
import * as Plan from '../plan.ts'
import * as Record from '../record.ts'
import {
  blank,
  put,
  recomputation,
  withProposal,
  withRival,
  withSignature,
  withSigned,
  withUpdate,
} from './committeeRound.ts'
import type { Proposed, Round, State } from './committeeRound.ts'
import * as Accusation from './accusation.ts'
import type * as Effect from './effect.ts'
import type * as Event from './event.ts'
import * as Ledger from './ledger.ts'
import * as Member from './member.ts'
import * as MemberRecord from './memberRecord.ts'
import * as MemberUnmask from './memberUnmask.ts'
import * as Participant from './participant.ts'
import * as Readiness from './readiness.ts'
import * as Rotation from './rotation.ts'

export { nothing } from './committeeRound.ts'
export type { State } from './committeeRound.ts'

type RoundMessage = Extract<
  Message.Message,
  {
    readonly kind: 'roundOpened' | 'ready' | 'cohorts' | 'encryptedUpdate' | 'recordProposed' | 'recordSigned'
  }
>

const kinds: readonly Message.Message['kind'][] = [
  'roundOpened',
  'ready',
  'cohorts',
  'encryptedUpdate',
  'recordProposed',
  'recordSigned',
]

/** Whether a member has to hear this. */
export function concerns(message: Message.Message): message is RoundMessage {
  return kinds.includes(message.kind)
}

export function read<state extends State>(state: state, message: RoundMessage, now: number): state {
  const { terms } = state
  if (Participant.isEarly(state)) return Participant.keepEarly(state, message)
  if (message.round > terms.maxRounds) return state
  // What it hears that it signed binds it, also where its state was restored from before.
  const bound =
    message.kind === 'recordSigned' && Participant.isOwn(state, message)
      ? withSigned(state, message.round, message.body.record)
      : state
  const known = bound.rounds[message.round]
  if (isOver(state, message.round, now) || (known === undefined && message.round <= state.dropped))
    return bound
  const round = known ?? blank(message.round)
  const next = noted(bound, round, message, now)
  return next === round ? bound : put(bound, next)
}

function noted(state: State, round: Round, message: RoundMessage, now: number): Round {
  switch (message.kind) {
    case 'roundOpened':
      if (round.opened !== undefined || !Participant.isFromModelProvider(state, message)) return round
      if (message.body.epoch !== Plan.epoch(state.terms, message.round)) return round
      return { ...round, opened: message }
    case 'ready': {
      const before = state.rounds[message.round - 1]?.ready ?? {}
      const mine = Ledger.seatOf(state.ledger.computes, state.me.account)
      const ready = Readiness.hear(round.ready, before, message, state, now, (seat) => seat === mine)
      return ready === round.ready ? round : { ...round, ready }
    }
    case 'cohorts':
      if (Participant.committeeSeat(state, message) === undefined) return round
      if (round.drawn.some(({ sender }) => sender === message.sender)) return round
      return { ...round, drawn: [...round.drawn, message] }
    case 'encryptedUpdate':
      return updateCame(state, round, message, now)
    case 'recordProposed': {
      const seat = Participant.committeeSeat(state, message)
      const hash = Record.hash(message.body.record)
      if (seat === undefined || round.proposals[hash] !== undefined) return round
      if (Object.values(round.proposals).some((other) => other.seat === seat)) return round
      const proposed: Proposed = { hash, seat, body: message.body, verdict: 'new' }
      return { ...round, proposals: { ...round.proposals, [hash]: proposed } }
    }
    case 'recordSigned': {
      const seat = Participant.committeeSeat(state, message)
      if (seat === undefined || message.once === undefined) return round
      return withSignature(round, message.body.record, seat, message.once)
    }
    default:
      return message satisfies never
  }
}

function updateCame(state: State, round: Round, message: Message.Of<'encryptedUpdate'>, now: number): Round {
  const seat = Participant.dataSeat(state, message)
  if (seat === undefined || message.once === undefined) return round
  if (round.opened !== undefined && now > round.opened.body.updatesBy + Rotation.grace) return round
  const { cid, ciphertextRoot } = message.body
  const known = round.updates[seat]
  const input = { provider: seat, cid, ciphertextRoot, signature: message.once }
  const isDoubtful = known?.state === 'faulty' || known?.input.ciphertextRoot !== ciphertextRoot
  if (known === undefined || (known.message === undefined && isDoubtful))
    return withUpdate(round, { input, message, state: 'new', receipted: false })
  return known.message === undefined ? withUpdate(round, { ...known, message }) : round
}

/** Takes in how a wish went. */
export function finish<state extends State>(state: state, result: Event.Result, now: number): state {
  const finished = Participant.finish(state, result, now)
  if (finished === undefined) return state
  const { effect, state: next } = finished
  if (effect.type === 'check') return checked(next, effect, result)
  if (effect.type === 'aggregate' && result.type === 'aggregated')
    return MemberRecord.propose(next, effect.round, result.sums, now)
  if (effect.type === 'recompute') return recomputed(next, effect, result)
  if (effect.type === 'seal' && result.type === 'sealed')
    return MemberUnmask.announce(next, effect.epoch, result.key)
  if (effect.type === 'unmask' && result.type === 'unmasked') return MemberUnmask.say(next, effect, result)
  if (effect.type !== 'send' || effect.draft.kind !== 'recordSigned') return next
  const round = next.rounds[effect.draft.round]
  const seat = Ledger.seatOf(next.ledger.computes, next.me.account)
  if (round === undefined || seat === undefined) return next
  if (result.type !== 'sent' || result.once === undefined) return next
  return put(next, withSignature(round, effect.draft.body.record, seat, result.once))
}

function checked<state extends State>(
  state: state,
  { round: number, input }: Extract<Effect.Effect, { readonly type: 'check' }>,
  result: Event.Result,
): state {
  const round = state.rounds[number]
  const known = round?.updates[input.provider]
  if (round === undefined) return state
  if (known?.input.ciphertextRoot !== input.ciphertextRoot) return rivalChecked(state, round, input, result)
  const fault = result.type === 'checked' ? result.fault : 'The update could not be checked.'
  if (fault === '') return put(state, withUpdate(round, { ...known, state: 'sound' }))
  return put(Participant.note(state, fault), withUpdate(round, { ...known, state: 'faulty' }))
}

/** A provider of which two updates are sound signed both. */
function rivalChecked<state extends State>(
  state: state,
  round: Round,
  input: Effect.Input,
  result: Event.Result,
): state {
  const rival = round.rivals[input.provider]
  if (rival?.input.ciphertextRoot !== input.ciphertextRoot) return state
  if (result.type !== 'checked' || result.fault !== '')
    return put(state, withRival(round, { ...rival, state: 'faulty' }))
  const account = state.ledger.datas[input.provider]?.account ?? ''
  const told = Participant.note(state, `${account} announced two updates in round ${round.round}.`)
  const sound = { ...rival, state: 'sound' } as const
  return put(told, withUpdate(withRival(round, sound), sound))
}

function recomputed<state extends State>(
  state: state,
  { id, round: number }: Extract<Effect.Effect, { readonly type: 'recompute' }>,
  result: Event.Result,
): state {
  const round = state.rounds[number]
  const proposal = Object.values(round?.proposals ?? {}).find(
    ({ hash }) => recomputation(number, hash) === id,
  )
  if (round === undefined || proposal === undefined) return state
  const { sums } = proposal.body
  const isRight =
    result.type === 'aggregated' &&
    result.sums.length === sums.length &&
    sums.every(({ root, cid }, at) => result.sums[at]?.root === root && result.sums[at].cid === cid)
  if (isRight) return put(state, withProposal(round, { ...proposal, verdict: 'right' }))
  const told = Participant.note(state, `The sums proposed in round ${number} are wrong.`)
  const refused = put(told, withProposal(round, { ...proposal, verdict: 'refused' }))
  const wrong =
    result.type === 'aggregated' && result.sums.length === sums.length
      ? sums.findIndex(({ root }, at) => result.sums[at]?.root !== root)
      : -1
  return wrong === -1
    ? refused
    : Accusation.doubt(refused, proposal.seat, { body: withKept(round, proposal.body), sum: wrong })
}

/** The same inputs where this member found their bytes: a liar may name them where they are not. */
function withKept({ updates }: Round, body: Proposed['body']): Proposed['body'] {
  return { ...body, inputs: body.inputs.map((input) => updates[input.provider]?.input ?? input) }
}

/** Wishes for what the facts of each open round call for. */
export function advance<state extends State>(state: state, now: number): state {
  let next = dropOver(state, now)
  const seat = Ledger.seatOf(next.ledger.computes, next.me.account)
  if (seat === undefined || Rotation.rankOf(next, 1, seat) === undefined) return next
  next = MemberUnmask.keepKeys(next)
  for (const number of Object.keys(next.rounds).map(Number)) {
    const known = next.rounds[number]
    if (known !== undefined) next = MemberUnmask.unmask(doubt(next, known), known, seat)
    if (Ledger.committed(next.ledger, number) !== undefined) continue
    for (const act of Member.acts) {
      const round = next.rounds[number]
      if (round?.opened === undefined || now > round.opened.body.closes) break
      next = act(next, round, round.opened, seat, now)
    }
  }
  return next
}

/** Doubts the committed record if it adds another update than this member keeps, or one that it found at fault. */
function doubt<state extends State>(state: state, { round, proposals, updates, rivals }: Round): state {
  const committed = Ledger.committed(state.ledger, round)
  const proposal = committed === undefined ? undefined : proposals[Record.hash(committed.record)]
  if (proposal === undefined || state.signed[round] === proposal.hash) return state
  const { inputs, record } = proposal.body
  const survivors = inputs.filter(({ provider }) => (record.survivors >> BigInt(provider)) & 1n)
  const isDoubtful = survivors.some((input) => {
    const known = [updates[input.provider], rivals[input.provider]].filter((each) => each !== undefined)
    const same = known.find((each) => !MemberRecord.differs(input, each.input))
    return known.length > 0 && (same === undefined || same.state === 'faulty')
  })
  const isShort = survivors.length < Record.seats(record.survivors).length
  return isDoubtful || isShort
    ? Accusation.doubt(state, proposal.seat, { body: proposal.body, sum: undefined })
    : state
}

/** Forgets every round when the task has ended, and then the keys. */
export function dropAll<state extends State>(state: state): state {
  const idle = Participant.unwish(
    state,
    (effect) => roundOf(effect) > 0 || effect.type === 'header' || effect.type === 'seal',
  )
  return MemberUnmask.eraseKeys(Object.keys(idle.rounds).length === 0 ? idle : { ...idle, rounds: {} })
}

/**
 * Whether nothing is to be done for a round any more: it was given away and its sums were recomputed, or it was
 * overtaken, or its time is over.
 */
function isOver(state: State, round: number, now: number): boolean {
  const committed = Ledger.committed(state.ledger, round)
  if (committed === undefined) return round <= Ledger.lastRound(state.ledger)
  if (now > MemberUnmask.opensBy(state, committed.record.closes)) return true
  const isAudited = state.outbox[recomputation(round, Record.hash(committed.record))] === undefined
  return state.released[round] !== undefined && isAudited
}

/** Forgets rounds that are over, and wishes that nobody waits for any more. */
function dropOver<state extends State>(state: state, now: number): state {
  const rounds = Object.values(state.rounds)
  const newest = Math.max(0, ...rounds.filter(({ opened }) => opened !== undefined).map(({ round }) => round))
  const closes = (round: number) => state.rounds[round]?.opened?.body.closes ?? Infinity
  const isCommitted = (round: number) => Ledger.committed(state.ledger, round) !== undefined
  const isDead = (round: number) =>
    isOver(state, round, now) || (!isCommitted(round) && round < newest && now > closes(round))
  const idle = Participant.unwish(state, (effect) => {
    const round = roundOf(effect)
    if (round === 0) return false
    const committed = Ledger.committed(state.ledger, round)
    if (committed === undefined) return round <= Ledger.lastRound(state.ledger) || now > closes(round)
    const isRelease = effect.type === 'unmask' || (effect.type === 'send' && effect.draft.kind === 'unmask')
    const isAudit = effect.id === recomputation(round, Record.hash(committed.record))
    return (!isRelease && !isAudit) || now > MemberUnmask.opensBy(state, committed.record.closes)
  })
  const over = rounds.filter(({ round }) => isDead(round))
  if (over.length === 0) return idle
  const kept = rounds.filter(({ round }) => !isDead(round))
  return {
    ...idle,
    dropped: Math.max(state.dropped, ...over.map(({ round }) => round)),
    rounds: Object.fromEntries(kept.map((round) => [round.round, round])),
  }
}

function roundOf(effect: Effect.Effect): number {
  if (effect.type === 'send') return effect.draft.round
  if (effect.type === 'submit')
    return effect.call.name === 'commitRound' ? effect.call.commitment.record.round : 0
  return 'round' in effect ? effect.round : 0
}
