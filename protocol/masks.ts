// What hides one update within its cohort's sum: the secrets behind a `Ready`, as shares sealed to the committee.
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import * as v from 'valibot'
import * as Codec from './codec.ts'
import type { Address, Hex } from './codec.ts'
import { BaseError } from './errors.ts'

/** Where masks are valid: in one round of one task. */
export type Place = {
  readonly chainId: number
  readonly market: Address
  readonly task: Hex
  readonly round: number
}

/** A share is of the seed of the self mask, or of the secret of the ephemeral key; a member releases one of the two. */
export type Kind = 'seed' | 'key'

/** Both digests that a provider was shown, of `RoundOpened` and `Cohorts`: other views give other masks. */
export type View = { readonly opened: Hex; readonly cohorts: Hex }

/** An account with the X25519 key of its `Ready`. */
export type Peer = { readonly account: Address; readonly ephemeral: Hex }

const maximumSeats = 16
const digestBytes = 32
/** A share of 32 bytes with its coordinate. */
export const shareBytes = 33
export const saltBytes = 32
/** Sender's public key, then share and salt under AES-256-GCM. */
export const sealedBytes = 32 + shareBytes + saltBytes + 16

/** Bytes on the wire, hexadecimal inside. */
const packed = (length: number) =>
  v.pipe(
    Codec.bytes,
    v.length(length, `expected ${length} bytes`),
    v.transform((bytes): Hex => `0x${bytesToHex(bytes)}`),
  )

const share = v.strictObject({
  /** Of the committee member. */
  seat: v.pipe(Codec.count, v.maxValue(maximumSeats - 1, `expected a seat below ${maximumSeats}`)),
  keyHash: packed(digestBytes),
  seedHash: packed(digestBytes),
  key: packed(sealedBytes),
  seed: packed(sealedBytes),
})

/** `masks` of a `Ready`. */
export const schema = v.pipe(
  v.strictObject({
    /** X25519 public key made for this round. */
    ephemeral: packed(32),
    seedHash: packed(digestBytes),
    shares: v.pipe(
      v.array(share),
      v.minLength(1, 'expected a share'),
      v.check(
        (shares) => shares.every(({ seat }, i) => i === 0 || (shares[i - 1]?.seat ?? 0) < seat),
        'expected seats in strictly ascending order',
      ),
    ),
  }),
  v.check(({ ephemeral }) => isUsable(ephemeral), 'expected a key that protects something'),
)
export type Share = Readonly<v.InferOutput<typeof share>>
export type Masks = { readonly ephemeral: Hex; readonly seedHash: Hex; readonly shares: readonly Share[] }

/** A released share, in `unmask` messages. */
export const releasedSchema = v.strictObject({
  provider: Codec.address,
  kind: v.picklist(['seed', 'key'], 'expected seed or key'),
  share: packed(shareBytes),
  salt: packed(saltBytes),
})
export type Released = Readonly<v.InferOutput<typeof releasedSchema>>

/** As `schema` reads it. */
export function toWire({ ephemeral, seedHash, shares }: Masks): v.InferInput<typeof schema> {
  return {
    ephemeral: bytesOf(ephemeral),
    seedHash: bytesOf(seedHash),
    shares: shares.map((each) => ({
      seat: each.seat,
      keyHash: bytesOf(each.keyHash),
      seedHash: bytesOf(each.seedHash),
      key: bytesOf(each.key),
      seed: bytesOf(each.seed),
    })),
  }
}

/** As `releasedSchema` reads it. */
export function releasedToWire(released: Released): v.InferInput<typeof releasedSchema> {
  const { provider, kind, share, salt } = released
  return { provider, kind, share: bytesOf(share), salt: bytesOf(salt) }
}

/** Commits to a share; the salt keeps those who guess secrets from trying them. */
export function shareHash(kind: Kind, share: Hex, salt: Hex): Hex {
  return digest(['galaxy share', kind, bytesOf(share), bytesOf(salt)])
}

/** Commits to a seed, which is too random to need a salt. */
export function seedHash(seed: Uint8Array): Hex {
  return digest(['galaxy seed', seed])
}

/** Key that seals one share to one member, and additional data that binds it to where it belongs. */
export function sealing(
  shared: Uint8Array,
  place: Place,
  provider: Address,
  member: Address,
  kind: Kind,
  keys: { readonly sender: Uint8Array; readonly member: Hex },
): { readonly key: Uint8Array<ArrayBuffer>; readonly binding: Uint8Array<ArrayBuffer> } {
  const scope = [...scopeOf(place), provider, member, kind]
  const info = Codec.encode(['galaxy share key', ...scope, keys.sender, bytesOf(keys.member)])
  return { key: derive(shared, info), binding: Codec.encode(['galaxy share', ...scope]) }
}

/** Key of the mask that two providers share. */
export function pairKey(
  shared: Uint8Array,
  place: Place,
  view: View,
  one: Peer,
  other: Peer,
): Uint8Array<ArrayBuffer> {
  const [low, high] = one.account < other.account ? [one, other] : [other, one]
  const peers = [low.account, high.account, bytesOf(low.ephemeral), bytesOf(high.ephemeral)]
  return derive(shared, Codec.encode(['galaxy mask', ...scopeOf(place), view.opened, view.cohorts, ...peers]))
}

/** Key of the mask that a provider adds of its own. */
export function selfKey(
  seed: Uint8Array,
  place: Place,
  view: View,
  { account, ephemeral }: Peer,
): Uint8Array<ArrayBuffer> {
  const scope = [...scopeOf(place), view.opened, view.cohorts, account, bytesOf(ephemeral)]
  return derive(seed, Codec.encode(['galaxy self mask', ...scope]))
}

/**
 * Whether an X25519 key is spelled as RFC 7748 encodes it (so that equal keys are equal bytes) and is not of low order
 * (of which every secret makes the same).
 */
export function isUsable(key: Hex): boolean {
  const point = BigInt(`0x${bytesToHex(bytesOf(key).toReversed())}`)
  return point < fieldPrime && !lowOrder.includes(point)
}

/** Refuses keys that protect nothing, and keys that two accounts claim. */
export function assertPeers(peers: readonly Peer[]): void {
  const seen = new Map<Hex, Address>()
  for (const { account, ephemeral } of peers) {
    const other = seen.get(ephemeral)
    if (other !== undefined) throw new KeyError(account, `it is also that of ${other}`)
    if (!isUsable(ephemeral)) throw new KeyError(account, 'it protects nothing')
    seen.set(ephemeral, account)
  }
}

const fieldPrime = 2n ** 255n - 19n
/** u of the points whose order divides 8, on the curve and on its twist. */
const lowOrder = [
  0n,
  1n,
  fieldPrime - 1n,
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
]

function scopeOf({ chainId, market, task, round }: Place) {
  return [chainId, market, task, round]
}

function derive(secret: Uint8Array, info: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(hkdf(sha256, secret, undefined, info, 32))
}

function digest(value: unknown): Hex {
  return `0x${bytesToHex(sha256(Codec.encode(value)))}`
}

function bytesOf(hex: Hex): Uint8Array<ArrayBuffer> {
  return new Uint8Array(hexToBytes(hex.slice(2)))
}

export class KeyError extends BaseError {
  override readonly name = 'Masks.KeyError'
  constructor(account: Address, what: string) {
    super({
      message: `The key of ${account} for this round cannot be used: ${what}.`,
      advice: 'This round is skipped here; the next one counts.',
      safe: 'Nothing was sent, and your data is untouched.',
    })
  }
}
