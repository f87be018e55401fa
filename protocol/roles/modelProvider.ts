// A model provider: puts money into escrow, gathers participants, opens rounds, opens sums, settles.
// Who takes part is settled in matching.ts, what is known of a round in modelRound.ts, its sums are opened in
// modelOpening.ts, jobs are posted in jobPost.ts; keys, models and sums stay with the workers that carry out its wishes.
import type { Address } from '../codec.ts'
import * as History from '../history.ts'
import * as Message from '../message.ts'
import type * as Offer from '../offer.ts'
import * as Plan from '../plan.ts'
import * as Topic from '../topic.ts'
import * as Accusation from './accusation.ts'
import * as Contribution from './contribution.ts'
import * as Drawn from './drawn.ts'
import type * as Effect from './effect.ts'
import type * as Event from './event.ts'
import * as Exits from './exits.ts'
import * as JobPost from './jobPost.ts'
import * as Jobs from './jobs.ts'
import * as Ledger from './ledger.ts'
import * as Matching from './matching.ts'
import * as ModelOpening from './modelOpening.ts'
import * as ModelRound from './modelRound.ts'
import * as Participant from './participant.ts'

export { accuracyOf } from './modelOpening.ts'
export type { Round } from './modelRound.ts'

export type State = Matching.State &
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

/** The newest round; undefined before the first. */
export function currentRound(state: State): ModelRound.Round | undefined {
  const numbers = Object.keys(state.rounds).map(Number)
  return numbers.length === 0 ? undefined : state.rounds[Math.max(...numbers)]
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
      return Matching.choose(state, event.offers, now)
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
    return Participant.isFromModelProvider(state, message) ? takeUp(state, message) : state
  if (state.ledger.state === 'none' || state.ledger.state === 'open')
    return Matching.read(state, message, now)
  if (Jobs.concerns(message)) return Jobs.read(state, message, now)
  const round = state.rounds[message.round]
  if (round === undefined) return state
  const next = ModelRound.read(state, round, message, now)
  return next === round ? state : ModelRound.put(state, next)
}

/** Goes on with a round that it hears it opened before its state was restored: two openings of one cost the bond. */
function takeUp(state: State, { round: number, body, bodyDigest }: Message.Of<'roundOpened'>): State {
  const round = state.rounds[number] ?? ModelRound.blank(number)
  if (round.opened !== undefined || number > state.terms.maxRounds) return state
  const { modelHash, model, publicKey } = body
  const opened = { digest: bodyDigest, body }
  const idle = Participant.unwish(state, ({ id }) => id === `prepare:${number}`)
  return ModelRound.put(idle, { ...round, prepared: { modelHash, model, publicKey }, opened })
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
  const round = effect.type === 'prepare' ? next.rounds[effect.round] : undefined
  if (round === undefined) return next
  if (result.type !== 'prepared') return ModelRound.put(next, { ...round, result: 'lost' })
  const { modelHash, model, publicKey } = result
  return ModelRound.put(next, { ...round, prepared: { modelHash, model, publicKey } })
}

/** Opens the round that is prepared, once, and only when it should have heard whether it did before. */
function openRound(state: State, now: number): State {
  const round = currentRound(state)
  if (round?.prepared === undefined || round.opened !== undefined) return state
  if (round.result !== 'none' || !Participant.isAwake(state, now)) return state
  const { ready, update, commit } = state.spec.timeouts
  const readyBy = now + ready
  const updatesBy = readyBy + update
  const closes = updatesBy + commit
  const body = {
    epoch: Plan.epoch(state.terms, round.round),
    ...round.prepared,
    readyBy,
    updatesBy,
    closes,
    discarded: Object.values(state.rounds)
      .filter(({ round: number, discarded }) => number < round.round && discarded.length > 0)
      .map(({ round: number, discarded }) => ({ round: number, cohorts: discarded })),
  }
  const draft = { kind: 'roundOpened', task: state.id, round: round.round, slot: 0, body } as const
  const { bodyDigest } = Message.digests(state.place, state.me.account, draft)
  return Participant.send(ModelRound.put(state, { ...round, opened: { digest: bodyDigest, body } }), draft)
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
      return Exits.take(run(next, now), now, () => utilities(next))
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

function run(state: State, now: number): State {
  const warmed = JobPost.warm(state, state.ended || !isQuorate(state), now)
  if (JobPost.isWarming(warmed)) return warmed
  const opened = ModelOpening.openSums(openRound(warmed, now), now)
  const next = JobPost.score(opened, isEnough(opened, Ledger.lastRound(opened.ledger) + 1, now), now)
  if (Object.values(next.rounds).some((round) => isUnderWay(next, round))) return next
  const number = Math.max(Ledger.lastRound(next.ledger), currentRound(next)?.round ?? 0) + 1
  if (isEnough(next, number, now))
    return next.ledger.rounds.length > 0 ? Exits.settle(next, utilities(next), now) : next
  if (!Participant.isAwake(next, now)) return next
  // The last record pays what every member knows by then.
  if (isFinal(next, number) && JobPost.isAwaited(next, now, now - Jobs.spreads)) return next
  const recipients = next.ledger.datas.map(({ account, box }) => ({ account, box }))
  return Participant.wish(ModelRound.put(next, ModelRound.blank(number)), {
    id: `prepare:${number}`,
    type: 'prepare',
    round: number,
    recipients,
  })
}

function utilities(state: State): Plan.Utilities {
  const measured = Object.values(state.rounds).flatMap(({ round, result }) =>
    typeof result === 'string' ? [] : [{ round, contributions: contributionsOf(state, round, result) }],
  )
  return Contribution.utilities(state.terms, History.tallies(state.ledger), measured)
}

/** Whether no round may follow this one. */
function isFinal({ spec, terms, ledger }: State, number: number): boolean {
  return spec.targetAccuracy > 0 || number >= terms.maxRounds || ledger.rounds.length + 1 >= spec.rounds
}

/** What the committee counted where it agrees, else the own count. */
function contributionsOf(state: State, round: number, result: ModelRound.Gained): readonly number[] {
  const { players, contributions } = result
  const worth = JobPost.worthOf(state, round, players)
  const record = Ledger.committed(state.ledger, round)?.record
  return worth === undefined || record === undefined
    ? contributions
    : Contribution.ofRound(players, worth, record)
}

/** Whether the next round has to wait: for the model, for the commit or for the sums of this one. */
function isUnderWay(state: State, round: ModelRound.Round): boolean {
  if (round.result !== 'none') return false
  const committed = Ledger.committed(state.ledger, round.round)
  if (committed !== undefined) return !ModelOpening.isStuck(state, committed.record.closes)
  if (!isQuorate(state)) return false
  if (round.opened === undefined) return round === currentRound(state)
  return state.ledger.head <= round.opened.body.closes
}

/** Whether enough members count to commit a round. */
function isQuorate({ ledger, terms }: State): boolean {
  return Ledger.present(ledger).length >= terms.threshold
}

/** Whether round `number` is not to be opened: the target, the rounds, the time or the committee are used up. */
function isEnough(state: State, number: number, now: number): boolean {
  const { spec, terms, ledger } = state
  const { ready, update, commit } = spec.timeouts
  const best = Object.values(state.rounds).map((round) => ModelOpening.accuracyOf(round) ?? 0)
  return (
    state.ended ||
    number > terms.maxRounds ||
    ledger.rounds.length >= spec.rounds ||
    !isQuorate(state) ||
    (spec.targetAccuracy > 0 && best.some((accuracy) => accuracy >= spec.targetAccuracy)) ||
    now + ready + update + commit >= ledger.deadline
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
