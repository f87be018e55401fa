// A model provider: puts money into escrow, gathers participants, opens rounds, opens sums, settles.
// Who takes part is settled in matching.ts, when a round is opened in modelRounds.ts, what is known of one in
// modelRound.ts, its sums are opened in modelOpening.ts, jobs are posted in jobPost.ts; keys, models and sums stay with
// the workers that carry out its wishes.
import type { Address } from '../codec.ts'
import type * as Message from '../message.ts'
import type * as Offer from '../offer.ts'
import * as Topic from '../topic.ts'
import * as Accusation from './accusation.ts'
import * as Drawn from './drawn.ts'
import type * as Effect from './effect.ts'
import type * as Event from './event.ts'
import * as Exits from './exits.ts'
import * as JobPost from './jobPost.ts'
import * as Jobs from './jobs.ts'
import * as Matching from './matching.ts'
import * as ModelOpening from './modelOpening.ts'
import * as ModelRound from './modelRound.ts'
import * as ModelRounds from './modelRounds.ts'
import * as Nominations from './nominations.ts'
import * as Participant from './participant.ts'

export { accuracyOf } from './modelOpening.ts'
export type { Round } from './modelRound.ts'
export { current as currentRound } from './modelRounds.ts'

export type State = Nominations.State &
  JobPost.State & {
    readonly role: 'model'
    readonly announced: boolean
    readonly withdrawn: boolean
  }

export type Options = Participant.Options & {
  /** Compute offers known so far. */
  readonly computes: readonly Offer.ComputeOffer[]
  /** The accounts behind `terms.invited`; empty for everyone. */
  readonly invited: readonly Address[]
}

export function create(options: Options): State {
  return {
    ...Participant.create(options),
    role: 'model',
    invited: options.invited,
    computes: Object.fromEntries(options.computes.map((offer) => [offer.account, offer])),
    asked: {},
    seats: {},
    requests: 0,
    since: 0,
    frozen: false,
    roster: undefined,
    rosters: 0,
    refusals: 0,
    announced: false,
    withdrawn: false,
    rounds: {},
    convicted: {},
    headers: {},
    jobs: Jobs.nothing,
    warmth: JobPost.cold,
    posting: {},
  }
}

export function step(state: State, event: Event.Event, now: number): Participant.Step<State> {
  const heard = hear(state, event, now)
  if (heard === state && event.type === 'message') return { state, effects: [] }
  return Participant.between(state, advance(heard, now))
}

/** Everything that is still wished for. */
export function resume(state: State): readonly Effect.Effect[] {
  return Object.values(state.outbox)
}

/** Where it listens. */
export function topics(state: State): readonly string[] {
  return [Topic.market(state.place), Topic.task(state.place, state.id)]
}

function hear(state: State, event: Event.Event, now: number): State {
  switch (event.type) {
    case 'message':
      return event.message.task === state.id || event.message.kind === 'computeOffer'
        ? read(state, event.message, now)
        : state
    case 'chain': {
      const { state: next, early } = Participant.follow(state, event.event)
      const created = next.since === 0 && next.ledger.state !== 'none' ? { ...next, since: now } : next
      return early.reduce((so, message) => read(so, message, now), created)
    }
    case 'head':
      return Participant.reach(state, event.time)
    case 'tick':
      return state
    case 'restarted':
      return { ...state, awakeSince: now }
    case 'header':
      return Drawn.heard(state, event, now)
    case 'federated':
    case 'subjectSealed':
      return JobPost.finish(state, event, now)
    case 'failed':
      return isOfJobs(state.outbox[event.effect])
        ? JobPost.finish(state, event, now)
        : finish(state, event, now)
    case 'sent':
    case 'submitted':
    case 'prepared':
    case 'opened':
    case 'forgotten':
      return finish(state, event, now)
    case 'chosen':
      return Nominations.choose(state, event.offers, now)
    case 'frozen':
      return { ...state, frozen: true }
    case 'ended':
      return { ...state, ended: true }
    case 'ruled':
      return { ...state, rules: event.rules }
    case 'claimed':
      return { ...state, claims: true }
    case 'withdrawn':
      return Participant.withdraw(state, now)
    case 'consented':
    case 'declined':
    case 'left':
    case 'returned':
    case 'performed':
    case 'verified':
    case 'missing':
    case 'sealed':
    case 'masked':
    case 'contributed':
    case 'checked':
    case 'aggregated':
    case 'unmasked':
      return state
    default:
      return event satisfies never
  }
}

function isOfJobs(effect: Effect.Effect | undefined): boolean {
  return effect?.type === 'federate' || effect?.type === 'sealSubject'
}

function read(before: State, message: Message.Message, now: number): State {
  const state = Participant.witness(before, message)
  if (message.kind === 'roundOpened')
    return Participant.isFromModelProvider(state, message) ? ModelRounds.takeUp(state, message) : state
  if (state.ledger.state === 'none' || state.ledger.state === 'open')
    return Nominations.read(state, message, now)
  if (Jobs.concerns(message)) return Jobs.read(state, message, now)
  const round = state.rounds[message.round]
  if (round === undefined) return state
  const next = ModelRound.read(state, round, message, now)
  return next === round ? state : ModelRound.put(state, next)
}

function finish(state: State, result: Event.Result, now: number): State {
  const finished = Participant.finish(state, result, now)
  if (finished === undefined) return state
  const { effect, state: next } = finished
  if (effect.type === 'submit') {
    if (effect.call.name === 'start' && result.type === 'failed') return Matching.refused(next, result)
    const isOut = effect.call.name === 'withdraw' && result.type === 'submitted'
    return isOut ? { ...next, withdrawn: true } : next
  }
  if (effect.type === 'open') return ModelOpening.finish(next, effect, result)
  return effect.type === 'prepare' ? ModelRounds.finish(next, effect, result) : next
}

/** Wishes for what the facts call for; changes nothing when nothing does. */
function advance(state: State, now: number): State {
  const tidied = JobPost.forget(ModelOpening.forgetOver(tidy(Exits.tidy(state), now)))
  const next = Accusation.advance(tidied, now)
  switch (next.ledger.state) {
    case 'none':
      if (next.ended || now > next.terms.startBy) return next
      return Participant.submit(next, 'create', { name: 'create', terms: next.terms }, now)
    case 'open':
      if (next.ended)
        return Participant.submit(next, 'exit:cancel', { name: 'cancel', terms: next.terms }, now)
      if (next.ledger.head > next.terms.startBy) return Exits.take(next, now)
      return Matching.advance(announce(next), now)
    case 'running':
      return Exits.take(ModelRounds.run(next, now), now, () => ModelRounds.utilities(next))
    case 'faulted':
    case 'settled':
      return Exits.take(next, now)
    case 'cancelled':
      if (next.withdrawn || (!next.rules.claim && !next.claims)) return next
      return Participant.withdraw(next, now)
    default:
      return next.ledger.state satisfies never
  }
}

function announce(state: State): State {
  if (state.announced) return state
  return Participant.send(
    { ...state, announced: true },
    { kind: 'taskAnnounced', task: state.id, round: 0, slot: 0, body: { terms: state.terms } },
    Topic.market(state.place),
  )
}

/** Drops wishes that nobody waits for any more. */
function tidy(state: State, now: number): State {
  const { state: phase } = state.ledger
  return Participant.unwish(state, (effect) => {
    if (effect.type === 'prepare' || effect.type === 'open' || isOfJobs(effect)) return phase !== 'running'
    if (effect.id === 'create') return phase !== 'none' || state.ended
    if (effect.id === 'start') return phase !== 'open'
    if (effect.type !== 'send' || effect.draft.kind !== 'roundOpened') return false
    return now > effect.draft.body.readyBy || phase !== 'running'
  })
}
