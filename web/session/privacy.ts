// Who could learn what in a task, in the numbers that a person reads before consenting, and whether it may consent.
import { BaseError } from '../../protocol/errors.ts'
import type * as Event from '../../protocol/roles/event.ts'
import * as Ledger from '../../protocol/roles/ledger.ts'
import type { Openings, Participation } from './api.ts'
import type { State } from './participations.ts'

/** `dataSet` is what the vault counts of the data set that this role lends. */
export function of(state: State, dataSet: Openings | undefined): Participation['privacy'] {
  const { ledger, terms, me } = state
  const present = Ledger.present(ledger).length
  const committee = present === 0 ? terms.maxComputes : present
  const seat = state.role === 'data' ? Ledger.seatOf(ledger.datas, me.account) : undefined
  const onChain =
    seat === undefined
      ? 0
      : ledger.rounds.filter(({ record }) => (record.survivors >> BigInt(seat)) & 1n).length
  const counted = dataSet?.tasks.find(({ task }) => task === state.id)?.openings ?? 0
  const { threshold, minCohort, maxRounds: mostOpenings } = terms
  return {
    committee,
    threshold,
    minCohort,
    openings: Math.max(onChain, state.role === 'data' ? counted : 0),
    mostOpenings,
    dataSet: state.role === 'data' ? dataSet : undefined,
  }
}

/** A standing rule agrees to nothing for a data set that has no opening left. */
export function within(rules: Event.Rules, dataSet: Openings | undefined): Event.Rules {
  return dataSet !== undefined && isSpent(dataSet) ? { ...rules, consent: false } : rules
}

/** Throws where a data set has no opening left; one that is not here cannot be asked about. */
export function assertLeft(dataSet: Openings | undefined): void {
  if (dataSet !== undefined && isSpent(dataSet)) throw new SpentError(dataSet)
}

function isSpent({ spent, held, limit }: Openings): boolean {
  return spent + held >= limit
}

export class SpentError extends BaseError {
  override readonly name = 'Privacy.SpentError'
  constructor({ spent, held, limit }: Openings) {
    super({
      message: `This data set has no opening left (${spent + held} of ${limit} spent or kept for rounds under way).`,
      advice: 'Decline, or raise its limit under Contribute data first if you want to give more.',
      safe: 'You did not agree, and nothing of the data set was used.',
    })
  }
}
