// Cohorts of a round, as lists of accounts on the wire and as bitmaps of data seats in records: of each cohort of the
// epoch, those who are ready. Members and data providers judge a draw alike, so that they go by the same one.
import type * as Body from '../body.ts'
import type { Address, Hex } from '../codec.ts'
import * as Message from '../message.ts'
import * as Record from '../record.ts'
import * as Drawn from './drawn.ts'
import * as Ledger from './ledger.ts'
import * as Participant from './participant.ts'
import type { Readiness } from './readiness.ts'
import * as Rotation from './rotation.ts'

export type Draw = {
  /** Committee seat that drew. */
  readonly seat: number
  /** Digest of the body of `Cohorts`. */
  readonly digest: Hex
  readonly cohorts: readonly bigint[]
}

/** What somebody knows of a round that cohorts are drawn for. */
export type View = {
  readonly round: number
  /** Digest of the body of `RoundOpened`, and the body. */
  readonly opened: Hex
  readonly body: Body.Of<'roundOpened'>
  readonly ready: Readiness
}

/** The cohorts of those who are ready; undefined while too few are, or the epoch's cohorts are not known. */
export function make(state: Drawn.State, view: View): readonly (readonly Address[])[] | undefined {
  const drawn = Drawn.cohorts(state, view.body.epoch)
  const cohorts = drawn?.map((cohort) => {
    const ready = cohort.filter((account) => isReady(state, view, account))
    return ready.length < state.terms.minCohort ? [] : ready
  })
  return cohorts?.some(({ length }) => length > 0) === true ? cohorts : undefined
}

/** Whether everybody of the epoch's cohorts is in these: then nobody has to be waited for. */
export function isWhole(
  state: Drawn.State,
  epoch: number,
  cohorts: readonly (readonly Address[])[],
): boolean {
  return Drawn.cohorts(state, epoch)?.every((cohort, at) => cohort.length === cohorts[at]?.length) === true
}

/** The draw that a message to be sent will stand for. */
export function own(
  state: Participant.Participant,
  seat: number,
  draft: Extract<Message.Draft, { readonly kind: 'cohorts' }>,
): Draw {
  const { bodyDigest } = Message.digests(state.place, state.me.account, draft)
  return { seat, digest: bodyDigest, cohorts: bitmaps(state, draft.body.cohorts) }
}

/** The draws that may be gone by now, those of lower rank first. */
export function acceptable(
  state: Drawn.State,
  view: View,
  messages: readonly Message.Of<'cohorts'>[],
  now: number,
): readonly Draw[] {
  return messages
    .flatMap((message) => {
      const seat = Participant.committeeSeat(state, message)
      const rank = seat === undefined ? undefined : Rotation.rankOf(state, view.round, seat)
      if (seat === undefined || rank === undefined || !isFit(state, view, message.body)) return []
      if (!isTimely(state, view, message.body, rank, now)) return []
      return [
        { rank, draw: { seat, digest: message.bodyDigest, cohorts: bitmaps(state, message.body.cohorts) } },
      ]
    })
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ draw }) => draw)
}

/** Whether these are the epoch's cohorts, each with nobody in it or with enough who are known to be ready. */
export function isFit(state: Drawn.State, view: View, { opened, cohorts }: Body.Of<'cohorts'>): boolean {
  const drawn = Drawn.cohorts(state, view.body.epoch)
  if (drawn?.length !== cohorts.length || opened !== view.opened) return false
  return (
    cohorts.some(({ length }) => length > 0) &&
    cohorts.every(
      (cohort, at) =>
        (cohort.length === 0 || cohort.length >= state.terms.minCohort) &&
        cohort.every((account) => drawn[at]?.includes(account) === true && isReady(state, view, account)),
    )
  )
}

/**
 * Whether it was this rank's turn, and nobody is left out who was known to be ready in the first half of the time for
 * it. A draw that leaves somebody out has to wait until two successors could have drawn another.
 */
function isTimely(
  state: Drawn.State,
  view: View,
  { cohorts }: Body.Of<'cohorts'>,
  rank: number,
  now: number,
): boolean {
  const { readyBy, epoch } = view.body
  const isTurn = now >= Rotation.drawsFrom(state, readyBy, rank) - Rotation.grace
  if (!isTurn && !(rank === 0 && isWhole(state, epoch, cohorts))) return false
  if (now > Rotation.drawsFrom(state, readyBy, rank + 2)) return true
  const early = readyBy - state.spec.timeouts.ready / 2
  const drawn = Drawn.cohorts(state, epoch) ?? []
  return drawn.every((cohort, at) => {
    const known = cohort.filter(
      (account) => isReady(state, view, account) && (readyOf(state, view, account)?.at ?? 0) <= early,
    )
    return (
      known.length < state.terms.minCohort ||
      known.every((account) => cohorts[at]?.includes(account) === true)
    )
  })
}

function isReady(state: Participant.Participant, view: View, account: Address): boolean {
  return readyOf(state, view, account)?.opened === view.opened
}

function readyOf({ ledger }: Participant.Participant, view: View, account: Address) {
  return view.ready[Ledger.seatOf(ledger.datas, account) ?? -1]
}

/** Lists of accounts as bitmaps of data seats. */
export function bitmaps(
  { ledger }: Participant.Participant,
  cohorts: Body.Of<'cohorts'>['cohorts'],
): readonly bigint[] {
  return cohorts.map((cohort) =>
    Record.bitmapOf(cohort.flatMap((account) => Ledger.seatOf(ledger.datas, account) ?? [])),
  )
}
