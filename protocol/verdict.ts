// What follows from what its executors said about a job: whose result counts, who is paid for it, and who is contradicted by
// two others. Anyone can judge it from the signed messages.
import type { Address, Hex } from './codec.ts'
import type * as Envelope from './envelope.ts'
import * as Job from './job.ts'
import * as Message from './message.ts'
import type { ComputeParty } from './party.ts'
import type { TaskSpec } from './taskSpec.ts'
import type { Terms } from './terms.ts'
import type { Place } from './topic.ts'

/** By compute seat. */
export type Said = {
  /** Digest of the message, and what it names. */
  readonly done: ReadonlyMap<number, { readonly digest: Hex; readonly result: Hex }>
  readonly checked: ReadonlyMap<number, { readonly of: Hex; readonly agrees: boolean }>
}

export type Verdict = {
  /** Seat of the executor whose result another found the same; undefined while there is none. */
  readonly agreed: number | undefined
  /**
   * Seats that stand with another against nobody or the third, ascending: each is owed the job's units once. The first
   * executor, whom nobody asks for a check, is owed for a result of its own alone.
   */
  readonly owed: readonly number[]
  /** Seats that the two others contradict. */
  readonly contradicted: readonly number[]
}

/**
 * Two make a verdict on a result: who did it and one who found the same, or two who did not. More that an executor says
 * later takes nothing back, so that nobody who is owed something can lose it.
 */
export function of(executors: Job.Executors, { done, checked }: Said): Verdict {
  let agreed: number | undefined
  const owed = new Set<number>()
  const contradicted = new Set<number>()
  for (const author of executors) {
    const result = done.get(author)
    if (result === undefined) continue
    const said = (agrees: boolean) =>
      executors.filter((seat) => {
        const check = checked.get(seat)
        return seat !== author && check?.of === result.digest && check.agrees === agrees
      })
    const [same, other] = [[author, ...said(true)], said(false)]
    const [most, least] = same.length >= other.length ? [same, other] : [other, same]
    if (most.length < 2) continue
    if (most === same) agreed ??= author
    for (const seat of most) if (seat === author || seat !== executors[0]) owed.add(seat)
    for (const seat of least) contradicted.add(seat)
  }
  return { agreed, owed: [...owed].toSorted((a, b) => a - b), contradicted: [...contradicted] }
}

/** What a verdict rests on beside what was said. */
export type Task = {
  readonly place: Place
  readonly id: Hex
  readonly terms: Terms
  readonly spec: TaskSpec
  readonly computes: readonly ComputeParty[]
  /** Bitmap of the seats that were absent at the start. */
  readonly absent: number
}

/**
 * Who is contradicted by these messages, as they were sent: the job as the model provider posted it, and what its executors
 * said. `blockHash` is of the block that its executors are drawn from. Throws on bytes that are not what they claim to be.
 */
export function contradicted(
  encoded: readonly Uint8Array[],
  task: Task,
  blockHash: Hex,
  recover: Envelope.Recover,
): readonly Address[] {
  const messages = encoded
    .map((bytes) => Message.open(bytes, task.place, recover))
    .filter((message) => message.task === task.id)
  const posted = messages.find((message) => message.kind === 'jobPosted')
  const { modelProvider, opener } = task.terms
  if (posted?.sender !== modelProvider || posted.device !== opener) return []
  const { job } = posted.body
  if (!Job.isOf(job, task.spec) || posted.slot !== job.number) return []
  const own = Job.digest(job)
  const said = { done: new Map<number, DoneOf>(), checked: new Map<number, CheckOf>() }
  for (const message of messages) {
    const seat = seatOf(task, message)
    if (seat === undefined || message.slot !== job.number) continue
    if (message.kind === 'jobDone' && message.body.job === own)
      said.done.set(seat, { digest: message.digest, result: message.body.result })
    if (message.kind === 'jobChecked' && message.body.job === own) said.checked.set(seat, message.body)
  }
  const executors = Job.executors(job.number, blockHash, seatsOf(task))
  return of(executors, said).contradicted.flatMap((seat) => task.computes[seat]?.account ?? [])
}
type DoneOf = { readonly digest: Hex; readonly result: Hex }
type CheckOf = { readonly of: Hex; readonly agrees: boolean }

/** Seats that jobs are drawn from: those that were there at the start, also where they were slashed since. */
export function seatsOf({ computes, absent }: Pick<Task, 'computes' | 'absent'>): readonly number[] {
  return computes.map((_, seat) => seat).filter((seat) => ((absent >> seat) & 1) === 0)
}

/** The seat that said this, whether or not it counts any more for rounds. */
export function seatOf(
  task: Pick<Task, 'computes' | 'absent'>,
  message: Message.Message,
): number | undefined {
  const seat = task.computes.findIndex(
    ({ account, device }) => account === message.sender && device === message.device,
  )
  return seat === -1 || ((task.absent >> seat) & 1) === 1 ? undefined : seat
}
