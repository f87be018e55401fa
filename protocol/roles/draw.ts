// Cohorts of a round, as lists of accounts on the wire and as bitmaps of data seats in records.
import type * as Body from '../body.ts'
import type { Address, Hex } from '../codec.ts'
import * as Message from '../message.ts'
import * as Record from '../record.ts'
import * as Ledger from './ledger.ts'
import * as Participant from './participant.ts'

export type Draw = {
  /** Committee seat that drew. */
  readonly seat: number
  /** Digest of the body of `Cohorts`. */
  readonly digest: Hex
  readonly cohorts: readonly bigint[]
}

/** The draw that a message to be sent will stand for. */
export function own(
  state: Participant.Participant,
  seat: number,
  draft: Extract<Message.Draft, { readonly kind: 'cohorts' }>,
): Draw {
  const { bodyDigest } = Message.digests(state.place, state.me.account, draft)
  return { seat, digest: bodyDigest, cohorts: draft.body.cohorts.map((cohort) => seatsOf(state, cohort)) }
}

/** The draw in a message; undefined when its sender may not draw or it is not one of this task. */
export function read(state: Participant.Participant, message: Message.Of<'cohorts'>): Draw | undefined {
  const seat = Participant.committeeSeat(state, message)
  if (seat === undefined || !isValid(state, message.body)) return undefined
  return {
    seat,
    digest: message.bodyDigest,
    cohorts: message.body.cohorts.map((cohort) => seatsOf(state, cohort)),
  }
}

/** Whether these are cohorts of this task: one so far, large enough, of enrolled providers. */
function isValid(state: Participant.Participant, { cohorts }: Body.Of<'cohorts'>): boolean {
  const { datas } = state.ledger
  return (
    cohorts.length === 1 &&
    cohorts.every((cohort) => cohort.length >= state.terms.minCohort) &&
    cohorts.flat().every((account) => Ledger.seatOf(datas, account) !== undefined)
  )
}

function seatsOf({ ledger }: Participant.Participant, accounts: readonly Address[]): bigint {
  return Record.bitmapOf(accounts.flatMap((account) => Ledger.seatOf(ledger.datas, account) ?? []))
}
