// Signatures of simulated keys: real ones, or ones that say who made them, a thousand times faster.
import { createHash } from 'node:crypto'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import type { Address, Hex } from '../../protocol/codec.ts'
import * as Eip712 from '../../protocol/eip712.ts'
import type { Recover } from '../../protocol/envelope.ts'

export type Keys = {
  /** The account or device of this name. */
  address(name: string): Address
  sign(address: Address, digest: Hex): Hex
  readonly recover: Recover
}

/** Anyone could forge these; they show which key was asked to sign which digest. */
export function pretended(): Keys {
  return {
    address: (name) => `0x${hash(name).slice(0, 40)}`,
    sign: (address, digest) => `0x${address.slice(2)}${digest.slice(2)}${'0'.repeat(26)}`,
    recover: (digest, signature) => {
      if (signature.slice(42, 106) !== digest.slice(2)) throw new Error('another digest was signed')
      return `0x${signature.slice(2, 42)}`
    },
  }
}

/** What was signed over something else names nobody. */
export function isSignedBy({ recover }: Keys, address: Address, digest: Hex, signature: Hex): boolean {
  try {
    return recover(digest, signature) === address
  } catch {
    return false
  }
}

/** Those of `known` have these secrets, by their names; everybody else gets one. */
export function real(known: ReadonlyMap<string, Uint8Array> = new Map()): Keys {
  const secrets = new Map<Address, Uint8Array>()
  return {
    address: (name) => {
      const secret = known.get(name) ?? keccak_256(utf8ToBytes(name))
      const address = Eip712.addressOf(secret)
      secrets.set(address, secret)
      return address
    },
    sign: (address, digest) => {
      const secret = secrets.get(address)
      if (secret === undefined) throw new Error(`nobody holds the key of ${address}`)
      return Eip712.sign(digest, secret)
    },
    recover: Eip712.recover,
  }
}

/** 32 bytes as hexadecimal digits; for names, not for anything that the contract knows. */
export function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
