// Which jobs a model provider posts: the parts of a warm start before the first round, and the counting of what cohorts
// contributed after each round that another one follows; and what it makes of agreed results. None is waited for in vain.
import type * as Body from '../body.ts'
import * as Game from '../contribution.ts'
import * as Job from '../job.ts'
import * as Record from '../record.ts'
import type * as TaskSpec from '../taskSpec.ts'
import * as Verdict from '../verdict.ts'
import type * as Contribution from './contribution.ts'
import * as Drawn from './drawn.ts'
import type * as Event from './event.ts'
import * as Jobs from './jobs.ts'
import * as Ledger from './ledger.ts'
import type * as ModelRound from './modelRound.ts'
import * as Participant from './participant.ts'

/** What happens before the first round. */
export type Warmth = {
  /** Unix seconds when it began; 0 before. */
  readonly from: number
  readonly stage: 'waiting' | 'federating' | 'over'
}

export type State = ModelRound.State & {
  readonly warmth: Warmth
  /** Jobs that it posted, by number. */
  readonly posting: Readonly<{ [number: number]: Body.Of<'jobPosted'> }>
}

export const cold: Warmth = { from: 0, stage: 'waiting' }

/** Times that a job may take, one after another: it is done, checked, and checked by the referee, or done by it and checked. */
const stages = { warmStart: 5, score: 3 }
const lane = Job.mostInRecord
const federation = 'federate'

/** Whether the first round has to wait for a warm start. */
export function isWarming({ spec, warmth }: State): boolean {
  return spec.warmStart !== null && warmth.stage !== 'over'
}

/** Posts the parts of the warm start, waits for results that two agree on, and makes the first model of them. */
export function warm<state extends State>(state: state, isHopeless: boolean, now: number): state {
  const { spec, ledger, warmth } = state
  const start = spec.warmStart
  if (start === null || warmth.stage === 'over') return state
  if (isHopeless || Object.keys(state.rounds).length > 0 || ledger.rounds.length > 0) return over(state)
  if (warmth.from === 0) return warm({ ...state, warmth: { from: now, stage: 'waiting' } }, isHopeless, now)
  const { commit } = spec.timeouts
  const lasts = stages.warmStart * start.seconds + commit
  const by = Math.min(warmth.from + lasts, ledger.deadline + lasts - silence(spec.timeouts, start.seconds))
  if (warmth.stage === 'federating') return now > by + commit ? over(state) : state
  const hash = Drawn.hash(state, 0)
  if (hash === undefined && now <= by) return Drawn.ask(state, 0)
  if (!Participant.isAwake(state, now) && now <= by) return state
  const next = now + start.seconds < by ? postParts(state, start.seconds, by, now) : state
  return now > by || !isAwaited(next, now) ? federate(next) : next
}

/**
 * Seconds of silence after which the market takes a task for left, at least, for a warm start of parts of so many seconds
 * to have the time it takes: the first round and its repetition come after it.
 */
export function silence({ ready, update, commit }: TaskSpec.TaskSpec['timeouts'], seconds: number): number {
  return stages.warmStart * seconds + commit + 2 * (ready + update + commit)
}

/** Whether somebody may still be at work by what was heard until a time: what is agreed after that, waits to be paid. */
export function isAwaited(state: State, now: number, until = now): boolean {
  const isComing = Object.values(state.outbox).some(({ type }) => type === 'sealSubject' || type === 'header')
  const { record } = state.ledger.rounds.at(-1) ?? {}
  if (isComing && record !== undefined && now <= record.closes + state.spec.timeouts.commit) return true
  return postings(state).some((body) => {
    const { agreed, contradicted } = Jobs.verdictBy(state, body.job.number, until)
    // Where nobody has done it when a referee would do it again, nobody will.
    const by = state.jobs.done[body.job.number] === undefined ? Jobs.redoneFrom(body) : body.closes
    return agreed === undefined && contradicted.length === 0 && until <= by
  })
}

/** The jobs that it posted, also those that it only hears it posted. */
function postings({ posting, jobs }: State): readonly Body.Of<'jobPosted'>[] {
  const lost = Object.values(jobs.posted).filter(({ slot }) => posting[slot] === undefined)
  return [...Object.values(posting), ...lost.map(({ body }) => body)]
}

function postParts<state extends State>(state: state, seconds: number, by: number, now: number): state {
  const parts = state.spec.warmStart?.parts ?? 0
  let next = state
  for (let part = 0; part < parts; part++) {
    const job = Job.warmStart(next.spec, part)
    if (job !== undefined) next = post(next, job, seconds, by, now)
  }
  return next
}

/** Posts a job once, where everything that may become owed for it can still be paid. */
function post<state extends State>(
  state: state,
  job: Job.Job,
  seconds: number,
  by: number,
  now: number,
): state {
  const { terms, spec, ledger } = state
  if (postings(state).some((each) => each.job.number === job.number)) return state
  const kilounits = Job.kilounits(job, spec.model)
  const sum = postings(state).reduce((all, each) => all + Job.kilounits(each.job, spec.model), kilounits)
  const seats = Verdict.seatsOf(ledger).length
  if (seats < 2 || Math.min(Job.mostExecutors, seats) * sum > terms.jobKilounits) return state
  if (sum > lane * terms.maxRounds || kilounits > lane * (terms.maxRounds - Ledger.lastRound(ledger)))
    return state
  const doneBy = Math.min(by, now + seconds)
  const checkedBy = Math.min(by, doneBy + seconds)
  const closes = Math.min(by, now + stages[job.kind] * seconds)
  const body = { job, doneBy, checkedBy, closes }
  return Participant.send(
    { ...state, posting: { ...state.posting, [job.number]: body } },
    { kind: 'jobPosted', task: state.id, round: 0, slot: job.number, body },
  )
}

function federate<state extends State>(state: state): state {
  const parts = Object.values(state.jobs.posted).flatMap(({ body: { job } }) => {
    const result = job.kind === 'warmStart' ? Jobs.agreed(state, job.number)?.result : undefined
    return result === undefined ? [] : [{ number: job.number, result, samples: job.samples }]
  })
  if (parts.length === 0) return over(state)
  return Participant.wish(
    { ...state, warmth: { ...state.warmth, stage: 'federating' } },
    { id: federation, type: 'federate', parts },
  )
}

function over<state extends State>(state: state): state {
  const idle = Participant.unwish(state, ({ id }) => id === federation)
  return { ...idle, warmth: { ...idle.warmth, stage: 'over' } }
}

/** Has the committee count for a round that was opened; what it agrees on is used in place of the own count. */
export function score<state extends State>(state: state, isLast: boolean, now: number): state {
  if (state.spec.scoring !== 'committee' || isLast) return state
  let next = state
  for (const round of Object.values(state.rounds)) {
    const id = subjectOf(round.round)
    if (typeof round.result === 'string' || state.jobs.begun[id] === true) continue
    const record = Ledger.committed(state.ledger, round.round)?.record
    // Only the newest: what is older was passed over while this role was away.
    if (record === undefined || round.round !== Ledger.lastRound(state.ledger)) continue
    const { players } = round.result
    const coalitions = players.length === 0 ? [] : Game.coalitions(players.length, Record.hash(record))
    if (coalitions.length === 0 || !Participant.isAwake(state, now)) continue
    const blank = { round: round.round, models: coalitions.length, subject: Record.hash(record) }
    const job = Job.score(state.spec, blank)
    const seats = Jobs.executors(next, job)
    if (seats === undefined) {
      const epoch = Jobs.epochOf(next, job)
      if (epoch !== undefined) next = Drawn.ask(next, epoch)
      continue
    }
    if (next.jobs.posted[job.number] !== undefined) continue
    // Who was slashed is shown nothing more.
    const recipients = seats.flatMap((seat) => {
      const party = state.ledger.computes[seat]
      if (party === undefined || !Ledger.counts(state.ledger, seat)) return []
      return [{ account: party.account, box: party.box }]
    })
    if (recipients.length < 2) continue
    next = Participant.wish(Jobs.begin(next, id), {
      ...{ id, type: 'sealSubject', round: round.round, coalitions, recipients },
    })
  }
  return next
}

function subjectOf(round: number): string {
  return `subject:${round}`
}

/** Erases what is left of a task that is over: sums that were kept for its jobs, and what was sealed to their executors. */
export function forget<state extends State>(state: state): state {
  const { state: phase } = state.ledger
  const id = 'forget:task'
  const isOver = phase === 'settled' || phase === 'cancelled'
  if (!isOver || Object.keys(state.rounds).length === 0 || state.jobs.begun[id] === true) return state
  return Participant.wish(Jobs.begin(state, id), { id, type: 'forget', of: 'task' })
}

/** Takes in how a wish of these went. */
export function finish<state extends State>(
  state: state,
  result: Extract<Event.Result, { readonly type: 'federated' | 'subjectSealed' | 'failed' }>,
  now: number,
): state {
  const finished = Participant.finish(state, result, now)
  if (finished === undefined) return state
  const { effect, state: next } = finished
  if (effect.type === 'federate') return over(next)
  if (effect.type !== 'sealSubject' || result.type !== 'subjectSealed') return next
  const { update } = next.spec.timeouts
  const { round, coalitions } = effect
  const job = Job.score(next.spec, { round, models: coalitions.length, subject: result.subject })
  return post(next, job, update, next.ledger.deadline, now)
}

/** The counts of a round's coalitions that two executors agree on. */
export function worthOf(
  state: State,
  round: number,
  players: readonly Contribution.Player[],
): readonly number[] | undefined {
  const posted = Object.values(state.jobs.posted).find(
    ({ body }) => body.job.kind === 'score' && body.job.round === round,
  )
  const worth = posted === undefined ? undefined : Jobs.agreed(state, posted.body.job.number)?.worth
  const record = Ledger.committed(state.ledger, round)?.record
  if (worth === undefined || worth === null || record === undefined) return undefined
  return worth.length === Game.coalitions(players.length, Record.hash(record)).length ? worth : undefined
}
