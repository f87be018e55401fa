// How a compute provider does jobs: the first executor does what was posted, the second does it again and says whether it
// found the same, the third steps in for who stays silent, decides where they differ, and does itself what nobody published.
import * as Job from '../job.ts'
import type * as Message from '../message.ts'
import type * as Effect from './effect.ts'
import type * as Event from './event.ts'
import * as Drawn from './drawn.ts'
import * as Jobs from './jobs.ts'
import * as Ledger from './ledger.ts'
import * as Participant from './participant.ts'

/** Seconds before weights that nobody had are looked for again. */
const pause = 10

/** Wishes for what is this provider's turn to do; drops what nobody waits for any more. */
export function advance<state extends Jobs.State>(state: state, now: number): state {
  const posted = Object.values(state.jobs.posted)
  if (posted.length === 0) return state
  const isRunning = state.ledger.state === 'running'
  const open = isRunning ? posted.filter((each) => isOpen(state, each, now)) : []
  const idle = Participant.unwish(
    state,
    (effect) => isWork(effect) && open.every(({ body }) => body.job.number !== effect.job.number),
  )
  const seat = Ledger.seatOf(state.ledger.computes, state.me.account)
  return seat === undefined ? idle : open.reduce((so, each) => work(so, each, seat, now), idle)
}

function isWork(
  effect: Effect.Effect,
): effect is Extract<Effect.Effect, { readonly type: 'perform' | 'verify' }> {
  return effect.type === 'perform' || effect.type === 'verify'
}

/** Whether something may still be to do. */
function isOpen(state: Jobs.State, { body }: Message.Of<'jobPosted'>, now: number): boolean {
  if (now > body.closes) return false
  const { agreed, contradicted } = Jobs.verdict(state, body.job.number)
  return agreed === undefined && contradicted.length === 0
}

function work<state extends Jobs.State>(
  state: state,
  { body }: Message.Of<'jobPosted'>,
  seat: number,
  now: number,
): state {
  const { job } = body
  const epoch = Jobs.epochOf(state, job)
  if (epoch === undefined || !Jobs.isCovered(state, job.number)) return state
  const seats = Jobs.executors(state, job)
  if (seats === undefined) return Drawn.ask(state, epoch)
  const [first = -1, second = -1, third = -1] = seats
  if (!seats.includes(seat) || !Participant.isAwake(state, now)) return state
  const { number } = job
  const doneBy = (by: number) => Jobs.doneBy(state, job, by)
  if (doneBy(seat) !== undefined || state.jobs.checked[number]?.[seat] !== undefined) return state
  const verifying = (author: number) => `verify:${number}:${author}`
  const verify = (author: number) => {
    const done = doneBy(author)
    const missedAt = state.jobs.missing[verifying(author)]
    if (done === undefined || (missedAt !== undefined && now < missedAt + pause)) return state
    const { result, worth } = done.body
    return begin(state, { id: verifying(author), type: 'verify', job, of: done.digest, result, worth })
  }
  const perform: Effect.Effect & { readonly job: Job.Job } = { id: `perform:${number}`, type: 'perform', job }
  if (seat === first) return begin(state, perform)
  // A check that is only slow, or held back by the owner's limits, is not given up.
  const isVain = now > Jobs.redoneFrom(body) && state.jobs.missing[verifying(first)] !== undefined
  if (seat === second) {
    // By then the referee, too, may have found nothing to check of the first one's.
    const isRedone = isVain || state.jobs.begun[verifying(third)] === true
    const authors = isRedone ? [third, first] : [first, third]
    return verify(authors.find((author) => doneBy(author) !== undefined) ?? first)
  }
  if (state.jobs.begun[perform.id] === true) return state
  const check = state.jobs.checked[number]?.[second]?.message.body
  if (check !== undefined) return check.agrees ? state : verify(first)
  if (doneBy(first) === undefined) return now > body.doneBy ? begin(state, perform) : state
  if (now <= body.checkedBy) return state
  return isVain ? begin(state, perform) : verify(first)
}

/** Wishes for it in place of other work on this job; what was answered but by `missing`, failed or dropped is not begun again. */
function begin<state extends Jobs.State>(
  state: state,
  effect: Effect.Effect & { readonly job: Job.Job },
): state {
  const { number } = effect.job
  const begun = Object.keys(state.jobs.begun).filter(
    (id) => id === `perform:${number}` || id.startsWith(`verify:${number}:`),
  )
  if (state.outbox[effect.id] !== undefined || begun.some((id) => state.outbox[id] === undefined))
    return state
  const idle = Participant.unwish(state, (other) => isWork(other) && other.job.number === number)
  return Participant.wish(Jobs.begin(idle, effect.id), effect)
}

/** Says how a job went. */
export function finish<state extends Jobs.State>(
  state: state,
  result: Extract<Event.Result, { readonly type: 'performed' | 'verified' | 'missing' }>,
  now: number,
): state {
  const finished = Participant.finish(state, result, now)
  if (finished === undefined) return state
  const { effect, state: next } = finished
  if (!isWork(effect)) return next
  if (result.type === 'missing') return Jobs.miss(next, effect.id, now)
  const said = { task: next.id, round: 0, slot: effect.job.number } as const
  const job = Job.digest(effect.job)
  if (result.type === 'performed')
    return Participant.send(next, {
      ...said,
      kind: 'jobDone',
      body: { job, result: result.result, worth: result.worth },
    })
  if (effect.type !== 'verify') return next
  return Participant.send(next, {
    ...said,
    kind: 'jobChecked',
    body: { job, of: effect.of, agrees: result.agrees },
  })
}
