// What the chain has said about one task so far: the only thing all its participants agree on.
import type { Address } from '../codec.ts'
import type * as History from '../history.ts'
import type * as Market from '../market.ts'
import type { ComputeParty, DataParty } from '../party.ts'
import * as Plan from '../plan.ts'
import * as Record from '../record.ts'
import type { Terms } from '../terms.ts'

export type Ledger = {
  readonly state: Market.State
  /** Last second to start (open), to commit (running), to challenge (settled); after it anyone may go on. */
  readonly deadline: number
  readonly computes: readonly ComputeParty[]
  readonly datas: readonly DataParty[]
  /** Bitmap of compute seats that do not count. */
  readonly absent: number
  /** Number of the block in which the task started; 0 before. */
  readonly startedAt: number
  /** Bitmap of compute seats that were proven to have signed what is false: their leaves are the model provider's. */
  readonly slashed: number
  /** The model provider was proven to have signed two openings of one round. */
  readonly guilty: boolean
  readonly rounds: readonly History.Round[]
  /** Undefined before, and again where a settled task was faulted. */
  readonly settlement: History.Settlement | undefined
  readonly claims: readonly History.Claimed[]
  /** Unix seconds of the block up to which everything was told. */
  readonly head: number
}

export const empty: Ledger = {
  state: 'none',
  deadline: 0,
  computes: [],
  datas: [],
  absent: 0,
  startedAt: 0,
  slashed: 0,
  guilty: false,
  rounds: [],
  settlement: undefined,
  claims: [],
  head: 0,
}

/** Takes an event of this task; one that was told before changes nothing. */
export function receive(ledger: Ledger, event: Market.Event): Ledger {
  switch (event.name) {
    case 'TaskCreated':
      if (ledger.state !== 'none') return ledger
      return { ...ledger, state: 'open', deadline: event.terms.startBy }
    case 'TaskStarted': {
      if (ledger.state !== 'open') return ledger
      const { computes, datas, absent, deadline } = event
      return { ...ledger, state: 'running', computes, datas, absent, deadline, startedAt: event.block }
    }
    case 'RoundCommitted': {
      if (ledger.state !== 'running' || event.round <= lastRound(ledger)) return ledger
      const rounds = [...ledger.rounds, { record: event.record, signers: event.signers, block: event.block }]
      return { ...ledger, rounds, deadline: event.deadline }
    }
    case 'TaskSettled': {
      if (ledger.state !== 'running' && ledger.state !== 'faulted') return ledger
      const { deadline, root, punished, utilities } = event
      return { ...ledger, state: 'settled', deadline, settlement: { root, punished, utilities } }
    }
    case 'TaskFaulted':
      if (ledger.state !== 'running' && ledger.state !== 'settled') return ledger
      // Anyone may settle from now on.
      return { ...ledger, state: 'faulted', guilty: true, settlement: undefined, deadline: ledger.head }
    case 'Slashed': {
      const slashed = ledger.slashed | event.seats
      return slashed === ledger.slashed ? ledger : { ...ledger, slashed }
    }
    case 'TaskCancelled':
      if (ledger.state !== 'open' && ledger.state !== 'running') return ledger
      return { ...ledger, state: 'cancelled' }
    case 'Claimed':
      if (ledger.claims.some(({ index }) => index === event.index)) return ledger
      return { ...ledger, claims: [...ledger.claims, event] }
    case 'Deposited':
    case 'Withdrawn':
      return ledger
    default:
      return event satisfies never
  }
}

/** The highest committed round; 0 before the first. */
export function lastRound(ledger: Ledger): number {
  return ledger.rounds.at(-1)?.record.round ?? 0
}

export function committed(ledger: Ledger, round: number): History.Round | undefined {
  return ledger.rounds.find(({ record }) => record.round === round)
}

/** Seats of the committee that count, ascending. */
export function present(ledger: Ledger): readonly number[] {
  return ledger.computes.map((_, seat) => seat).filter((seat) => counts(ledger, seat))
}

/** Whether this compute seat is neither absent nor slashed. */
export function counts({ absent, slashed }: Ledger, seat: number): boolean {
  return (((absent | slashed) >> seat) & 1) === 0
}

/** The seat of an account in a list that ascends by account; undefined when it has none. */
export function seatOf(
  parties: readonly { readonly account: Address }[],
  account: Address,
): number | undefined {
  let [low, high] = [0, parties.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const found = parties[middle]?.account ?? ''
    if (found === account) return middle
    if (found < account) low = middle + 1
    else high = middle
  }
  return undefined
}

/**
 * The sets of data seats that were opened before this round, in its epoch and the last one before it in which any were:
 * where all fit into one cohort, the next epoch's is the same again, and its first sum could be taken from the last.
 */
export function openedSets(ledger: Ledger, terms: Terms, round: number): readonly bigint[] {
  const epoch = Plan.epoch(terms, round)
  const before = ledger.rounds.filter(({ record }) => record.round < round)
  const epochs = before.map(({ record }) => Plan.epoch(terms, record.round))
  const first = Math.max(...epochs.filter((each) => each < epoch), 0)
  return before
    .filter((_, at) => (epochs[at] ?? 0) >= first)
    .flatMap(({ record }) => record.cohorts.map((cohort) => cohort & record.survivors))
    .filter((set) => set !== 0n)
}

/** Bitmap of the leaves that were claimed. */
export function claimed(ledger: Ledger): bigint {
  return Record.bitmapOf(ledger.claims.map(({ index }) => index))
}
