// Which compute provider a data provider trusts with its update when its owner leaves the choice to it.
import type { Address, Hex } from '../codec.ts'
import * as Offer from '../offer.ts'
import * as Payout from '../payout.ts'
import * as Ranking from '../ranking.ts'
import type * as Reliability from '../reliability.ts'
import type { Terms } from '../terms.ts'

type Asked = {
  readonly terms: Terms
  readonly computes: Readonly<{ [account: Address]: Offer.ComputeOffer }>
  /** Whom the request admits; everyone if empty. */
  readonly asked: { readonly among: readonly Address[] }
}

export type Choice = Asked & {
  readonly id: Hex
  readonly me: { readonly account: Address }
  readonly records: Reliability.Records
}

/** The wanted one where it may be nominated, the first of the ranking otherwise. */
export function choose(state: Choice, wanted: Address | undefined, now: number): Address | undefined {
  const ranked = ranking(state, now).map(({ offer }) => offer.account)
  return wanted !== undefined && ranked.includes(wanted) ? wanted : ranked[0]
}

/** Who may be nominated, best first for this provider in this task. */
export function ranking(state: Choice, now: number): readonly Ranking.Ranked[] {
  const { id, me, records } = state
  return Ranking.rank({ offers: candidates(state, now), records, now, lot: `${id} ${me.account}` })
}

/** Who may be nominated, cheapest and then fastest first. */
export function candidates({ asked, computes, terms }: Asked, now: number): readonly Offer.ComputeOffer[] {
  return Object.values(computes)
    .filter((offer) => isEligible(terms, offer, now))
    .filter(({ account }) => asked.among.length === 0 || asked.among.includes(account))
    .toSorted((a, b) => (a.price === b.price ? b.training - a.training : a.price < b.price ? -1 : 1))
}

/** Whether the compute pool could pay a whole committee of such prices. */
export function isEligible(terms: Terms, offer: Offer.ComputeOffer, now: number): boolean {
  if (Offer.isExpired(offer, now) || offer.token !== terms.token) return false
  const prices = Array.from({ length: terms.maxComputes }, () => offer.price)
  return Payout.worstCompute(terms, prices, terms.maxDatas) <= terms.computePool
}
