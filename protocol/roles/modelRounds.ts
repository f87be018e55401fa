// The course of a task's rounds: when its model provider opens the next one, when it has enough, and what they are worth.
import * as History from '../history.ts'
import * as Message from '../message.ts'
import * as Plan from '../plan.ts'
import * as Record from '../record.ts'
import * as Contribution from './contribution.ts'
import type * as Effect from './effect.ts'
import type * as Event from './event.ts'
import * as Exits from './exits.ts'
import * as JobPost from './jobPost.ts'
import * as Jobs from './jobs.ts'
import * as Ledger from './ledger.ts'
import * as ModelOpening from './modelOpening.ts'
import * as ModelRound from './modelRound.ts'
import * as Participant from './participant.ts'

type State = JobPost.State

/** The newest round; undefined before the first. */
export function current(state: State): ModelRound.Round | undefined {
  const numbers = Object.keys(state.rounds).map(Number)
  return numbers.length === 0 ? undefined : state.rounds[Math.max(...numbers)]
}

/** Goes on with a round that it hears it opened before its state was restored: two openings of one cost the bond. */
export function takeUp<state extends State>(
  state: state,
  { round: number, body, bodyDigest }: Message.Of<'roundOpened'>,
): state {
  const round = state.rounds[number] ?? ModelRound.blank(number)
  if (round.opened !== undefined || number > state.terms.maxRounds) return state
  const { modelHash, model, publicKey } = body
  const opened = { digest: bodyDigest, body }
  const idle = Participant.unwish(state, ({ id }) => id === `prepare:${number}`)
  return ModelRound.put(idle, { ...round, prepared: { modelHash, model, publicKey }, opened })
}

/** Takes in what preparing a round gave. */
export function finish<state extends State>(
  state: state,
  effect: Extract<Effect.Effect, { readonly type: 'prepare' }>,
  result: Event.Result,
): state {
  const round = state.rounds[effect.round]
  if (round === undefined) return state
  if (result.type !== 'prepared') return ModelRound.put(state, { ...round, result: 'lost' })
  const { modelHash, model, publicKey } = result
  return ModelRound.put(state, { ...round, prepared: { modelHash, model, publicKey } })
}

/** Opens, scores and begins rounds while the task runs, and settles when there are enough. */
export function run<state extends State>(state: state, now: number): state {
  const warmed = JobPost.warm(state, state.ended || !isQuorate(state), now)
  if (JobPost.isWarming(warmed)) return warmed
  const opened = ModelOpening.openSums(openRound(warmed, now), now)
  const next = JobPost.score(opened, isEnough(opened, Ledger.lastRound(opened.ledger) + 1, now), now)
  if (Object.values(next.rounds).some((round) => isUnderWay(next, round))) return next
  const number = Math.max(Ledger.lastRound(next.ledger), current(next)?.round ?? 0) + 1
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

/** Opens the round that is prepared, once, and only when it should have heard whether it did before. */
function openRound<state extends State>(state: state, now: number): state {
  const round = current(state)
  if (round?.prepared === undefined || round.opened !== undefined) return state
  if (round.result !== 'none' || !Participant.isAwake(state, now)) return state
  const { ready, update, commit } = state.spec.timeouts
  const readyBy = Math.max(now + ready, waitsUntil(state, now))
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

/**
 * Unix seconds until when a round that opens now waits for `Ready` at least; 0 where no longer than the spec says. Where
 * the last round waited in vain for somebody's update and less than twice the minimum of a cohort is left, hardly a set
 * of those may be opened next: so whoever left can be back, which is when that round closes, and say that it is.
 */
function waitsUntil({ ledger, terms, spec }: State, now: number): number {
  const { ready, update, commit } = spec.timeouts
  const last = ledger.rounds.at(-1)?.record
  if (last === undefined || last.closes <= now || last.closes > now + commit) return 0
  const isThin = last.cohorts.some((cohort) => {
    const there = cohort & last.delivered
    return there !== cohort && Record.seats(there).length < 2 * terms.minCohort
  })
  const until = last.closes + Math.ceil(ready / 2)
  return isThin && until + update + commit < ledger.deadline ? until : 0
}

export function utilities(state: State): Plan.Utilities {
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
  if (round.opened === undefined) return round === current(state)
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
