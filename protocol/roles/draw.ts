// Cohorts of a round, as lists of accounts on the wire and as bitmaps of data seats in records.
import type * as Body from '../body.ts'
import type { Address, Hex } from '../codec.ts'
import * as Message from '../message.ts'
import * as Record from '../record.ts'
import * as Ledger from './ledger.ts'
import type { Participant } from './participant.ts'

export type Draw = { readonly digest: Hex; readonly cohorts: readonly bigint[] }

/** The draw that a message to be sent will stand for. */
export function of(state: Participant, draft: Extract<Message.Draft, { readonly kind: 'cohorts' }>): Draw {
  const { bodyDigest } = Message.digests(state.place, state.me.account, draft)
  return { digest: bodyDigest, cohorts: draft.body.cohorts.map((cohort) => seatsOf(state, cohort)) }
}

/** Whether these are cohorts of this task: one so far, large enough, of enrolled providers. */
export function isValid(state: Participant, { cohorts }: Body.Of<'cohorts'>): boolean {
  const { datas } = state.ledger
  return (
    cohorts.length === 1 &&
    cohorts.every((cohort) => cohort.length >= state.terms.minCohort) &&
    cohorts.flat().every((account) => Ledger.seatOf(datas, account) !== undefined)
  )
}

export function seatsOf({ ledger }: Participant, accounts: readonly Address[]): bigint {
  return Record.bitmapOf(accounts.flatMap((account) => Ledger.seatOf(ledger.datas, account) ?? []))
}
