// The cohorts of an epoch, which follow from the chain alone: from the hash of a block that was fixed before it existed.
import type { Address, Hex } from '../codec.ts'
import * as Cohort from '../cohort.ts'
import type { DataParty } from '../party.ts'
import * as Plan from '../plan.ts'
import type * as Event from './event.ts'
import * as Participant from './participant.ts'

/** Blocks between what fixes a draw and the block that it is drawn from. */
const ahead = 4

export type State = Participant.Participant & {
  /** Hashes of the blocks that cohorts are drawn from, by number. */
  readonly headers: Readonly<{ [number: number]: Hex }>
}

/**
 * The block that an epoch is drawn from: a few after the first round that was committed in the latest epoch before it
 * in which any was, or after the start. One chance for each draw, and while nothing is opened the cohorts stay.
 */
function headerOf({ ledger, terms }: Participant.Participant, epoch: number): number {
  const before = ledger.rounds.filter(({ record }) => Plan.epoch(terms, record.round) < epoch)
  const last = before.at(-1)
  if (last === undefined) return ledger.startedAt + ahead
  const latest = Plan.epoch(terms, last.record.round)
  const first = before.find(({ record }) => Plan.epoch(terms, record.round) === latest)
  return (first ?? last).block + ahead
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

/** The cohorts of an epoch as accounts; undefined while the hash is not known. */
export function cohorts(state: State, epoch: number): readonly (readonly Address[])[] | undefined {
  const hash = state.headers[headerOf(state, epoch)]
  if (hash === undefined) return undefined
  const { ledger, terms, spec, id } = state
  const drawn = known.get(ledger.datas) ?? new Map<Hex, readonly (readonly Address[])[]>()
  known.set(ledger.datas, drawn)
  const found =
    drawn.get(hash) ??
    Cohort.draw(
      ledger.datas.map(({ account }) => account),
      Cohort.seed(id, hash),
      { largest: Cohort.largest(spec.he), minCohort: terms.minCohort, maxCohorts: terms.maxCohorts },
    )
  drawn.set(hash, found)
  return found
}

/** Draws that were worked out before. */
const known = new WeakMap<readonly DataParty[], Map<Hex, readonly (readonly Address[])[]>>()
