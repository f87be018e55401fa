// The rounds of a committee member: takes in messages and results, forgets rounds that are over.
import type * as Message from '../message.ts'
import * as Record from '../record.ts'
import { blank, put, recomputation, withProposal, withSignature, withUpdate } from './committeeRound.ts'
import type { Proposed, Round, State } from './committeeRound.ts'
import type * as Effect from './effect.ts'
import type * as Event from './event.ts'
import * as Ledger from './ledger.ts'
import * as Member from './member.ts'
import * as Participant from './participant.ts'
import * as Rotation from './rotation.ts'

export type { Round, State } from './committeeRound.ts'

type RoundMessage = Extract<
  Message.Message,
  {
    readonly kind: 'roundOpened' | 'ready' | 'cohorts' | 'encryptedUpdate' | 'recordProposed' | 'recordSigned'
  }
>

export function read<state extends State>(state: state, message: RoundMessage, now: number): state {
  const { ledger, terms } = state
  if (ledger.state === 'none' || ledger.state === 'open') return Participant.keepEarly(state, message)
  if (message.round <= Ledger.lastRound(ledger) || message.round > terms.maxRounds) return state
  const round = state.rounds[message.round] ?? blank(message.round)
  const next = noted(state, round, message, now)
  return next === round ? state : put(state, next)
}

function noted(state: State, round: Round, message: RoundMessage, now: number): Round {
  switch (message.kind) {
    case 'roundOpened':
      if (round.opened !== undefined || !Participant.isFromModelProvider(state, message)) return round
      return { ...round, opened: message }
    case 'ready': {
      const seat = Participant.dataSeat(state, message)
      if (seat === undefined || round.ready[seat] !== undefined) return round
      return { ...round, ready: { ...round.ready, [seat]: message.body.opened } }
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
  if (round.opened !== undefined && now > round.opened.body.updatesBy + Member.grace) return round
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
  switch (effect.type) {
    case 'check': {
      const round = next.rounds[effect.round]
      const known = round?.updates[effect.input.provider]
      if (round === undefined || known?.input.ciphertextRoot !== effect.input.ciphertextRoot) return next
      const fault = result.type === 'checked' ? result.fault : 'The update could not be checked.'
      const noted = fault === '' ? next : Participant.note(next, fault)
      return put(noted, withUpdate(round, { ...known, state: fault === '' ? 'sound' : 'faulty' }))
    }
    case 'aggregate':
      return result.type === 'aggregated' ? Member.propose(next, effect.round, result.sums) : next
    case 'recompute': {
      const round = next.rounds[effect.round]
      const proposal = Object.values(round?.proposals ?? {}).find(
        ({ hash }) => recomputation(effect.round, hash) === effect.id,
      )
      if (round === undefined || proposal === undefined) return next
      const { sums } = proposal.body
      const right =
        result.type === 'aggregated' &&
        result.sums.length === sums.length &&
        sums.every(({ root }, at) => result.sums[at]?.root === root)
      const told = right
        ? next
        : Participant.note(next, `The sums proposed in round ${effect.round} are wrong.`)
      return put(told, withProposal(round, { ...proposal, verdict: right ? 'right' : 'refused' }))
    }
    case 'send': {
      const round = next.rounds[effect.draft.round]
      const seat = Ledger.seatOf(next.ledger.computes, next.me.account)
      if (effect.draft.kind !== 'recordSigned' || result.type !== 'sent' || result.once === undefined)
        return next
      if (round === undefined || seat === undefined) return next
      return put(next, withSignature(round, effect.draft.body.record, seat, result.once))
    }
    default:
      return next
  }
}

/** Wishes for what the facts of each open round call for. */
export function advance<state extends State>(state: state, now: number): state {
  let next = dropOver(state, now)
  const seat = Ledger.seatOf(next.ledger.computes, next.me.account)
  if (seat === undefined || Rotation.rankOf(next, 1, seat) === undefined) return next
  for (const number of Object.keys(next.rounds).map(Number)) {
    for (const act of Member.acts) {
      const round = next.rounds[number]
      if (round?.opened === undefined || now > round.opened.body.closes) break
      next = act(next, round, round.opened, seat, now)
    }
  }
  return next
}

/** Forgets every round. */
export function dropAll<state extends State>(state: state): state {
  const idle = Participant.unwish(state, (effect) => roundOf(effect) > 0)
  return Object.keys(idle.rounds).length === 0 ? idle : { ...idle, rounds: {} }
}

/** Forgets rounds that were committed or can be no more. */
function dropOver<state extends State>(state: state, now: number): state {
  const last = Ledger.lastRound(state.ledger)
  const rounds = Object.values(state.rounds)
  const newest = Math.max(0, ...rounds.filter(({ opened }) => opened !== undefined).map(({ round }) => round))
  const over = rounds.filter(
    ({ round, opened }) => round <= last || (round < newest && now > (opened?.body.closes ?? 0)),
  )
  const late = (round: number) => now > (state.rounds[round]?.opened?.body.closes ?? Infinity)
  const isOver = (round: number) => round <= last || late(round)
  const idle = Participant.unwish(state, (effect) => roundOf(effect) > 0 && isOver(roundOf(effect)))
  if (over.length === 0) return idle
  const gone = new Set(over.map(({ round }) => round))
  return {
    ...idle,
    rounds: Object.fromEntries(
      rounds.filter(({ round }) => !gone.has(round)).map((round) => [round.round, round]),
    ),
  }
}

function roundOf(effect: Effect.Effect): number {
  if (effect.type === 'send') return effect.draft.round
  if (effect.type === 'submit')
    return effect.call.name === 'commitRound' ? effect.call.commitment.record.round : 0
  return effect.round
}
