// What a member of the committee does in a round, step by step: draws cohorts or goes by another's draw here, keeps
// updates in memberUpdates.ts, makes records in memberRecord.ts, and gives shares away in memberUnmask.ts.
import type * as Message from '../message.ts'
<<<<<<< HEAD
import { put, viewOf } from './committeeRound.ts'
import type { Round, State } from './committeeRound.ts'
=======
import * as Record from '../record.ts'
import { isUnder, put, recomputation, withProposal, withSigned, withUpdate } from './committeeRound.ts'
import type { Proposed, Round, State } from './committeeRound.ts'
>>>>>>> main
import * as Draw from './draw.ts'
import * as MemberRecord from './memberRecord.ts'
import * as MemberUpdates from './memberUpdates.ts'
import * as Participant from './participant.ts'
import * as Rotation from './rotation.ts'

type Opened = Message.Of<'roundOpened'>

/** Changes nothing when the facts call for nothing. */
type Act = <state extends State>(
  state: state,
  round: Round,
  opened: Opened,
  seat: number,
  now: number,
) => state

/** Draws the cohorts when it is this seat's turn and nobody did. */
function draw<state extends State>(
  state: state,
  round: Round,
  opened: Opened,
  seat: number,
  now: number,
): state {
  const { readyBy, updatesBy, epoch } = opened.body
  const view = viewOf(round)
  if (round.adopted !== undefined || now > updatesBy || view === undefined) return state
  if (Draw.acceptable(state, view, round.drawn, now).length > 0) return state
  const rank = Rotation.rankOf(state, round.round, seat) ?? 0
  const cohorts = Draw.make(state, view)
  if (cohorts === undefined || !Participant.isAwake(state, now)) return state
  const isTurn = now > Rotation.drawsFrom(state, readyBy, rank)
  if (!isTurn && !(rank === 0 && Draw.isWhole(state, epoch, cohorts))) return state
  const draft = {
    kind: 'cohorts',
    task: state.id,
    round: round.round,
    slot: 0,
    body: { opened: opened.bodyDigest, cohorts },
  } as const
  return Participant.send(put(state, { ...round, adopted: Draw.own(state, seat, draft) }), draft)
}

/** Goes by the draw of the lowest rank that it knows of when it gives its first receipt. */
function adopt<state extends State>(
  state: state,
  round: Round,
  _opened: Opened,
  _seat: number,
  now: number,
): state {
  const isBound =
    state.signed[round.round] !== undefined ||
    round.adding !== undefined ||
    Object.values(round.updates).some(({ receipted }) => receipted)
  const view = viewOf(round)
  if (view === undefined || (round.adopted !== undefined && isBound)) return state
  const [best] = Draw.acceptable(state, view, round.drawn, now)
  if (best === undefined || best.digest === round.adopted?.digest) return state
  if (round.adopted !== undefined && rankOf(state, round, best) > rankOf(state, round, round.adopted))
    return state
  return put(state, { ...round, adopted: best })
}

function rankOf(state: State, round: Round, { seat }: Draw.Draw): number {
  return Rotation.rankOf(state, round.round, seat) ?? Infinity
}

<<<<<<< HEAD
=======
/** Fetches and checks what was announced. */
function check<state extends State>(state: state, round: Round): state {
  const { adopted } = round
  if (adopted === undefined || state.signed[round.round] !== undefined) return state
  const members = adopted.cohorts.reduce((all, cohort) => all | cohort, 0n)
  const byteLength = state.terms.words * wordBytes
  let next = state
  let updates = round.updates
  for (const update of Object.values(round.updates)) {
    if (update.state !== 'new' || ((members >> BigInt(update.input.provider)) & 1n) === 0n) continue
    const isSized = (update.message?.body.byteLength ?? byteLength) === byteLength
    const device = state.ledger.datas[update.input.provider]?.device
    if (!isSized || !isUnder(round, update) || device === undefined) continue
    next = Participant.wish(next, {
      id: `check:${round.round}:${update.input.provider}:${update.input.ciphertextRoot}`,
      type: 'check',
      round: round.round,
      input: update.input,
      device,
      byteLength,
    })
    updates = { ...updates, [update.input.provider]: { ...update, state: 'checking' } }
  }
  return updates === round.updates ? next : put(next, { ...round, updates })
}

/** Promises to sign nothing that misses a sound update; not once a record is being made. */
function giveReceipts<state extends State>(
  state: state,
  round: Round,
  opened: Opened,
  _seat: number,
  now: number,
): state {
  if (state.signed[round.round] !== undefined || round.adding !== undefined || now > opened.body.updatesBy)
    return state
  if (Object.values(round.proposals).some(({ verdict }) => verdict === 'recomputing' || verdict === 'right'))
    return state
  let next = state
  let updates = round.updates
  for (const update of Object.values(round.updates)) {
    if (update.state !== 'sound' || update.receipted || update.message === undefined) continue
    if (!isUnder(round, update)) continue
    next = Participant.send(next, {
      kind: 'receipt',
      task: state.id,
      round: round.round,
      slot: update.input.provider,
      body: { update: update.message.digest, account: update.message.sender },
    })
    updates = { ...updates, [update.input.provider]: { ...update, receipted: true } }
  }
  return updates === round.updates ? next : put(next, { ...round, updates })
}

/** Adds what was delivered when everything is there or its turn has come. */
function add<state extends State>(
  state: state,
  round: Round,
  opened: Opened,
  seat: number,
  now: number,
): state {
  const { adopted } = round
  if (adopted === undefined || round.adding !== undefined || state.signed[round.round] !== undefined)
    return state
  const rank = Rotation.rankOf(state, round.round, seat) ?? 0
  const turn = Rotation.proposesFrom(state, opened.body.updatesBy, rank)
  const members = Record.seats(adopted.cohorts.reduce((all, cohort) => all | cohort, 0n))
  const updates = members
    .flatMap((member) => round.updates[member] ?? [])
    .filter((update) => isUnder(round, update))
  const isSettled = updates.every(({ state: at }) => at === 'sound' || at === 'faulty')
  const complete = rank === 0 && updates.length === members.length && isSettled
  const isExamining = Object.values(round.proposals).some(({ verdict }) => verdict !== 'refused')
  const patience = !isSettled || isExamining ? Rotation.commitTurn(state) / 2 : rank === 0 ? grace : 0
  if (!complete && (now <= turn + patience || !Participant.isAwake(state, now))) return state

  const delivered = updates.filter(({ state: at }) => at === 'sound').map(({ input }) => input)
  const sets = Ledger.openedSets(state.ledger, state.terms, round.round)
  const survivors = adopted.cohorts.reduce((all, cohort) => {
    const there = cohort & Record.bitmapOf(delivered.map(({ provider }) => provider))
    return all | Survivors.choose(there, sets, state.terms.minCohort)
  }, 0n)
  if (survivors === 0n)
    return Participant.note(state, `Too few updates of round ${round.round} can be opened together.`)
  return Participant.wish(put(state, { ...round, adding: { delivered, survivors } }), {
    id: `aggregate:${round.round}`,
    type: 'aggregate',
    round: round.round,
    cohorts: Proposal.cohortsOf({ cohorts: adopted.cohorts, survivors }, delivered),
  })
}

/** Proposes the record of what it added, and signs it. */
export function propose<state extends State>(
  state: state,
  number: number,
  sums: readonly Proposal.Sum[],
): state {
  const round = state.rounds[number]
  const seat = Ledger.seatOf(state.ledger.computes, state.me.account)
  if (round?.opened === undefined || round.adopted === undefined || round.adding === undefined) return state
  if (seat === undefined || state.signed[round.round] !== undefined) return state
  const { survivors, delivered: inputs } = round.adding
  const { digest: cohortsDigest, cohorts } = round.adopted
  const record: Record.Record = {
    round: number,
    closes: round.opened.body.closes,
    opened: round.opened.bodyDigest,
    cohortsDigest,
    aggregator: seat,
    delivered: Record.bitmapOf(inputs.map(({ provider }) => provider)),
    survivors,
    cohorts,
    sums: Proposal.sumsDigest(state, { cohorts, survivors }, inputs, sums),
    openerSignature: round.opened.once ?? '0x',
  }
  const body = { record, inputs, sums }
  const hash = Record.hash(record)
  const next = put(state, withProposal(round, { hash, seat, body, verdict: 'right' }))
  return Participant.send(next, { kind: 'recordProposed', task: state.id, round: number, slot: 0, body })
}

/** Looks at what others propose, and recomputes what nothing speaks against. */
function examine<state extends State>(
  state: state,
  round: Round,
  opened: Opened,
  _seat: number,
  now: number,
): state {
  if (state.signed[round.round] !== undefined || round.adopted === undefined) return state
  let next = state
  for (const proposal of Object.values(round.proposals)) {
    if (proposal.verdict !== 'new') continue
    const rank = Rotation.rankOf(state, round.round, proposal.seat) ?? 0
    if (rank > 0 && now < Rotation.proposesFrom(state, opened.body.updatesBy, rank) - grace) continue
    const fresh = next.rounds[round.round] ?? round
    const fault = faultOf(state, fresh, opened, proposal)
    if (fault !== undefined) {
      next = put(Participant.note(next, fault), withProposal(fresh, { ...proposal, verdict: 'refused' }))
      continue
    }
    const missing = proposal.body.inputs.filter(({ provider }) => fresh.updates[provider] === undefined)
    if (missing.length > 0) {
      const asked = missing.reduce(
        (so, input) => withUpdate(so, { input, message: undefined, state: 'new', receipted: false }),
        fresh,
      )
      next = put(next, asked)
      continue
    }
    if (proposal.body.inputs.some(({ provider }) => fresh.updates[provider]?.state !== 'sound')) continue
    next = Participant.wish(put(next, withProposal(fresh, { ...proposal, verdict: 'recomputing' })), {
      id: recomputation(round.round, proposal.hash),
      type: 'recompute',
      round: round.round,
      cohorts: Proposal.cohortsOf(proposal.body.record, proposal.body.inputs),
    })
  }
  return next
}

function faultOf(state: State, round: Round, opened: Opened, { seat, body }: Proposed): string | undefined {
  const { adopted, updates } = round
  if (adopted === undefined || opened.once === undefined) return undefined
  const known = body.inputs.map(({ provider }) => updates[provider])
  const differs = (a: Effect.Input, b: Effect.Input | undefined) =>
    a.ciphertextRoot !== b?.ciphertextRoot || a.signature !== b.signature
  if (known.some((update, at) => update !== undefined && differs(update.input, body.inputs[at])))
    return `The record of round ${round.round} names another update than we keep.`
  if (known.some((update) => update !== undefined && !isUnder(round, update)))
    return `The record of round ${round.round} adds an update that was made for other cohorts.`
  if (known.some((update) => update?.state === 'faulty'))
    return `The record of round ${round.round} adds an update that is not sound.`
  const receipts = Object.values(updates).filter(({ receipted }) => receipted)
  return Proposal.faultOf(state, body, {
    round: round.round,
    closes: opened.body.closes,
    opened: opened.bodyDigest,
    openerSignature: opened.once,
    cohortsDigest: adopted.digest,
    cohorts: adopted.cohorts,
    aggregator: seat,
    receipts: Record.bitmapOf(receipts.map(({ input }) => input.provider)),
  })
}

/** Signs the first record that proved right; never a second, also not one that it signed before it was restored. */
function sign<state extends State>(
  state: state,
  round: Round,
  opened: Opened,
  _seat: number,
  now: number,
): state {
  if (state.signed[round.round] !== undefined || !Participant.isAwake(state, now)) return state
  const right = Object.values(round.proposals)
    .filter(({ verdict }) => verdict === 'right')
    .find((proposal) => faultOf(state, round, opened, proposal) === undefined)
  if (right === undefined) return state
  return Participant.send(withSigned(state, round.round, right.hash), {
    kind: 'recordSigned',
    task: state.id,
    round: round.round,
    slot: 0,
    body: { record: right.hash },
  })
}

/** Commits what enough members signed: the aggregator at once, the others one after another when it does not. */
function commit<state extends State>(
  state: state,
  round: Round,
  _opened: Opened,
  seat: number,
  now: number,
): state {
  const signed = state.signed[round.round]
  const proposal = signed === undefined ? undefined : round.proposals[signed]
  if (proposal === undefined) return state
  const { ledger, terms } = state
  const signatures = Object.entries(round.signatures[proposal.hash] ?? {})
    .map(([at, signature]) => ({ seat: Number(at), signature }))
    .filter((each) => Ledger.counts(ledger, each.seat))
    .toSorted((a, b) => a.seat - b.seat)
  if (signatures.length < terms.threshold || !signatures.some((each) => each.seat === proposal.seat))
    return state
  if (round.quorumAt === 0) return put(state, { ...round, quorumAt: now })
  const seats = Ledger.present(ledger)
  const order = (seats.indexOf(seat) - seats.indexOf(proposal.seat) + seats.length) % seats.length
  const complete = signatures.length === seats.length && order === 0
  const wait = grace + order * Math.max(grace, Rotation.commitTurn(state) / 2)
  if (!complete && now < round.quorumAt + wait) return state
  const { computes, datas } = ledger
  const commitment = { record: proposal.body.record, signatures }
  const call = { name: 'commitRound', terms, computes, datas, commitment } as const
  return Participant.submit(state, `commit:${round.round}`, call, now)
}

>>>>>>> main
/** In this order: what one does may call for the next. */
export const acts: readonly Act[] = [
  draw,
  adopt,
  MemberUpdates.check,
  MemberUpdates.giveReceipts,
  MemberRecord.add,
  MemberRecord.examine,
  MemberRecord.sign,
  MemberRecord.commit,
]
