// What a role heard of the jobs of its task: who was drawn for each, what they said, and what the committee owes them for
// it. Who does jobs is in jobWork.ts, who posts them in jobPost.ts.
import type * as Body from '../body.ts'
import type { Address, Hex } from '../codec.ts'
import * as Job from '../job.ts'
import type * as Message from '../message.ts'
import * as Plan from '../plan.ts'
import * as Record from '../record.ts'
import * as Verdict from '../verdict.ts'
import * as Drawn from './drawn.ts'
import * as Ledger from './ledger.ts'
import * as Participant from './participant.ts'

type Heard<kind extends 'jobDone' | 'jobChecked'> = {
  readonly message: Message.Of<kind>
  /** Unix seconds when it was heard. */
  readonly at: number
}

export type Book = {
  /** By number. */
  readonly posted: Readonly<{ [number: number]: Message.Of<'jobPosted'> }>
  /** By number and compute seat, the first of each. */
  readonly done: Readonly<{ [number: number]: Readonly<{ [seat: number]: Heard<'jobDone'> }> }>
  readonly checked: Readonly<{ [number: number]: Readonly<{ [seat: number]: Heard<'jobChecked'> }> }>
  /** Ids of what was wished for because of jobs, and is not wished for again. */
  readonly begun: Readonly<{ [id: string]: true }>
  /** By id of the wish to verify it: Unix seconds when nobody had a result, the last time. */
  readonly missing: Readonly<{ [id: string]: number }>
}

export type State = Drawn.State & { readonly jobs: Book }

export const nothing: Book = { posted: {}, done: {}, checked: {}, begun: {}, missing: {} }

/** Seconds after which what one member heard, all should have heard. */
export const spreads = 20
/** Most kilounits in a lane. */
const lane = 0xffff

type JobMessage = Message.Of<'jobPosted'> | Message.Of<'jobDone'> | Message.Of<'jobChecked'>

export function concerns(message: Message.Message): message is JobMessage {
  return message.kind === 'jobPosted' || message.kind === 'jobDone' || message.kind === 'jobChecked'
}

/** Takes in what was said about a job once the task has started, and notes who is contradicted by it. */
export function read<state extends State>(state: state, message: JobMessage, now: number): state {
  if (message.slot >= Job.most(state.spec)) return state
  const jobs = heard(state, message, now)
  if (jobs === state.jobs) return state
  const next = { ...state, jobs }
  const before = contradicted(state)
  return contradicted(next)
    .filter(
      ({ number, account }) => !before.some((each) => each.number === number && each.account === account),
    )
    .reduce((so, { number, account }) => {
      return Participant.note(so, `${account} is contradicted by two others about job ${number}.`)
    }, next)
}

function heard({ jobs, ...state }: State, message: JobMessage, now: number): Book {
  const number = message.slot
  if (message.kind === 'jobPosted') {
    if (jobs.posted[number] !== undefined || !Participant.isFromModelProvider(state, message)) return jobs
    const { job } = message.body
    if (job.number !== number || !Job.isOf(job, state.spec)) return jobs
    return { ...jobs, posted: { ...jobs.posted, [number]: message } }
  }
  const seat = Verdict.seatOf(state.ledger, message)
  if (seat === undefined) return jobs
  if (message.kind === 'jobDone') {
    const known = jobs.done[number] ?? {}
    if (known[seat] !== undefined) return jobs
    return { ...jobs, done: { ...jobs.done, [number]: { ...known, [seat]: { message, at: now } } } }
  }
  const known = jobs.checked[number] ?? {}
  if (known[seat] !== undefined) return jobs
  return { ...jobs, checked: { ...jobs.checked, [number]: { ...known, [seat]: { message, at: now } } } }
}

/**
 * Unix seconds from which a referee does a job itself where nobody has the first one's weights: two thirds of its time
 * are left, to do it and to have it checked. What a score names is in its message.
 */
export function redoneFrom({ job, checkedBy, closes }: Body.Of<'jobPosted'>): number {
  return job.kind === 'score' ? closes : checkedBy + (closes - checkedBy) / 3
}

/** Remembers that something was wished for. */
export function begin<state extends State>(state: state, id: string): state {
  return { ...state, jobs: { ...state.jobs, begun: { ...state.jobs.begun, [id]: true } } }
}

/** Remembers that nobody had what was to be verified, which may be wished for again. */
export function miss<state extends State>(state: state, id: string, now: number): state {
  const begun = Object.fromEntries(Object.entries(state.jobs.begun).filter(([each]) => each !== id))
  return { ...state, jobs: { ...state.jobs, begun, missing: { ...state.jobs.missing, [id]: now } } }
}

/** What a seat said it did of this very job. */
export function doneBy({ jobs }: State, job: Job.Job, seat: number): Message.Of<'jobDone'> | undefined {
  const said = jobs.done[job.number]?.[seat]?.message
  return said !== undefined && said.body.job === Job.digest(job) ? said : undefined
}

/** The epoch by whose block a job's executors are drawn; undefined before it is fixed. */
export function epochOf({ ledger, terms }: Participant.Participant, job: Job.Job): number | undefined {
  if (job.kind === 'warmStart') return 0
  return Ledger.committed(ledger, job.round) === undefined ? undefined : Plan.epoch(terms, job.round)
}

/** Whose turn it is to do a job, to check it, and to decide; undefined while the draw is not known. */
export function executors(state: State, job: Job.Job): Job.Executors | undefined {
  const epoch = epochOf(state, job)
  const hash = epoch === undefined ? undefined : Drawn.hash(state, epoch)
  if (hash === undefined) return undefined
  const known = draws.get(job)
  if (known?.hash === hash) return known.seats
  const seats = Job.executors(job.number, hash, Verdict.seatsOf(state.ledger))
  draws.set(job, { hash, seats })
  return seats
}
/** The last draw for each job: hashing anew for every step is slow. */
const draws = new WeakMap<Job.Job, { readonly hash: Hex; readonly seats: Job.Executors }>()

const undecided: Verdict.Verdict = { agreed: undefined, owed: [], contradicted: [] }

/** What follows from what was heard about a posted job. */
export function verdict(state: State, number: number): Verdict.Verdict {
  const posted = state.jobs.posted[number]
  const seats = posted === undefined ? undefined : executors(state, posted.body.job)
  if (posted === undefined || seats === undefined) return undecided
  const known = verdicts.get(state.jobs) ?? new Map<number, Judged>()
  verdicts.set(state.jobs, known)
  const before = known.get(number)
  if (before?.seats === seats) return before.verdict
  const found = judge(state.jobs, posted, seats, Infinity)
  known.set(number, { seats, verdict: found })
  return found
}
/** Verdicts of each book: judging anew for every step is slow. */
const verdicts = new WeakMap<Book, Map<number, Judged>>()
type Judged = { readonly seats: Job.Executors; readonly verdict: Verdict.Verdict }

/** The same by what was heard until a time. */
export function verdictBy(state: State, number: number, until: number): Verdict.Verdict {
  const posted = state.jobs.posted[number]
  const seats = posted === undefined ? undefined : executors(state, posted.body.job)
  return posted === undefined || seats === undefined ? undecided : judge(state.jobs, posted, seats, until)
}

function judge(
  jobs: Book,
  posted: Message.Of<'jobPosted'>,
  seats: Job.Executors,
  until: number,
): Verdict.Verdict {
  const { number } = posted.body.job
  const job = Job.digest(posted.body.job)
  const done = Object.entries(jobs.done[number] ?? {}).flatMap(
    ([seat, { message, at }]): [number, { digest: Hex; result: Hex }][] =>
      at > until || message.body.job !== job
        ? []
        : [[Number(seat), { digest: message.digest, result: message.body.result }]],
  )
  const checked = Object.entries(jobs.checked[number] ?? {}).flatMap(
    ([seat, { message, at }]): [number, { of: Hex; agrees: boolean }][] =>
      at > until || message.body.job !== job ? [] : [[Number(seat), message.body]],
  )
  return Verdict.of(seats, { done: new Map(done), checked: new Map(checked) })
}

/** The result that two executors stand by. */
export function agreed(state: State, number: number): Message.Of<'jobDone'>['body'] | undefined {
  const seat = verdict(state, number).agreed
  return seat === undefined ? undefined : state.jobs.done[number]?.[seat]?.message.body
}

export type Contradicted = {
  readonly number: number
  readonly account: Address
  /** What shows it, for `Verdict.contradicted`: the messages' bytes by `Message.bytesOf`. */
  readonly evidence: readonly Message.Message[]
}

/** Who said of a job what two others contradict. */
export function contradicted(state: State): readonly Contradicted[] {
  const { posted, done, checked } = state.jobs
  return Object.entries(posted).flatMap(([at, job]) => {
    const number = Number(at)
    return verdict(state, number).contradicted.flatMap((seat) => {
      const account = state.ledger.computes[seat]?.account
      const said = [...Object.values(done[number] ?? {}), ...Object.values(checked[number] ?? {})]
      return account === undefined
        ? []
        : [{ number, account, evidence: [job, ...said.map(({ message }) => message)] }]
    })
  })
}

/** By compute seat: kilounits that it earned by jobs as far as was heard until then, less what records pay already. */
function owed(state: State, until: number): readonly number[] {
  const { ledger, spec } = state
  const left = ledger.computes.map((_, seat) =>
    ledger.rounds.reduce((sum, { record }) => sum - Number(Record.kilounits(record.jobs, seat)), 0),
  )
  for (const { body } of Object.values(state.jobs.posted))
    for (const seat of verdictBy(state, body.job.number, until).owed)
      left[seat] = (left[seat] ?? 0) + Job.kilounits(body.job, spec.model)
  return left
}

/** Whether the terms pay this job and those posted with lower numbers to all their executors. */
export function isCovered(state: State, number: number): boolean {
  const posted = Object.values(state.jobs.posted).filter(({ body }) => body.job.number <= number)
  const sum = posted.reduce((all, { body }) => all + Job.kilounits(body.job, state.spec.model), 0)
  const seats = Verdict.seatsOf(state.ledger).length
  return Math.min(Job.mostExecutors, seats) * sum <= state.terms.jobKilounits
}

/**
 * The lanes that the aggregator of a round puts into its record: what every member should know to be owed. None when the
 * round before was not committed, so that no job can hold up two rounds running.
 */
export function lanes(state: State, round: number, now: number): bigint {
  if (Ledger.lastRound(state.ledger) !== round - 1) return 0n
  return owed(state, now - spreads).reduce(
    (all, kilounits, seat) => all | (BigInt(Math.max(0, Math.min(lane, kilounits))) << (16n * BigInt(seat))),
    0n,
  )
}

/** Whether this member knows of the work that these lanes pay, and that it is not paid yet. */
export function areEarned(state: State, jobs: bigint): boolean {
  if (jobs === 0n) return true
  const known = owed(state, Infinity)
  const paid = Array.from({ length: 16 }, (_, seat) => Number(Record.kilounits(jobs, seat)))
  return paid.every((kilounits, seat) => kilounits <= Math.max(0, known[seat] ?? 0))
}
