// How a compute provider does jobs: the first executor does what was posted, the second does it again and says whether it
// found the same, the third steps in for who stays silent and decides where they differ.
import * as Job from '../job.ts'
import type * as Message from '../message.ts'
import type * as Effect from './effect.ts'
import type * as Event from './event.ts'
import * as Drawn from './drawn.ts'
import * as Jobs from './jobs.ts'
import * as Ledger from './ledger.ts'
import * as Participant from './participant.ts'

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
  const [first = -1, second = -1] = seats
  if (!seats.includes(seat) || !Participant.isAwake(state, now)) return state
  const { number } = job
  const own = Job.digest(job)
  const doneBy = (by: number) => {
    const said = state.jobs.done[number]?.[by]?.message
    return said?.body.job === own ? said : undefined
  }
  if (doneBy(seat) !== undefined || state.jobs.checked[number]?.[seat] !== undefined) return state
  const isSilent = doneBy(first) === undefined
  const check = state.jobs.checked[number]?.[second]?.message.body
  const isReferee = seat !== first && seat !== second
  if (seat === first || (isReferee && isSilent && now > body.doneBy && check === undefined))
    return begin(state, { id: `perform:${number}`, type: 'perform', job })
  const done = isReferee
    ? (check === undefined && now <= body.checkedBy) || check?.agrees === true
      ? undefined
      : doneBy(first)
    : seats.map((by) => doneBy(by)).find((said) => said !== undefined)
  if (done === undefined) return state
  const { result, worth } = done.body
  return begin(state, { id: `verify:${number}`, type: 'verify', job, of: done.digest, result, worth })
}

/** Wishes for it once: what fails is left to the others. A referee that did the job does not check it. */
function begin<state extends Jobs.State>(
  state: state,
  effect: Effect.Effect & { readonly job: Job.Job },
): state {
  const { number } = effect.job
  const ids = [`perform:${number}`, `verify:${number}`]
  if (ids.some((id) => state.jobs.begun[id] === true)) return state
  return Participant.wish(Jobs.begin(state, effect.id), effect)
}

/** Says how a job went. */
export function finish<state extends Jobs.State>(
  state: state,
  result: Extract<Event.Result, { readonly type: 'performed' | 'verified' }>,
  now: number,
): state {
  const finished = Participant.finish(state, result, now)
  if (finished === undefined) return state
  const { effect, state: next } = finished
  if (!isWork(effect)) return next
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
