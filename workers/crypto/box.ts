// Encrypts a model once and its key to every participant (X25519, HKDF-SHA256, AES-256-GCM), and opens one's own.
import { x25519 } from '@noble/curves/ed25519.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import type { Address, Hex } from '../../protocol/codec.ts'
import * as SealedModel from '../../protocol/sealedModel.ts'

export type Recipient = { readonly account: Address; readonly box: Hex }

/** Every key here encrypts one message, ever. */
const iv = new Uint8Array(12)

/** The X25519 public key of a secret one. */
export function publicKey(secret: Uint8Array): Hex {
  return `0x${bytesToHex(x25519.getPublicKey(secret))}`
}

export function secretKey(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(x25519.utils.randomSecretKey())
}

/** `content` (`SealedModel.content`) for these recipients in this round. */
export async function seal(
  content: Uint8Array<ArrayBuffer>,
  place: SealedModel.Place,
  recipients: readonly Recipient[],
): Promise<Uint8Array<ArrayBuffer>> {
  const contentKey = crypto.getRandomValues(new Uint8Array(32))
  const secret = secretKey()
  const ephemeral = new Uint8Array(x25519.getPublicKey(secret))
  const keys: { account: Address; sealed: Uint8Array<ArrayBuffer> }[] = []
  for (const { account, box } of recipients) {
    const shared = sharedSecret(secret, hexToBytes(box.slice(2)), account)
    const key = SealedModel.recipientKey(shared, place, account, ephemeral, box)
    keys.push({ account, sealed: await encrypt(key, contentKey) })
  }
  const body = await encrypt(contentKey, content, SealedModel.binding(place))
  return SealedModel.encode({ v: 1, ephemeral, keys, body })
}

/** The content of a model sealed to this account and box key. The caller checks it against the round's `modelHash`. */
export async function open(
  encoded: Uint8Array,
  place: SealedModel.Place,
  account: Address,
  secret: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  const { ephemeral, keys, body } = SealedModel.decode(encoded)
  const mine = keys.find((key) => key.account === account)
  if (mine === undefined) throw new SealedModel.RecipientError()
  const shared = sharedSecret(secret, ephemeral, account)
  const key = SealedModel.recipientKey(shared, place, account, ephemeral, publicKey(secret))
  try {
    const contentKey = await decrypt(key, mine.sealed)
    return await decrypt(contentKey, body, SealedModel.binding(place))
  } catch (cause) {
    throw new SealedModel.RecipientError(cause)
  }
}

/** Refuses points of low order, of which every secret makes the same. */
function sharedSecret(secret: Uint8Array, point: Uint8Array, account: Address): Uint8Array {
  try {
    return x25519.getSharedSecret(secret, point)
  } catch {
    throw new SealedModel.KeyError(account)
  }
}

/** AES-256-GCM under a key that encrypts nothing else. */
export async function encrypt(
  key: Uint8Array<ArrayBuffer>,
  content: Uint8Array<ArrayBuffer>,
  additionalData = new Uint8Array(),
): Promise<Uint8Array<ArrayBuffer>> {
  const imported = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt'])
  return new Uint8Array(
    await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, imported, content),
  )
}

export async function decrypt(
  key: Uint8Array<ArrayBuffer>,
  sealed: Uint8Array,
  additionalData = new Uint8Array(),
): Promise<Uint8Array<ArrayBuffer>> {
  const imported = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['decrypt'])
  const bytes = new Uint8Array(sealed)
  return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, imported, bytes))
}
