// The cohorts of an epoch: from the hash of a block that was fixed before it existed, and from the sums that were said
// to have failed before that.
import type { Address, Hex } from '../codec.ts'
import * as Cohort from '../cohort.ts'
import type * as History from '../history.ts'
import type { DataParty } from '../party.ts'
import * as Plan from '../plan.ts'
import type * as Event from './event.ts'
import * as Participant from './participant.ts'
import type * as Witness from './witness.ts'

/** Blocks between what fixes a draw and the block that it is drawn from. */
const ahead = 4

export type State = Participant.Participant & {
  /** Hashes of the blocks that cohorts are drawn from, by number. */
  readonly headers: Readonly<{ [number: number]: Hex }>
}

/**
 * What the draw of an epoch rests on: the first round that was committed in the latest epoch before it in which any
 * was; undefined for the start. It is drawn from a block a few after: one chance for each draw, and while nothing is
 * opened the cohorts stay.
 */
function basisOf({ ledger, terms }: Participant.Participant, epoch: number): History.Round | undefined {
  const before = ledger.rounds.filter(({ record }) => Plan.epoch(terms, record.round) < epoch)
  const last = before.at(-1)
  if (last === undefined) return undefined
  const latest = Plan.epoch(terms, last.record.round)
  return before.find(({ record }) => Plan.epoch(terms, record.round) === latest)
}

function headerOf(state: Participant.Participant, epoch: number): number {
  return (basisOf(state, epoch)?.block ?? state.ledger.startedAt) + ahead
}

/** Asks for the hash that an epoch is drawn from unless it is known. */
export function ask<state extends State>(state: state, epoch: number): state {
  const number = headerOf(state, epoch)
  if (state.headers[number] !== undefined) return state
  return Participant.wish(state, { id: `header:${number}`, type: 'header', number })
}

/** Takes in a hash that was asked for. */
export function heard<state extends State>(
  state: state,
  result: Extract<Event.Result, { readonly type: 'header' }>,
  now: number,
): state {
  const finished = Participant.finish(state, result, now)
  if (finished?.effect.type !== 'header') return finished?.state ?? state
  return {
    ...finished.state,
    headers: { ...finished.state.headers, [finished.effect.number]: result.hash },
  }
}

/** The hash that an epoch is drawn from; undefined while it is not known. */
export function hash(state: State, epoch: number): Hex | undefined {
  return state.headers[headerOf(state, epoch)]
}

/** The cohorts of an epoch as accounts; undefined while the hash, or whom it suspects, is not known. */
export function cohorts(state: State, epoch: number): readonly (readonly Address[])[] | undefined {
  const { ledger, terms, spec, id } = state
  const basis = basisOf(state, epoch)
  const from = hash(state, epoch)
  const discarded = discardedBefore(state, basis)
  if (from === undefined || discarded === undefined) return undefined
  const drawn = known.get(ledger.datas) ?? new Map<string, readonly (readonly Address[])[]>()
  known.set(ledger.datas, drawn)
  const key = `${from} ${basis?.record.opened ?? ''}`
  const found =
    drawn.get(key) ??
    Cohort.draw(
      ledger.datas.map(({ account }) => account),
      Cohort.seed(id, from),
      { largest: Cohort.largest(spec.he), minCohort: terms.minCohort, maxCohorts: terms.maxCohorts },
      suspicion(state, discarded, basis?.record.round ?? 0),
    )
  drawn.set(key, found)
  return found
}

/**
 * The sums that failed, by what the opening says that the draw's first round was committed with: everybody reads the
 * same, and it was said before anybody knew the block that is drawn from. Undefined while it was not heard.
 */
function discardedBefore(
  { witness }: Participant.Participant,
  basis: History.Round | undefined,
): Witness.Opening['discarded'] | undefined {
  if (basis === undefined) return []
  const { round, opened } = basis.record
  return witness.openings[round]?.find((each) => each.opened === opened)?.discarded
}

/** In how many epochs before this round, running, each provider had a hand in a sum that failed. */
function suspicion(
  { ledger, terms }: Participant.Participant,
  discarded: Witness.Opening['discarded'],
  until: number,
): Cohort.Suspicion {
  const epochs = new Map<number, { failed: bigint; sound: bigint }>()
  for (const { record } of ledger.rounds.filter((each) => each.record.round < until)) {
    const epoch = Plan.epoch(terms, record.round)
    const told = epochs.get(epoch) ?? { failed: 0n, sound: 0n }
    epochs.set(epoch, told)
    const failed = discarded.find(({ round }) => round === record.round)?.cohorts ?? []
    for (const [at, cohort] of record.cohorts.entries()) {
      const survivors = cohort & record.survivors
      if (survivors === 0n) continue
      // Also who is not in the sum had a hand in it: by the secret that takes its masks off.
      if (failed.includes(at)) told.failed |= cohort
      else told.sound |= survivors
    }
  }
  const running = ledger.datas.map(({ account }, seat): [Address, number] => {
    const has = (bits: bigint) => ((bits >> BigInt(seat)) & 1n) === 1n
    const runs = (run: number, { failed, sound }: { readonly failed: bigint; readonly sound: bigint }) =>
      has(failed) ? run + 1 : has(sound) ? 0 : run
    return [account, [...epochs.values()].reduce(runs, 0)]
  })
  return new Map(running.filter(([, run]) => run > 0))
}

/** Draws that were worked out before. */
const known = new WeakMap<readonly DataParty[], Map<string, readonly (readonly Address[])[]>>()
