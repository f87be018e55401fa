// How reliable compute providers were, out of the market's events, so that anyone finds the same; and out of what whoever
// counts has verified itself of jobs, of which the market knows nothing.
import type { Address, Hex } from './codec.ts'
import type * as Event from './event.ts'

export type Reliability = {
  /** Tasks that started with a seat for it. */
  readonly seats: number
  /** Of them, those that started without its bond or its signature. */
  readonly absent: number
  /** Rounds that were committed while it had a seat, was not absent and was not slashed yet. */
  readonly rounds: number
  /** Of them, those that it signed. A record needs the threshold's signatures and may leave out the others'. */
  readonly signed: number
  /** Tasks that were settled while it still had its bond. */
  readonly finished: number
  /** Tasks in which it was proven to have signed what is false. */
  readonly slashed: number
  /** Jobs about which two others contradicted it: 0 as far as the market tells. */
  readonly contradicted: number
}

export type Records = { readonly [account: Address]: Reliability }

export const none: Reliability = {
  ...{ seats: 0, absent: 0, rounds: 0, signed: 0, finished: 0, slashed: 0 },
  contradicted: 0,
}

/** Of all tasks that are told of. Events may be told twice and in any order. */
export function of(events: Iterable<Event.Event>): Records {
  const tasks = new Map<Hex, Event.Event[]>()
  for (const event of events) {
    if (!('task' in event)) continue
    const told = tasks.get(event.task)
    if (told === undefined) tasks.set(event.task, [event])
    else told.push(event)
  }
  return sum([...tasks.values()].map(ofTask))
}

/** Of the one task that all these events are about. */
export function ofTask(events: readonly Event.Event[]): ReadonlyMap<Address, Reliability> {
  const started = events.find((event) => event.name === 'TaskStarted')
  if (started === undefined) return new Map()
  const inOrder = events.toSorted((a, b) => a.block - b.block || a.logIndex - b.logIndex)
  return new Map(started.computes.map(({ account }, seat) => [account, ofSeat(inOrder, seat)]))
}

/** Of several tasks together. */
export function sum(tasks: Iterable<ReadonlyMap<Address, Reliability>>): Records {
  const all = new Map<Address, Reliability>()
  for (const task of tasks)
    for (const [account, record] of task) all.set(account, plus(all.get(account) ?? none, record))
  return Object.fromEntries(all)
}

/** With jobs about which two others contradicted somebody, an account for each. */
export function withContradicted(records: Records, accounts: readonly Address[]): Records {
  return accounts.reduce<Records>((all, account) => {
    const record = all[account] ?? none
    return { ...all, [account]: { ...record, contradicted: record.contradicted + 1 } }
  }, records)
}

/**
 * Between 0 and 1, as the mean of a Beta distribution: 6 rounds signed of 10 are assumed of everyone. A record holds more
 * than two thirds of a committee, so that whoever always signs ends above a newcomer, however many others do; whoever is
 * mostly silent ends below. A finished task counts like a round signed, an absent seat like 5 rounds missed, a
 * contradicted job like 20, since two may have conspired, a false signature like 100.
 */
export function share(record: Reliability): number {
  const { rounds, signed, finished, absent, slashed, contradicted } = record
  const missed = 5 * absent + 20 * contradicted + 100 * slashed
  return (6 + signed + finished) / (10 + rounds + finished + missed)
}

function ofSeat(events: readonly Event.Event[], seat: number): Reliability {
  const isIn = (bits: number) => ((bits >> seat) & 1) === 1
  let record = { ...none, seats: 1 }
  let last = 0
  let isSettled = false
  for (const event of events) {
    if (event.name === 'TaskStarted') record = { ...record, absent: isIn(event.absent) ? 1 : 0 }
    if (event.name === 'Slashed' && isIn(event.seats)) record = { ...record, slashed: 1 }
    if (event.name === 'TaskSettled') isSettled = true
    if (event.name !== 'RoundCommitted' || event.round <= last) continue
    last = event.round
    if (record.absent + record.slashed > 0) continue
    const signed = record.signed + (isIn(event.signers) ? 1 : 0)
    record = { ...record, rounds: record.rounds + 1, signed }
  }
  return { ...record, finished: isSettled && record.absent + record.slashed === 0 ? 1 : 0 }
}

function plus(a: Reliability, b: Reliability): Reliability {
  return {
    seats: a.seats + b.seats,
    absent: a.absent + b.absent,
    rounds: a.rounds + b.rounds,
    signed: a.signed + b.signed,
    finished: a.finished + b.finished,
    slashed: a.slashed + b.slashed,
    contradicted: a.contradicted + b.contradicted,
  }
}
