// What each kind of message says: one schema per kind, parsed once when it arrives.
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { CID } from 'multiformats/cid'
import * as v from 'valibot'
import type { Hex } from './codec.ts'
import * as Codec from './codec.ts'
import * as Job from './job.ts'
import * as Masks from './masks.ts'
import * as Offer from './offer.ts'
import * as Party from './party.ts'
import * as Record from './record.ts'
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
/** X25519 */
const exchangeKey = v.pipe(packed(32), v.check(Masks.isUsable, 'expected a key that protects something'))
const accounts = (most: number) =>
  v.pipe(
    v.array(Codec.address),
    v.maxLength(most, `expected at most ${most} accounts`),
    v.check(
      (list) => list.every((account, i) => i === 0 || (list[i - 1] ?? '') < account),
      'expected accounts in strictly ascending order',
    ),
  )

/** Correct predictions, by model. */
const worth = v.pipe(
  v.array(Codec.count),
  v.minLength(1, 'expected a count'),
  v.maxLength(Job.mostModels, `expected at most ${Job.mostModels} counts`),
)

/** Most data and compute providers together. */
const maximumParties = 255
const maximumSeats = 16
/** Sums that no honest updates would give: their rounds, ascending, and which cohorts of the record, ascending. */
const discarded = v.pipe(
  v.array(
    v.strictObject({
      round: Codec.count,
      cohorts: v.pipe(
        v.array(Codec.count),
        v.minLength(1, 'expected a cohort'),
        v.check((list) => isAscending(list), 'expected cohorts in strictly ascending order'),
      ),
    }),
  ),
  v.check(
    (list) => isAscending(list.map(({ round }) => round)),
    'expected rounds in strictly ascending order',
  ),
)
function isAscending(list: readonly number[]): boolean {
  return list.every((each, i) => i === 0 || (list[i - 1] ?? 0) < each)
}

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
    /** Of the rounds before it. */
    discarded,
  }),
  /** A member's key of an epoch, to which shares are sealed. */
  sealingKey: v.strictObject({ epoch: Codec.count, key: exchangeKey }),
  ready: v.strictObject({ opened: Codec.digest32, masks: Masks.schema }),
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
      v.array(Masks.releasedSchema),
      v.maxLength(maximumParties, `expected at most ${maximumParties} shares`),
      v.check(
        (list) => list.every(({ provider }, i) => i === 0 || (list[i - 1]?.provider ?? '') < provider),
        'expected accounts in strictly ascending order',
      ),
    ),
  }),
  /** Accuracy in basis points, or null where the model provider keeps it to itself. */
  opened: v.strictObject({
    record: Codec.digest32,
    /** Null where a sum was discarded. */
    sums: v.array(v.nullable(Codec.digest32)),
    model: Codec.digest32,
    accuracy: v.nullable(v.pipe(Codec.count, v.maxValue(10_000, 'expected at most 10,000'))),
  }),

  // task topic, jobs; slots are their numbers

  /** Until when the first of the executors does it, the second checks it, and anybody works on it at all. */
  jobPosted: v.strictObject({ job: Job.schema, doneBy: time, checkedBy: time, closes: time }),
  /** By the job's digest. `result` names the published weights of a warm start, and counts by `Job.worthDigest`. */
  jobDone: v.pipe(
    v.strictObject({ job: Codec.digest32, result: Codec.digest32, worth: v.nullable(worth) }),
    v.check(
      ({ result, worth: counts }) => counts === null || Job.worthDigest(counts) === result,
      'expected the digest of the counts',
    ),
  ),
  /** Whether the sender found the same as the `jobDone` with the digest `of`. */
  jobChecked: v.strictObject({ job: Codec.digest32, of: Codec.digest32, agrees: v.boolean() }),
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
  jobPosted: reader('jobPosted'),
  jobDone: reader('jobDone'),
  jobChecked: reader('jobChecked'),
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
  if (kind === 'ready') return { ...body, masks: Masks.toWire(body.masks) }
  if (kind === 'unmask') return { ...body, shares: body.shares.map(Masks.releasedToWire) }
  if (kind !== 'recordProposed') return body
  const inputs = body.inputs.map(({ ciphertextRoot, signature, ...input }) => ({
    ...input,
    ciphertextRoot: unpacked(ciphertextRoot),
    signature: unpacked(signature),
  }))
  return { ...body, record: Record.toWire(body.record), inputs }
}

function unpacked(hex: Hex): Uint8Array {
  return hexToBytes(hex.slice(2))
}
