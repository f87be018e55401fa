// What must hold of jobs: nobody is paid for more than it did, a lone cheat convinces nobody, and nobody is contradicted who
// is honest or of whom nothing can be looked at. Judged by everything that was said, whoever heard it.
import type { Address, Hex } from '../../protocol/codec.ts'
import * as Job from '../../protocol/job.ts'
import type * as Message from '../../protocol/message.ts'
import * as Record from '../../protocol/record.ts'
import type { TaskSpec } from '../../protocol/taskSpec.ts'
import { has, hold } from './breach.ts'
import type { Task } from './market.ts'

export type Sight = {
  readonly spec: TaskSpec
  readonly isEvil: (account: Address) => boolean
  readonly heard: <kind extends 'jobPosted' | 'jobDone' | 'jobChecked'>(
    kind: kind,
  ) => readonly Message.Of<kind>[]
  readonly isRight: (job: Job.Job, result: Hex) => boolean
  /** Whether what a result names can be had. */
  readonly isHad: (result: Hex) => boolean
  /** The hash that the draw of a round's epoch is made from; of the first epoch for round 1. */
  readonly blockHash: (round: number) => Hex | undefined
}

/** A job that was posted, and what came of it. */
export type Outcome = {
  readonly job: Job.Job
  /** Compute units in thousands. */
  readonly kilounits: number
  /** Seats that others agree with, of those that were drawn for it. */
  readonly earned: ReadonlySet<number>
  readonly contradicted: ReadonlySet<number>
}

/** Looks at everything that was said of jobs until now. */
export function judge(sight: Sight, task: Task): readonly Outcome[] {
  const { spec, isEvil, isRight } = sight
  const accountOf = (seat: number): Address => task.computes[seat]?.account ?? '0x'
  const done = sight.heard('jobDone')
  const checked = sight.heard('jobChecked')
  return sight.heard('jobPosted').flatMap(({ sender, body: { job } }) => {
    const hash = sight.blockHash(job.kind === 'score' ? job.round : 1)
    if (hash === undefined || sender !== task.terms.modelProvider) return []
    const present = task.computes.map((_, seat) => seat).filter((seat) => !has(BigInt(task.absent), seat))
    const seats = Job.executors(job.number, hash, present)
    const seatOf = (account: Address) => seats.find((seat) => accountOf(seat) === account)
    const liars = seats.filter((seat) => isEvil(accountOf(seat))).length
    const own = Job.digest(job)
    const earned = new Set<number>()
    const contradicted = new Set<number>()
    for (const { sender: author, digest, body } of done) {
      const by = seatOf(author)
      if (by === undefined || body.job !== own) continue
      const votes = { for: new Set([by]), against: new Set<number>() }
      for (const check of checked) {
        const voter = seatOf(check.sender)
        if (voter !== undefined && voter !== by && check.body.of === digest)
          votes[check.body.agrees ? 'for' : 'against'].add(voter)
      }
      const isAgreed = votes.for.size > 1
      if (!isAgreed && votes.against.size < 2) continue
      hold(liars > 1 || isAgreed === isRight(job, body.result), `I20: job ${job.number} was judged wrongly`)
      hold(
        liars > 1 || isAgreed || sight.isHad(body.result),
        `I20: seat ${by} is contradicted about job ${job.number}, of which nobody has the result`,
      )
      for (const seat of isAgreed ? votes.for : votes.against)
        if (seat === by || seat !== seats[0]) earned.add(seat)
      for (const seat of isAgreed ? votes.against : votes.for) contradicted.add(seat)
    }
    for (const seat of contradicted) {
      hold(
        liars > 1 || isEvil(accountOf(seat)),
        `I20: seat ${seat} did job ${job.number} and is contradicted`,
      )
      hold(
        liars > 1 || !earned.has(seat),
        `I20: seat ${seat} is contradicted about job ${job.number} and earns by it`,
      )
    }
    const { inputs, classes } = spec.model.template === 'softmax' ? spec.model : { inputs: 0, classes: 0 }
    const samples = job.kind === 'warmStart' ? 3 * job.epochs * job.samples : job.models * job.samples
    return [{ job, kilounits: Math.ceil((inputs * classes * samples) / 2_048_000), earned, contradicted }]
  })
}

type Lanes = Pick<Record.Body, 'jobs'>

/** Nobody is paid more for jobs than it earned by those that are agreed, each once. */
export function assertEarned(sight: Sight, task: Task, records: readonly Lanes[]): void {
  if (records.every(({ jobs }) => jobs === 0n)) return
  const jobs = judge(sight, task)
  for (const seat of task.computes.keys()) {
    const due = jobs.reduce((sum, { earned, kilounits }) => sum + (earned.has(seat) ? kilounits : 0), 0)
    const paid = paidTo(records, seat)
    hold(paid <= due, `I19: seat ${seat} is paid ${paid} kilounits of jobs, and earned ${due}`)
  }
}

/** Kilounits of jobs in a seat's lanes. */
export function paidTo(records: readonly Lanes[], seat: number): number {
  return records.reduce((sum, { jobs }) => sum + Number(Record.kilounits(jobs, seat)), 0)
}
