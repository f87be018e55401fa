// What each kind of message says: one schema per kind, parsed once when it arrives.
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { CID } from 'multiformats/cid'
import * as v from 'valibot'
import type { Hex } from './codec.ts'
import * as Codec from './codec.ts'
import * as ExchangeKey from './exchangeKey.ts'
import * as Offer from './offer.ts'
import * as Party from './party.ts'
import * as Record from './record.ts'
import * as Share from './share.ts'
import * as Terms from './terms.ts'

/** A CID as text, so that states which hold it survive a structured clone. */
const cid = v.pipe(
  v.string(),
  v.maxLength(128, 'expected a CID'),
  v.check((text) => {
    try {
      return CID.parse(text).toString() === text
    } catch {
      return false
    }
  }, 'expected a CID'),
)
/** Unix seconds. */
const time = Codec.count
/** Bytes on the wire, hexadecimal inside: for lists that would not fit a message otherwise. */
const packed = (length: number) =>
  v.pipe(
    Codec.bytes,
    v.length(length, `expected ${length} bytes`),
    v.transform((bytes): Hex => `0x${bytesToHex(bytes)}`),
  )
const packedUpTo = (most: number) =>
  v.pipe(
    Codec.bytes,
    v.minLength(1, 'expected bytes'),
    v.maxLength(most, `expected at most ${most} bytes`),
    v.transform((bytes): Hex => `0x${bytesToHex(bytes)}`),
  )
/** X25519 */
const exchangeKey = v.pipe(
  packed(32),
  v.check((key) => !ExchangeKey.isLowOrder(key), 'expected a key that is not of low order'),
)
const accounts = (most: number) =>
  v.pipe(
    v.array(Codec.address),
    v.maxLength(most, `expected at most ${most} accounts`),
    v.check(
      (list) => list.every((account, i) => i === 0 || (list[i - 1] ?? '') < account),
      'expected accounts in strictly ascending order',
    ),
  )

/** Most data and compute providers together. */
const maximumParties = 255
const maximumSeats = 16
/** Bytes of a share with its salt, sealed; and of a share. */
const sealedBytes = 256
const shareBytes = 64

const seat = v.pipe(Codec.count, v.maxValue(maximumSeats - 1, 'expected a committee seat'))
/** Strictly ascending by `of`. */
const ascending = <item>(list: readonly item[], of: (item: item) => number | string): boolean =>
  list.every((item, at) => {
    const before = list[at - 1]
    return before === undefined || of(before) < of(item)
  })
const isAscending = 'expected them in strictly ascending order'

export const bodies = {
  // market topic

  dataOffer: Offer.dataSchema,
  computeOffer: Offer.computeSchema,
  taskAnnounced: v.strictObject({ terms: Terms.schema }),
  /** Asks one provider. `among` names who may be nominated, everyone if empty. */
  request: v.strictObject({ to: Codec.address, offer: Codec.digest32, among: accounts(maximumParties) }),

  // task topic, before the start

  decline: v.strictObject({}),
  nomination: v.strictObject({ compute: Codec.address }),
  roster: v.strictObject({ datas: accounts(maximumParties), computes: accounts(maximumSeats) }),
  dataAcceptance: v.strictObject({
    committee: Codec.digest32,
    party: Party.dataSchema,
    signature: Codec.signature,
  }),
  computeAcceptance: v.strictObject({ party: Party.computeSchema, signature: Codec.signature }),

  // task topic, rounds

  roundOpened: v.strictObject({
    epoch: Codec.count,
    /** Salted digest of the plaintext model. */
    modelHash: Codec.digest32,
    /** The model, sealed to the participants. */
    model: cid,
    publicKey: cid,
    readyBy: time,
    updatesBy: time,
    /** No commit is valid after this. */
    closes: time,
  }),
  /** A member's key of an epoch, to which shares are sealed. */
  sealingKey: v.strictObject({ epoch: Codec.count, key: exchangeKey }),
  ready: v.strictObject({
    opened: Codec.digest32,
    masks: v.strictObject({
      /** With which this round's pairwise masks are agreed. */
      ephemeral: exchangeKey,
      /** Of the seed of the sender's own mask. */
      seedHash: packed(32),
      /** Of the ephemeral key's secret and of the seed, for each member that had said its sealing key. */
      shares: v.pipe(
        v.array(
          v.strictObject({
            seat,
            keyHash: packed(32),
            seedHash: packed(32),
            key: packedUpTo(sealedBytes),
            seed: packedUpTo(sealedBytes),
          }),
        ),
        v.minLength(1, 'expected shares'),
        v.maxLength(maximumSeats, `expected at most ${maximumSeats} shares`),
        v.check((list) => ascending(list, (share) => share.seat), isAscending),
      ),
    }),
  }),
  cohorts: v.strictObject({
    opened: Codec.digest32,
    cohorts: v.pipe(v.array(accounts(maximumParties)), v.minLength(1, 'expected a cohort')),
  }),
  encryptedUpdate: v.strictObject({
    opened: Codec.digest32,
    cohorts: Codec.digest32,
    cid,
    ciphertextRoot: Codec.digest32,
    byteLength: Codec.count,
  }),
  /** The sender keeps these bytes and signs no record that misses them. */
  receipt: v.strictObject({ update: Codec.digest32, account: Codec.address }),
  recordProposed: v.strictObject({
    record: Record.schema,
    /** The delivered updates, by ascending data provider index. */
    inputs: v.pipe(
      v.array(
        v.strictObject({
          provider: Codec.count,
          cid,
          ciphertextRoot: packed(32),
          signature: packed(65),
        }),
      ),
      v.maxLength(maximumParties, 'expected at most one update per data provider'),
    ),
    /** One per cohort of the record. */
    sums: v.array(v.strictObject({ cid, root: Codec.digest32 })),
  }),
  recordSigned: v.strictObject({ record: Codec.digest32 }),
  /** Of every survivor a share of its seed, of everyone else in its cohort one of its ephemeral key: never both. */
  unmask: v.strictObject({
    record: Codec.digest32,
    shares: v.pipe(
      v.array(
        v.strictObject({
          provider: Codec.address,
          kind: v.picklist(Share.kinds, 'expected seed or key'),
          share: packedUpTo(shareBytes),
          salt: packed(32),
        }),
      ),
      v.maxLength(maximumParties, `expected at most ${maximumParties} shares`),
      v.check((list) => ascending(list, ({ provider }) => provider), isAscending),
    ),
  }),
  /** Accuracy in basis points, or null where the model provider keeps it to itself. */
  opened: v.strictObject({
    record: Codec.digest32,
    sums: v.array(Codec.digest32),
    model: Codec.digest32,
    accuracy: v.nullable(v.pipe(Codec.count, v.maxValue(10_000, 'expected at most 10,000'))),
  }),
} as const

export type Kind = keyof typeof bodies
export type Of<kind extends Kind> = Frozen<v.InferOutput<(typeof bodies)[kind]>>
type Frozen<value> = value extends string | number | bigint | boolean | null | undefined
  ? value
  : { readonly [key in keyof value]: Frozen<value[key]> }

export const kinds = Object.keys(bodies).filter((key): key is Kind => key in bodies)

/** A kind together with what it says. */
export type Said = { [kind in Kind]: { readonly kind: kind; readonly body: Of<kind> } }[Kind]

const readers: { readonly [kind in Kind]: (encoded: Uint8Array) => Said } = {
  dataOffer: reader('dataOffer'),
  computeOffer: reader('computeOffer'),
  taskAnnounced: reader('taskAnnounced'),
  request: reader('request'),
  decline: reader('decline'),
  nomination: reader('nomination'),
  roster: reader('roster'),
  dataAcceptance: reader('dataAcceptance'),
  computeAcceptance: reader('computeAcceptance'),
  sealingKey: reader('sealingKey'),
  roundOpened: reader('roundOpened'),
  ready: reader('ready'),
  cohorts: reader('cohorts'),
  encryptedUpdate: reader('encryptedUpdate'),
  receipt: reader('receipt'),
  recordProposed: reader('recordProposed'),
  recordSigned: reader('recordSigned'),
  unmask: reader('unmask'),
  opened: reader('opened'),
}

/** Parses what a message of this kind says. */
export function read(kind: Kind, encoded: Uint8Array): Said {
  return readers[kind](encoded)
}

function reader<const kind extends Kind>(kind: kind) {
  return (encoded: Uint8Array) => ({
    kind,
    body: Codec.decode<(typeof bodies)[kind]>(bodies[kind], encoded, `${kind} message`),
  })
}

export function encode(said: Said): Uint8Array<ArrayBuffer> {
  return Codec.encode(toWire(said))
}

function toWire({ kind, body }: Said): unknown {
  if (kind === 'dataOffer') return Offer.dataToWire(body)
  if (kind === 'computeOffer') return Offer.computeToWire(body)
  if (kind === 'taskAnnounced') return { terms: Terms.toWire(body.terms) }
  if (kind === 'dataAcceptance') return { ...body, party: Party.dataToWire(body.party) }
  if (kind === 'computeAcceptance') return { ...body, party: Party.computeToWire(body.party) }
  if (kind === 'sealingKey') return { ...body, key: unpacked(body.key) }
  if (kind === 'ready') return { ...body, masks: masksToWire(body.masks) }
  if (kind === 'unmask') {
    const shares = body.shares.map(({ share, salt, ...of }) => ({
      ...of,
      share: unpacked(share),
      salt: unpacked(salt),
    }))
    return { ...body, shares }
  }
  if (kind !== 'recordProposed') return body
  const inputs = body.inputs.map(({ ciphertextRoot, signature, ...input }) => ({
    ...input,
    ciphertextRoot: unpacked(ciphertextRoot),
    signature: unpacked(signature),
  }))
  return { ...body, record: Record.toWire(body.record), inputs }
}

function masksToWire({ ephemeral, seedHash, shares }: Of<'ready'>['masks']): unknown {
  return {
    ephemeral: unpacked(ephemeral),
    seedHash: unpacked(seedHash),
    shares: shares.map((share) => ({
      seat: share.seat,
      keyHash: unpacked(share.keyHash),
      seedHash: unpacked(share.seedHash),
      key: unpacked(share.key),
      seed: unpacked(share.seed),
    })),
  }
}

function unpacked(hex: Hex): Uint8Array {
  return hexToBytes(hex.slice(2))
}
