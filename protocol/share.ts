// One share of a secret, as a member gives it away: anyone can tell whether it is the share that was sealed to it.
import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import type { Hex } from './codec.ts'

/** What is shared: the seed of a provider's own mask, or the secret of its ephemeral key. */
export const kinds = ['seed', 'key'] as const
export type Kind = (typeof kinds)[number]

/** What `Ready` says of a share: the salt (32 bytes) keeps a share that nobody opened yet from being guessed. */
export function hash(share: Hex, salt: Hex): Hex {
  return `0x${bytesToHex(keccak_256(hexToBytes(`${salt.slice(2)}${share.slice(2)}`)))}`
}
