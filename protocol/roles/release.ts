// Whether a member may give shares of a round away: the one question on which everybody's privacy hangs.
import type { Hex } from '../codec.ts'
import * as Record from '../record.ts'
import { viewOf } from './committeeRound.ts'
import type { Round, State } from './committeeRound.ts'
import * as Draw from './draw.ts'
import * as Ledger from './ledger.ts'
import * as Survivors from './survivors.ts'

/** What is to be unmasked: the cohorts of a draw, and whose updates are in the sums. */
export type Release = {
  /** Hash of the record. */
  readonly record: Hex
  /** One bitmap of data seats for each cohort of the draw. */
  readonly cohorts: readonly bigint[]
  readonly survivors: bigint
}

/**
 * What the chain says is to be unmasked: a record that was committed, with the confirmations that the configuration
 * wants (events are not told before), about the opening and the draw that this member was shown, whose sets may be
 * opened after those of the epoch before it.
 */
export function due(state: State, round: Round): Release | undefined {
  const record = Ledger.committed(state.ledger, round.round)?.record
  const view = viewOf(round)
  if (record === undefined || view === undefined) return undefined
  if (record.opened !== view.opened || record.closes !== view.body.closes) return undefined
  const drawn = round.drawn.find(({ bodyDigest }) => bodyDigest === record.cohortsDigest)
  const isOwn = round.adopted?.digest === record.cohortsDigest
  if (!isOwn && (drawn === undefined || !Draw.isFit(state, view, drawn.body))) return undefined
  const cohorts = isOwn ? round.adopted.cohorts : Draw.bitmaps(state, drawn?.body.cohorts ?? [])
  if (!isSame(cohorts, record.cohorts)) return undefined
  const opened = Ledger.openedSets(state.ledger, state.terms, round.round)
  return Survivors.arePermitted(record, opened, state.terms.minCohort)
    ? { record: Record.hash(record), cohorts: record.cohorts, survivors: record.survivors }
    : undefined
}

function isSame(a: readonly bigint[], b: readonly bigint[]): boolean {
  return a.length === b.length && a.every((bits, at) => bits === b[at])
}
