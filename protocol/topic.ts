// Where messages travel: one topic for a market's offers and requests, one for each task.
import type { Address, Hex } from './codec.ts'

/** The chain and the contract that a message is about. */
export type Place = { readonly chainId: number; readonly market: Address }

/** Offers, announcements and requests. */
export function market(place: Place): string {
  return `galaxy/1/${place.chainId}/${place.market}`
}

/** Everything between the participants of one task. */
export function task(place: Place, id: Hex): string {
  return `${market(place)}/${id}`
}
