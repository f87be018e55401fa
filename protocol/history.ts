// A task's whole life out of the market's events alone: what happened, what each participant is owed, and why.
import type { Hex } from './codec.ts'
import { BaseError } from './errors.ts'
import type * as Event from './event.ts'
import type * as Market from './market.ts'
import type * as Party from './party.ts'
import * as Payout from './payout.ts'
import type * as Plan from './plan.ts'
import * as Record from './record.ts'
import type { Terms } from './terms.ts'

export type Round = {
  readonly record: Record.Body
  /** Bitmap of the compute seats that signed. */
  readonly signers: number
  /** Number of the block that holds it. */
  readonly block: number
}

export type Settlement = {
  readonly root: Hex
  /** The model provider vanished or was guilty: its bond is in the data pool. */
  readonly punished: boolean
  readonly utilities: Plan.Utilities
}

export type TaskEvent = Exclude<Event.Event, { readonly name: 'Deposited' | 'Withdrawn' }>

export type Claimed = Extract<Event.Event, { readonly name: 'Claimed' }>

export type History = Party.Parties & {
  readonly task: Hex
  readonly terms: Terms
  readonly state: Market.State
  /** Unix seconds: the last to start (open), to commit (running), to challenge (settled). */
  readonly deadline: number
  /** Bitmap of the compute seats that do not count. */
  readonly absent: number
  /** Bitmap of the compute seats whose leaves belong to the model provider. */
  readonly slashed: number
  /** The model provider was proven to have signed two openings of one round. */
  readonly guilty: boolean
  /** Committed rounds in order. */
  readonly rounds: readonly Round[]
  /** Undefined before; and again where a settled task was faulted. */
  readonly settlement: Settlement | undefined
  readonly claims: readonly Claimed[]
  /** Everything that was told, in the chain's order, each once. */
  readonly events: readonly TaskEvent[]
}

/** Folds the events of `task` (of the first task created among them, if none is named); others are passed over. */
export function of(events: Iterable<Event.Event>, task?: Hex): History {
  const told = [...events].filter(isOfTask)
  const id = task ?? told.find(({ name }) => name === 'TaskCreated')?.task
  const own = inOrder(told.filter((event) => event.task === id))
  const [created, ...later] = own
  if (created?.name !== 'TaskCreated') throw new UnknownError(id)
  const start: History = {
    task: created.task,
    terms: created.terms,
    state: 'open',
    deadline: created.terms.startBy,
    computes: [],
    datas: [],
    absent: 0,
    slashed: 0,
    guilty: false,
    rounds: [],
    settlement: undefined,
    claims: [],
    events: own,
  }
  return later.reduce(receive, start)
}

function receive(history: History, event: TaskEvent): History {
  const expect = (...states: readonly Market.State[]) => {
    if (!states.includes(history.state)) throw new GapError(event.name, history.state)
  }
  switch (event.name) {
    case 'TaskCreated':
      throw new GapError(event.name, history.state)
    case 'TaskStarted': {
      expect('open')
      const { computes, datas, absent, deadline } = event
      return { ...history, state: 'running', computes, datas, absent, deadline }
    }
    case 'RoundCommitted': {
      expect('running')
      const { record, signers, block, deadline } = event
      return { ...history, rounds: [...history.rounds, { record, signers, block }], deadline }
    }
    case 'TaskSettled': {
      expect('running', 'faulted')
      if (history.rounds.length === 0) throw new GapError(event.name, history.state)
      const { root, punished, utilities, deadline } = event
      return { ...history, state: 'settled', settlement: { root, punished, utilities }, deadline }
    }
    case 'TaskFaulted':
      expect('running', 'settled')
      return { ...history, state: 'faulted', guilty: true, settlement: undefined }
    case 'Slashed':
      expect('running', 'settled', 'faulted')
      return { ...history, slashed: history.slashed | event.seats }
    case 'TaskCancelled':
      expect('open', 'running')
      return { ...history, state: 'cancelled' }
    case 'Claimed':
      expect('settled')
      return { ...history, claims: [...history.claims, event] }
    default:
      return event satisfies never
  }
}

function isOfTask(event: Event.Event): event is TaskEvent {
  return event.name !== 'Deposited' && event.name !== 'Withdrawn'
}

/** A log may be told twice, and in any order. */
function inOrder(events: readonly TaskEvent[]): readonly TaskEvent[] {
  return events
    .toSorted((a, b) => a.block - b.block || a.logIndex - b.logIndex)
    .filter(({ block, logIndex }, at, all) => {
      const before = all[at - 1]
      return before?.block !== block || before.logIndex !== logIndex
    })
}

/**
 * What amounts rest on. `settled` and `cancelled` are facts; the others are what would be paid if it happened now:
 * `ifCancelled` before the start, `ifExpired` without a round, `ifSettled` with one.
 */
export type Basis = 'ifCancelled' | 'ifExpired' | 'ifSettled' | 'settled' | 'cancelled'

/** A leaf, or without a settlement what becomes a free deposit of its account. */
export type Due = Payout.Leaf & {
  /** Who gets it: the payee, or the model provider where the seat was slashed. */
  readonly receiver: Hex
  readonly isAbsent: boolean
  readonly isSlashed: boolean
  readonly isClaimed: boolean
}

export type Owed = {
  readonly basis: Basis
  /** The terms ask for utilities that nobody has told yet: every cohort was taken to weigh the same. */
  readonly isAssumed: boolean
  /** Data seats, compute seats, the model provider. */
  readonly dues: readonly Due[]
  /** Bitmap of the claimed leaves. */
  readonly claimed: bigint
}

/**
 * Who is owed what. `utilities` are what the model provider would settle with now, if known; a settlement's own count
 * once there is one. Refuses events that do not lead to the root on the chain.
 */
export function owed(history: History, utilities: Plan.Utilities = []): Owed {
  const { terms, settlement, claims, state, guilty } = history
  const claimed = Record.bitmapOf(claims.map(({ index }) => index))
  if (state === 'open' || state === 'cancelled' || history.rounds.length === 0) {
    const basis = state === 'cancelled' ? state : state === 'open' ? 'ifCancelled' : 'ifExpired'
    return {
      basis,
      isAssumed: false,
      dues: refunds(history).map((leaf) => due(history, leaf, claimed)),
      claimed,
    }
  }
  const told = guilty ? [] : utilities
  const { leaves } = settlement === undefined ? payout(history, told, guilty) : settled(history, settlement)
  const isAssumed = settlement === undefined && !guilty && terms.plan !== 'equal' && told.length === 0
  const basis = settlement === undefined ? 'ifSettled' : 'settled'
  return { basis, isAssumed, dues: leaves.map((leaf) => due(history, leaf, claimed)), claimed }
}

function payout(history: History, utilities: Plan.Utilities, punished: boolean): Payout.Payout {
  return Payout.compute({ ...history, rounds: tallies(history), utilities, punished })
}

function settled(history: History, { utilities, punished, root }: Settlement): Payout.Payout {
  let found: Payout.Payout
  try {
    found = payout(history, utilities, punished)
  } catch (cause) {
    // Utilities that do not fit the rounds: some of these are missing.
    throw new RootError(history.task, root, cause)
  }
  if (found.root !== root) throw new RootError(history.task, root)
  return found
}

/** What a settlement replays. */
export function tallies({ rounds }: Pick<History, 'rounds'>): readonly Record.Tally[] {
  return rounds.map(({ record, signers }) => Record.tally(record, signers))
}

function due(history: History, leaf: Payout.Leaf, claimed: bigint): Due {
  const seat = leaf.role === 'compute' ? leaf.index - history.datas.length : undefined
  const has = (bits: number) => seat !== undefined && ((bits >> seat) & 1) === 1
  const isSlashed = has(history.slashed)
  return {
    ...leaf,
    receiver: isSlashed ? history.terms.modelProvider : leaf.payee,
    isAbsent: has(history.absent),
    isSlashed,
    isClaimed: ((claimed >> BigInt(leaf.index)) & 1n) === 1n,
  }
}

/** Without a settlement pools and bonds go back as free deposits of the accounts that brought them. */
function refunds({ terms, datas, computes, absent }: History): readonly Payout.Leaf[] {
  const refund = terms.dataPool + terms.computePool + terms.bond
  const none = Payout.nothing
  const back = (seat: number) => (((absent >> seat) & 1) === 1 ? 0n : terms.computeBond)
  return [
    ...datas.map(({ account }) => ({ role: 'data' as const, account, parts: none })),
    ...computes.map(({ account }, seat) => ({
      role: 'compute' as const,
      account,
      parts: { ...none, bond: back(seat) },
    })),
    { role: 'model' as const, account: terms.modelProvider, parts: { ...none, refund } },
  ].map(({ role, account, parts }, index) => ({
    index,
    role,
    account,
    payee: account,
    amount: parts.bond + parts.refund,
    work: 0,
    units: Payout.idle,
    parts,
  }))
}

export class UnknownError extends BaseError {
  override readonly name = 'History.UnknownError'
  constructor(task: Hex | undefined) {
    super({
      message: `The market has told nothing of the creation of ${task === undefined ? 'a task' : `task ${task}`}.`,
      advice: 'Check the id, the chain, the market’s address and the block from which its events were read.',
    })
  }
}

export class GapError extends BaseError {
  override readonly name = 'History.GapError'
  constructor(event: TaskEvent['name'], state: Market.State) {
    super({
      message: `${event} cannot happen to a task that is ${state}: events before it are missing.`,
      advice: 'Read all events of the market again, from the block in which it was deployed.',
    })
  }
}

export class RootError extends BaseError {
  override readonly name = 'History.RootError'
  constructor(task: Hex, root: Hex, cause?: unknown) {
    super({
      cause,
      message: `The rounds that were read of task ${task} do not lead to its payout root ${root}.`,
      advice: 'Read all events again from another RPC: this one left some out or changed them.',
    })
  }
}
