// What a role does about lies that it can prove: shows the market the evidence, in its turn, until the market knows or
// takes none any more. A proof earns nobody anything, so one is enough.
import * as Record from '../record.ts'
import type * as Effect from './effect.ts'
import * as Exits from './exits.ts'
import * as Ledger from './ledger.ts'
import * as Participant from './participant.ts'
import * as Proposal from './proposal.ts'
import * as Witness from './witness.ts'

/** Seconds between the turns of two participants, and the longest that one waits for its own. */
const turn = 10
const longest = 120
/** How often is shown what only may be false: some refusals are for what was committed meanwhile. */
const mostTries = 4

export type Lie = {
  /** Of the wish to prove it. */
  readonly id: string
  readonly kind: 'openings' | 'records' | 'inputs' | 'sums'
  readonly round: number
  /** What it is, as a sentence. */
  readonly sentence: string
  readonly call: Extract<Effect.Call, { readonly name: 'prove' | 'proveForged' | 'proveSum' }>
}

/** What this role holds evidence of and the market does not know yet, nor refused too often. */
export function lies(state: Participant.Participant): readonly Lie[] {
  if (!isProvable(state)) return []
  const given = (lie: Lie) => isDoubt(lie) && (state.tries[lie.id]?.count ?? 0) >= mostTries
  return [...contradictions(state), ...falseRecords(state)].filter((lie) => !given(lie))
}

/** Wishes to prove what is not proven, and drops what the market knows by now. */
export function advance<state extends Participant.Participant>(state: state, now: number): state {
  const found = lies(state)
  const idle = Participant.unwish(
    state,
    ({ id }) => id.startsWith('prove:') && found.every((lie) => lie.id !== id),
  )
  return found.reduce((so, lie) => prove(so, lie, now), idle)
}

function prove<state extends Participant.Participant>(
  state: state,
  { id, sentence, call }: Lie,
  now: number,
): state {
  const tried = state.tries[id]
  if (tried !== undefined) return Participant.submit(state, id, call, now)
  const { ledger } = state
  const waits = Math.min(longest, turn * Exits.order(state))
  const isLate = ledger.state === 'settled' && ledger.head + waits > ledger.deadline
  const first = { count: 0, after: isLate ? now : now + waits }
  const told = Participant.note(state, sentence)
  return Participant.submit({ ...told, tries: { ...told.tries, [id]: first } }, id, call, now)
}

/** Whether it still has to be looked at whether this is a lie; statements were, when they were heard. */
export function isDoubt({ kind }: Lie): boolean {
  return kind === 'inputs' || kind === 'sums'
}

/** Whether the market takes evidence. */
function isProvable({ ledger }: Participant.Participant): boolean {
  if (ledger.rounds.length === 0) return false
  if (ledger.state === 'settled') return ledger.head <= ledger.deadline
  return ledger.state === 'running' || ledger.state === 'faulted'
}

function contradictions(state: Participant.Participant): readonly Lie[] {
  const { ledger, terms, me } = state
  const { computes, datas } = ledger
  return Witness.contradictions(state.witness).flatMap(({ round, seat, statements }): readonly Lie[] => {
    const call = { name: 'prove', terms, computes, datas, round, seat, statements } as const
    if (seat === undefined) {
      // Nobody proves what costs its own bond.
      if (ledger.guilty || me.account === terms.modelProvider) return []
      const sentence = `The model provider signed two openings of round ${round}.`
      return [{ id: `prove:openings:${round}`, kind: 'openings', round, sentence, call }]
    }
    const account = computes[seat]?.account
    if (account === undefined || account === me.account || !Ledger.counts(ledger, seat)) return []
    const sentence = `${account} signed two records of round ${round}.`
    return [{ id: `prove:records:${round}:${seat}`, kind: 'records', round, sentence, call }]
  })
}

/** Committed rounds whose record is false, as far as this role sees. */
function falseRecords(state: Participant.Participant): readonly Lie[] {
  const { ledger, terms } = state
  const { computes, datas, rounds: log } = ledger
  return Object.values(state.doubts).flatMap(({ body, sum }): readonly Lie[] => {
    const { record, inputs } = body
    const { round } = record
    const committed = Ledger.committed(ledger, round)
    if (committed === undefined || Record.hash(committed.record) !== Record.hash(record)) return []
    if (Record.seats(BigInt(committed.signers)).every((seat) => !Ledger.counts(ledger, seat))) return []
    const sums = Proposal.sumsOf(state, record, inputs, body.sums)
    if (Record.sums(sums) !== record.sums) return []
    const about = { terms, computes, datas, log, round, sums } as const
    if (sum === undefined) {
      const sentence = `The record of round ${round} adds an update that may be forged.`
      return [
        {
          id: `prove:inputs:${round}`,
          kind: 'inputs',
          round,
          sentence,
          call: { ...about, name: 'proveForged' },
        },
      ]
    }
    const opened = record.cohorts.flatMap((cohort, at) => ((cohort & record.survivors) === 0n ? [] : [at]))
    const [cohort, cid] = [opened[sum], body.sums[sum]?.cid]
    if (cohort === undefined || cid === undefined) return []
    const cids = (Proposal.cohortsOf(record, inputs)[sum] ?? []).map((input) => input.cid)
    const sentence = `The record of round ${round} commits to a wrong sum.`
    const call = { ...about, name: 'proveSum', cohort, inputs: cids, sum: cid } as const
    return [{ id: `prove:sums:${round}`, kind: 'sums', round, sentence, call }]
  })
}

/** Keeps a proposal that may be false: the first of each round and member. */
export function doubt<state extends Participant.Participant>(
  state: state,
  seat: number,
  of: Participant.Doubt,
): state {
  const name = `${of.body.record.round}:${seat}`
  return state.doubts[name] === undefined ? { ...state, doubts: { ...state.doubts, [name]: of } } : state
}
