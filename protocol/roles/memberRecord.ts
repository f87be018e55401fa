// How a member makes and signs the record of a round: adds or recomputes, looks at everything it signs, signs one record
// per round, and only one that misses nobody it gave a receipt to.
import type * as Message from '../message.ts'
import * as Record from '../record.ts'
import {
  isUnder,
  put,
  recomputation,
  withProposal,
  withRival,
  withSigned,
  withUpdate,
} from './committeeRound.ts'
import type { Proposed, Round, State, Update } from './committeeRound.ts'
import type * as Effect from './effect.ts'
import * as Ledger from './ledger.ts'
import * as Participant from './participant.ts'
import * as Proposal from './proposal.ts'
import * as Rotation from './rotation.ts'
import * as Survivors from './survivors.ts'

type Opened = Message.Of<'roundOpened'>

/** Bytes in a 32-byte word. */
const wordBytes = 32

/** Adds what was delivered when everything is there or its turn has come. */
export function add<state extends State>(
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
  const patience =
    !isSettled || isExamining ? Rotation.commitTurn(state) / 2 : rank === 0 ? Rotation.grace : 0
  if (!complete && (now <= turn + patience || !Participant.isAwake(state, now))) return state

  const delivered = updates.filter(({ state: at }) => at === 'sound').map(({ input }) => input)
  const sets = Ledger.openedSets(state.ledger, state.terms, round.round)
  const there = Record.bitmapOf(delivered.map(({ provider }) => provider))
  const survivors = Survivors.chooseAll(adopted.cohorts, there, sets, state.terms.minCohort)
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
    jobs: Proposal.noJobs,
    sums: Proposal.sumsDigest(state, { cohorts, survivors }, inputs, sums),
    openerSignature: round.opened.once ?? '0x',
  }
  const body = { record, inputs, sums }
  const hash = Record.hash(record)
  const next = put(state, withProposal(round, { hash, seat, body, verdict: 'right' }))
  return Participant.send(next, { kind: 'recordProposed', task: state.id, round: number, slot: 0, body })
}

/** Looks at what others propose, and recomputes what nothing speaks against. */
export function examine<state extends State>(
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
    if (!isTimely(state, round, opened, proposal, now)) continue
    next = compare(next, next.rounds[round.round] ?? round, proposal)
    const fresh = next.rounds[round.round] ?? round
    if (proposal.body.inputs.some((input) => isCompared(fresh, input))) continue
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
    // Of the bytes that were checked: the proposal could name the same roots under another CID.
    const kept = proposal.body.inputs.flatMap(({ provider }) => fresh.updates[provider]?.input ?? [])
    next = Participant.wish(put(next, withProposal(fresh, { ...proposal, verdict: 'recomputing' })), {
      id: recomputation(round.round, proposal.hash),
      type: 'recompute',
      round: round.round,
      cohorts: Proposal.cohortsOf(proposal.body.record, kept),
      sums: proposal.body.sums,
    })
  }
  return next
}

/**
 * Looks at updates that a proposal names in place of ours: one takes the place of ours if that was not sound, or if its
 * provider signed both; then no receipt of ours binds us to it.
 */
function compare<state extends State>(state: state, round: Round, { body }: Proposed): state {
  const { opened, adopted } = round
  if (opened === undefined || adopted === undefined) return state
  let next = state
  for (const input of body.inputs) {
    const fresh = next.rounds[round.round] ?? round
    const known = fresh.updates[input.provider]
    if (known === undefined || known.state === 'checking' || !differs(input, known.input)) continue
    const other: Update = { input, message: undefined, state: 'new', receipted: false }
    const rival = fresh.rivals[input.provider]
    const device = state.ledger.datas[input.provider]?.device
    if (known.state === 'faulty') next = put(next, withUpdate(fresh, other))
    else if (device !== undefined && (rival === undefined || differs(rival.input, input)))
      next = Participant.wish(put(next, withRival(fresh, { ...other, state: 'checking' })), {
        id: `check:${round.round}:${input.provider}:${input.ciphertextRoot}`,
        type: 'check',
        round: round.round,
        opened: opened.bodyDigest,
        cohorts: adopted.digest,
        input,
        device,
        byteLength: state.terms.words * wordBytes,
      })
    else if (rival?.state === 'sound') next = put(next, withUpdate(fresh, rival))
  }
  return next
}

function isCompared({ rivals }: Round, input: Effect.Input): boolean {
  const rival = rivals[input.provider]
  return rival?.state === 'checking' && !differs(rival.input, input)
}

/** Whether these are two updates, or one that is signed in two ways. */
export function differs(a: Effect.Input, b: Effect.Input): boolean {
  return a.ciphertextRoot !== b.ciphertextRoot || a.signature !== b.signature
}

/** Whether it was the proposer's turn: before the end of the time for updates only when none can come any more. */
function isTimely(
  state: State,
  round: Round,
  opened: Opened,
  { seat, body }: Proposed,
  now: number,
): boolean {
  const rank = Rotation.rankOf(state, round.round, seat) ?? 0
  if (now >= Rotation.proposesFrom(state, opened.body.updatesBy, rank) - Rotation.grace) return true
  const { record } = body
  const missing = record.cohorts.reduce((all, cohort) => all | cohort, 0n) & ~record.delivered
  return rank === 0 && Record.seats(missing).every((each) => round.updates[each]?.state === 'faulty')
}

function faultOf(state: State, round: Round, opened: Opened, { seat, body }: Proposed): string | undefined {
  const { adopted, updates } = round
  if (adopted === undefined || opened.once === undefined) return undefined
  const known = body.inputs.map(({ provider }) => updates[provider])
  if (body.inputs.some((input, at) => known[at] !== undefined && differs(known[at].input, input)))
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
    jobs: Proposal.noJobs,
    receipts: Record.bitmapOf(receipts.map(({ input }) => input.provider)),
  })
}

/** Signs the first record that proved right; never a second, also not one that it signed before it was restored. */
export function sign<state extends State>(
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
export function commit<state extends State>(
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
  const wait = Rotation.grace + order * Math.max(Rotation.grace, Rotation.commitTurn(state) / 2)
  if (!complete && now < round.quorumAt + wait) return state
  const { computes, datas } = ledger
  const commitment = { record: proposal.body.record, signatures }
  const call = { name: 'commitRound', terms, computes, datas, commitment } as const
  return Participant.submit(state, `commit:${round.round}`, call, now)
}
