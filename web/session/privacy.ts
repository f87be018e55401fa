// Who could learn what in a task, in the numbers that a person reads before consenting, and whether it may consent.
import { BaseError } from '../../protocol/errors.ts'
import type * as Event from '../../protocol/roles/event.ts'
import * as Cohort from '../../protocol/cohort.ts'
import * as Exposure from '../../protocol/exposure.ts'
import * as Ledger from '../../protocol/roles/ledger.ts'
import type { TaskSpec } from '../../protocol/taskSpec.ts'
import type { Openings } from '../../workers/crypto/api.ts'
import type { State } from './participations.ts'
import type { Participation } from './view/participation.ts'

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
    exposure: exposureOf(state),
    openings: Math.max(onChain, state.role === 'data' ? counted : 0),
    mostOpenings,
    dataSet: state.role === 'data' ? dataSet : undefined,
  }
}

/** With half of the other data providers behind one party. */
function exposureOf({ ledger, terms, spec }: State): Participation['privacy']['exposure'] {
  const providers = ledger.datas.length === 0 ? terms.maxDatas : ledger.datas.length
  const others = Math.max(0, providers - 1)
  const liars = Math.floor(others / 2)
  const sizes = Cohort.sizes(providers, { ...terms, largest: Cohort.largest(spec.he) })
  const chance = Exposure.chance({ honest: others - liars, sybils: liars }, sizes, 2)
  return { others, liars, chance: Math.round(10_000 * chance) }
}

/**
 * A standing rule agrees to nothing for a data set that has no opening left, nor to a committee that is shown sums: who set
 * it was told that nobody but the model provider sees them.
 */
export function within(
  rules: Event.Rules,
  dataSet: Openings | undefined,
  { scoring }: Pick<TaskSpec, 'scoring'>,
): Event.Rules {
  const isRefused = scoring !== 'own' || (dataSet !== undefined && isSpent(dataSet))
  return isRefused ? { ...rules, consent: false } : rules
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
