// What a corrupted participant does in place of what its role wishes: says something else, or to some only, gives other
// results, encrypts other things, or keeps silent. Everything else it does as an honest one would.
import type { Address } from '../../../protocol/codec.ts'
import type * as Message from '../../../protocol/message.ts'
import type * as Effect from '../../../protocol/roles/effect.ts'
import type * as Event from '../../../protocol/roles/event.ts'
import type { Luck } from '../luck.ts'
import type { Network } from '../network.ts'
import type { Cipher, Primitives } from '../primitives.ts'

/** What it has at hand. */
export type Means = {
  readonly luck: Luck
  readonly primitives: Primitives
  readonly network: Network
  readonly account: Address
  /** Counts what was done. */
  readonly did: (what: string) => void
}

export type Saying = {
  readonly draft: Message.Draft
  /** Who hears it; everyone if undefined. */
  readonly to?: (account: Address) => boolean
  /** Seconds before it is said. */
  readonly after?: number
}

export type Adversary = {
  /** By the numbers of protocol.md. */
  readonly name: string
  readonly by: 'data' | 'compute' | 'model'
  readonly says?: (draft: Message.Draft, means: Means) => readonly Saying[]
  readonly gives?: (effect: Effect.Effect, result: Event.Result, means: Means) => Event.Result | 'nothing'
  readonly encrypts?: (cipher: Cipher, means: Means) => Cipher
  /** Instead of the sums it should publish. */
  readonly adds?: (cipher: Cipher, means: Means) => { readonly cipher: Cipher; readonly published: boolean }
}

/** One half of all accounts. */
export function half(account: Address): boolean {
  return BigInt(account) % 2n === 0n
}

export function other(account: Address): boolean {
  return !half(account)
}
