// Which compute provider a data provider trusts with its update when its owner leaves the choice to it.
import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Address, Hex } from '../codec.ts'
import * as Offer from '../offer.ts'
import * as Payout from '../payout.ts'
import type { Terms } from '../terms.ts'

export type Choice = {
  readonly id: Hex
  readonly terms: Terms
  readonly me: { readonly account: Address }
  readonly computes: Readonly<{ [account: Address]: Offer.ComputeOffer }>
  readonly asked: { readonly among: readonly Address[] }
}

/**
 * The wanted one where it may be nominated. Otherwise one of the affordable ones, by a hash of task and account: an
 * even spread that nobody steers, since a committee that everyone picked by price would be a committee of one.
 */
export function choose(state: Choice, wanted: Address | undefined, now: number): Address | undefined {
  const eligible = candidates(state, now)
  if (wanted !== undefined && eligible.includes(wanted)) return wanted
  const order = (account: Address) =>
    bytesToHex(keccak_256(utf8ToBytes(`${state.id} ${state.me.account} ${account}`)))
  return eligible.toSorted((a, b) => (order(a) < order(b) ? -1 : 1))[0]
}

/** Who may be nominated, cheapest and then fastest first. */
export function candidates(state: Choice, now: number): readonly Address[] {
  const { asked, computes, terms } = state
  return Object.values(computes)
    .filter((offer) => isEligible(terms, offer, now))
    .filter(({ account }) => asked.among.length === 0 || asked.among.includes(account))
    .toSorted((a, b) => (a.price === b.price ? b.benchmark - a.benchmark : a.price < b.price ? -1 : 1))
    .map(({ account }) => account)
}

/** Whether the compute pool could pay a whole committee of such prices. */
export function isEligible(terms: Terms, offer: Offer.ComputeOffer, now: number): boolean {
  if (Offer.isExpired(offer, now) || offer.token !== terms.token) return false
  const prices = Array.from({ length: terms.maxComputes }, () => offer.price)
  return Payout.worstCompute(terms, prices, terms.maxDatas) <= terms.computePool
}
