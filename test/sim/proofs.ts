// Whom the market convicts of a false record: the rules of forged inputs and wrong sums, over modelled bytes.
import type { Address, Hex } from '../../protocol/codec.ts'
import * as Once from '../../protocol/once.ts'
import * as Record from '../../protocol/record.ts'
import type * as Effect from '../../protocol/roles/effect.ts'
import * as Terms from '../../protocol/terms.ts'
import type * as Topic from '../../protocol/topic.ts'
import type { Task } from './market.ts'

type Call = Extract<Effect.Call, { readonly name: 'proveForged' | 'proveSum' }>

export type Court = {
  readonly place: Topic.Place
  readonly id: Hex
  readonly task: Task | undefined
  /** Unix seconds of the block. */
  readonly time: number
  readonly signed: (digest: Hex, signature: Hex) => Address | undefined
  /** The root of what the updates with these roots add up to; undefined where nobody has their bytes. */
  readonly added: (roots: readonly Hex[]) => Hex | undefined
}

/** The bitmap of those who signed, or why they are not convicted. */
export function convicted(call: Call, { place, id, task, time, signed, added }: Court): number | string {
  const isLate = task?.state === 'settled' && time > task.deadline
  if (task === undefined || isLate || !['running', 'settled', 'faulted'].includes(task.state))
    return 'NotProvable'
  if (task.rounds.length === 0) return 'NoRounds'
  const { log, round, sums } = call
  if (logOf(log.map((each) => Record.tally(each.record, each.signers))) !== logOf(task.rounds))
    return 'LogMismatch'
  const shown = log.find(({ record }) => record.round === round)
  if (shown === undefined || Record.sums(sums) !== shown.record.sums) return 'SumsMismatch'
  const { record, signers } = shown
  const seats = signers & ~(task.slashed | task.absent)
  if (call.name === 'proveSum') {
    const { inputs = [], sumRoot } = sums.cohorts[call.cohort] ?? {}
    const right = added(inputs.map(({ root }) => root))
    if (right === undefined || right === sumRoot) return 'SumRight'
  } else {
    const isForged = record.cohorts.some((cohort, at) => {
      const inputs = sums.cohorts[at]?.inputs ?? []
      const providers = Record.seats(cohort & record.survivors)
      return (
        inputs.length !== providers.length ||
        inputs.some(({ root, signature }, i) => {
          const statement = Once.update(record.opened, record.cohortsDigest, root)
          return (
            signed(Once.digest(place, id, 'update', round, statement), signature) !==
            task.datas[providers[i] ?? -1]?.device
          )
        })
      )
    })
    if (!isForged) return 'InputGenuine'
  }
  return seats === 0 ? 'AlreadyProven' : seats
}

function logOf(rounds: readonly Record.Tally[]): Hex {
  return rounds.reduce((log, tally) => Record.log(log, tally), Terms.noHash)
}
