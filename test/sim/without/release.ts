// The check of roles/release.ts switched off: a member gives shares away for what it signed, committed or not.
import * as Record from '../../../protocol/record.ts'
import type { Round, State } from '../../../protocol/roles/committeeRound.ts'
import type { Release } from '../../../protocol/roles/release.ts'

export function due(_state: State, round: Round): Release | undefined {
  const record = round.signed === undefined ? undefined : round.proposals[round.signed]?.body.record
  if (record === undefined) return undefined
  return { record: Record.hash(record), cohorts: record.cohorts, survivors: record.survivors }
}
