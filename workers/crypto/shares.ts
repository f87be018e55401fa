// Secrets behind masks, split among the committee (Shamir) and sealed to each member (X25519, HKDF-SHA256, AES-256-GCM).
import { x25519 } from '@noble/curves/ed25519.js'
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js'
import { combine, split } from 'shamir-secret-sharing'
import type { Address, Hex } from '../../protocol/codec.ts'
import { BaseError } from '../../protocol/errors.ts'
import * as Masks from '../../protocol/masks.ts'
import * as Box from './box.ts'

export type Member = { readonly seat: number; readonly account: Address; readonly key: Hex }
export type Secrets = { readonly [kind in Masks.Kind]: Uint8Array<ArrayBuffer> }
export type Opened = { readonly share: Hex; readonly salt: Hex }

const keyBytes = 32

/** Shares of a provider's secrets, any `threshold` of which give them back, each sealed to one member. */
export async function deal(
  secrets: Secrets,
  place: Masks.Place,
  provider: Address,
  members: readonly Member[],
  threshold: number,
): Promise<readonly Masks.Share[]> {
  const ordered = members.toSorted((a, b) => a.seat - b.seat)
  const seats = new Set(ordered.map(({ seat }) => seat))
  if (threshold < 1 || seats.size < threshold || seats.size < ordered.length)
    throw new MembersError(ordered.length, threshold)
  for (const { account, key } of ordered)
    if (!Masks.isUsable(key)) throw new Masks.KeyError(account, 'it protects nothing')
  // Not the ephemeral key of the masks: who recovers that one must not be able to open shares of the seed.
  const sender = Box.secretKey()
  const seeds = await parts(secrets.seed, ordered.length, threshold)
  const keys = await parts(secrets.key, ordered.length, threshold)
  return Promise.all(
    ordered.map(async (member, i): Promise<Masks.Share> => {
      const seed = await seal(seeds[i], sender, place, provider, member, 'seed')
      const key = await seal(keys[i], sender, place, provider, member, 'key')
      return {
        seat: member.seat,
        keyHash: key.hash,
        seedHash: seed.hash,
        key: key.sealed,
        seed: seed.sealed,
      }
    }),
  )
}

/** What was sealed to this member; undefined for anything else, whatever it is. */
export async function open(
  sealed: Hex,
  secret: Uint8Array,
  place: Masks.Place,
  provider: Address,
  member: Address,
  kind: Masks.Kind,
): Promise<Opened | undefined> {
  try {
    const bytes = hexToBytes(sealed.slice(2))
    const sender = bytes.slice(0, keyBytes)
    const shared = x25519.getSharedSecret(secret, sender)
    const keys = { sender, member: Box.publicKey(secret) }
    const { key, binding } = Masks.sealing(shared, place, provider, member, kind, keys)
    const content = await Box.decrypt(key, bytes.subarray(keyBytes), binding)
    if (content.length !== Masks.shareBytes + Masks.saltBytes) return undefined
    return {
      share: hex(content.subarray(0, Masks.shareBytes)),
      salt: hex(content.subarray(Masks.shareBytes)),
    }
  } catch {
    return undefined
  }
}

/** The secret of these shares; undefined where they are of none. */
export async function restore(
  shares: readonly Hex[],
  threshold: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const used = shares.slice(0, threshold).map((share) => new Uint8Array(hexToBytes(share.slice(2))))
  const [only] = used
  if (only === undefined || used.length < threshold) return undefined
  if (threshold === 1) return only.slice(0, keyBytes)
  try {
    return new Uint8Array(await combine(used))
  } catch {
    return undefined
  }
}

/** Value, then coordinate. The library starts at two of two; a threshold of one means that each share tells all. */
async function parts(secret: Uint8Array, count: number, threshold: number): Promise<readonly Uint8Array[]> {
  if (threshold > 1) return split(new Uint8Array(secret), count, threshold)
  return Array.from({ length: count }, (_, i) => concatBytes(secret, Uint8Array.of(i + 1)))
}

async function seal(
  share: Uint8Array = new Uint8Array(),
  secret: Uint8Array,
  place: Masks.Place,
  provider: Address,
  member: Member,
  kind: Masks.Kind,
): Promise<{ readonly hash: Hex; readonly sealed: Hex }> {
  const salt = crypto.getRandomValues(new Uint8Array(Masks.saltBytes))
  const sender = x25519.getPublicKey(secret)
  const shared = x25519.getSharedSecret(secret, hexToBytes(member.key.slice(2)))
  const keys = { sender, member: member.key }
  const { key, binding } = Masks.sealing(shared, place, provider, member.account, kind, keys)
  const content = new Uint8Array([...share, ...salt])
  const sealed = concatBytes(sender, await Box.encrypt(key, content, binding))
  return { hash: Masks.shareHash(kind, hex(share), hex(salt)), sealed: hex(sealed) }
}

function hex(bytes: Uint8Array): Hex {
  return `0x${bytesToHex(bytes)}`
}

export class MembersError extends BaseError {
  override readonly name = 'Shares.MembersError'
  constructor(members: number, threshold: number) {
    super({
      message: `A secret cannot be shared among ${members} seats so that ${threshold} of them restore it.`,
      advice: 'This round is skipped here; it goes on when more of the committee are there.',
      safe: 'Nothing was sent, and your data is untouched.',
    })
  }
}
