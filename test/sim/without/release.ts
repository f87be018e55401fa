// The check of roles/release.ts switched off: a member gives shares away for what it signed, committed or not.
import * as Record from '../../../protocol/record.ts'
import type { Round, State } from '../../../protocol/roles/committeeRound.ts'
import type { Release } from '../../../protocol/roles/release.ts'

export function due({ signed }: State, round: Round): Release | undefined {
  const record = round.proposals[signed[round.round] ?? '0x']?.body.record
  if (record === undefined) return undefined
  return { record: Record.hash(record), cohorts: record.cohorts, survivors: record.survivors }
}
