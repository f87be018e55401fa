// What a data provider's cohorts contributed, and how that enters its pay: from what the settlement left on the chain.
import * as Contribution from '../../protocol/contribution.ts'
import * as History from '../../protocol/history.ts'
import * as Plan from '../../protocol/plan.ts'
import * as Ledger from '../../protocol/roles/ledger.ts'
import type { State } from './participations.ts'
import type { EpochView, Participation } from './view/participation.ts'

/** `share` is what it is owed beyond its floor. */
export function of(state: State, share: bigint): Participation['contribution'] {
  const { ledger, terms, spec, me, role } = state
  const seat = role === 'data' ? Ledger.seatOf(ledger.datas, me.account) : undefined
  const utilities = ledger.settlement?.utilities ?? []
  if (seat === undefined || utilities.length === 0) return undefined
  const weights = Plan.weights(terms, History.tallies(ledger), utilities)
  const isIn = (bits: bigint) => ((bits >> BigInt(seat)) & 1n) === 1n
  const epochs = utilities.map((values, epoch): EpochView => {
    const records = ledger.rounds
      .map(({ record }) => record)
      .filter(({ round }) => Plan.epoch(terms, round) === epoch)
    const cohorts = records.at(-1)?.cohorts ?? []
    // Drawn once an epoch, so it is in the same one in all rounds that it was ready for.
    const own = records.map((record) => record.cohorts.findIndex(isIn)).find((cohort) => cohort >= 0)
    const weight = Number(weights[epoch]?.[own ?? -1] ?? 0n)
    return {
      first: epoch * terms.roundsPerEpoch + 1,
      last: Math.min((epoch + 1) * terms.roundsPerEpoch, Ledger.lastRound(ledger)),
      own: own === undefined ? undefined : (values[own] ?? 0) / Contribution.scale,
      all: values.reduce((sum, value) => sum + value, 0) / Contribution.scale,
      cohorts: cohorts.length,
      weight: terms.plan === 'rank' ? weight / 2 : weight / Contribution.scale,
      delivered: records.filter(({ delivered }) => isIn(delivered)).length,
    }
  })
  const isEven = weights.flat().every((weight) => weight === 0n)
  return { epochs, isEven, share, tested: spec.testSet.samples }
}
