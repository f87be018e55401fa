// Typed data (EIP-712) under the market's domain, and the 65-byte secp256k1 signatures (r, s, v; low s) over it.
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { hashTypedData } from 'viem/utils'
import { keccak_256 } from '@noble/hashes/sha3.js'
import type { Address, Hex } from './codec.ts'
import { BaseError } from './errors.ts'

/** Where a signature counts: one market on one chain. */
export type Domain = { readonly chainId: number; readonly market: Address }

export type Field = { readonly name: string; readonly type: string }

/** Half the order of the group: a larger s is the mirrored twin of a signature and is refused. */
const halfOrder = secp256k1.Point.Fn.ORDER >> 1n

/** The digest that a key signs for `message`, a struct of type `primaryType` with these fields. */
export function digest(
  domain: Domain,
  primaryType: string,
  fields: readonly Field[],
  message: Readonly<Record<string, unknown>>,
): Hex {
  return hashTypedData({
    domain: { name: 'Galaxy', version: '1', chainId: domain.chainId, verifyingContract: domain.market },
    types: { [primaryType]: fields },
    primaryType,
    message,
  })
}

/** Signs 32 bytes; deterministic (RFC 6979). */
export function sign(hash: Hex, privateKey: Uint8Array): Hex {
  const signed = secp256k1.sign(hexToBytes(hash.slice(2)), privateKey, {
    prehash: false,
    format: 'recovered',
  })
  const v = 27 + (signed[0] ?? 0)
  return `0x${bytesToHex(signed.subarray(1))}${v.toString(16)}`
}

/** The account whose key made this signature. */
export function recover(hash: Hex, signature: Hex): Address {
  if (!/^0x[0-9a-f]{128}(1b|1c)$/.test(signature))
    throw new SignatureError('it is not 65 bytes ending in 27 or 28')
  if (BigInt(`0x${signature.slice(66, 130)}`) > halfOrder)
    throw new SignatureError('its s is in the upper half')
  const recovery = signature.endsWith('1c') ? '01' : '00'
  const recovered = hexToBytes(recovery + signature.slice(2, 130))
  let publicKey: Uint8Array
  try {
    publicKey = secp256k1.recoverPublicKey(recovered, hexToBytes(hash.slice(2)), { prehash: false })
  } catch (cause) {
    throw new SignatureError('no key can have made it', cause)
  }
  return addressOfPublicKey(publicKey)
}

/** Whether `signer` made this signature; malformed signatures are false. */
export function isSignedBy(signer: Address, hash: Hex, signature: Hex): boolean {
  try {
    return recover(hash, signature) === signer
  } catch {
    return false
  }
}

/** The account of a private key, in lower case. */
export function addressOf(privateKey: Uint8Array): Address {
  return addressOfPublicKey(secp256k1.getPublicKey(privateKey))
}

function addressOfPublicKey(publicKey: Uint8Array): Address {
  const point = secp256k1.Point.fromBytes(publicKey).toBytes(false)
  return `0x${bytesToHex(keccak_256(point.subarray(1)).subarray(12))}`
}

export class SignatureError extends BaseError {
  override readonly name = 'Eip712.SignatureError'
  constructor(what: string, cause?: unknown) {
    super({
      message: `This signature is not valid: ${what}.`,
      advice: 'It was refused. Ask its sender to sign again.',
      cause,
    })
  }
}
