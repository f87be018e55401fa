// The wire between a participant and a relay: one framed dag-cbor request per stream, one framed reply.
import type { CID } from 'multiformats/cid'
import * as v from 'valibot'
import * as Codec from './codec.ts'
import * as Envelope from './envelope.ts'
import { BaseError } from './errors.ts'
import * as Topic from './topic.ts'

export const protocol = '/galaxy/relay/1.0.0'

/** Bounds that both sides know, so that an honest participant never meets one by surprise. */
export const limits = {
  messageBytes: Envelope.maximumBytes,
  blockBytes: 1024 * 1024,
  requestBytes: 160 * 1024,
  /** Messages of one history page add up to at most this, unless the page is a single message. */
  pageBytes: 1024 * 1024,
  replyBytes: 1280 * 1024,
  pageMessages: 256,
  pinBlocks: 256,
  calldataBytes: 128 * 1024,
} as const

/** Market functions for which a relay may pay the gas. None of them needs the caller to be anyone in particular. */
export const sponsored = [
  'depositFor',
  'withdrawFor',
  'commitRound',
  'claim',
  'cancel',
  'expire',
  'settle',
  'prove',
] as const
export type Sponsored = (typeof sponsored)[number]

const topic = v.pipe(v.string(), v.maxLength(160, 'expected a topic of at most 160 characters'))
const digestBytes = v.pipe(Codec.bytes, v.length(32, 'expected 32 bytes'))
const version = v.literal(1, 'expected version 1')

const requests = {
  post: v.strictObject({
    v: version,
    kind: v.literal('post'),
    topic,
    message: v.pipe(
      Codec.bytes,
      v.minLength(1, 'expected a message'),
      v.maxLength(limits.messageBytes, `expected at most ${limits.messageBytes} bytes`),
    ),
  }),
  history: v.strictObject({
    v: version,
    kind: v.literal('history'),
    topic,
    /** Only messages with a greater cursor. */
    after: Codec.count,
    limit: v.pipe(Codec.count, v.minValue(1), v.maxValue(limits.pageMessages)),
    /** sha2-256 of messages that came by gossip already; their bytes are left out of the reply. */
    have: v.pipe(v.array(digestBytes), v.maxLength(limits.pageMessages)),
  }),
  pin: v.strictObject({
    v: version,
    kind: v.literal('pin'),
    task: Codec.digest32,
    cids: v.pipe(v.array(Codec.cid), v.minLength(1), v.maxLength(limits.pinBlocks)),
  }),
  sponsor: v.strictObject({
    v: version,
    kind: v.literal('sponsor'),
    call: v.picklist(sponsored, `expected one of ${sponsored.join(', ')}`),
    /** Selector and ABI-encoded arguments of that market function. */
    calldata: v.pipe(Codec.bytes, v.minLength(4), v.maxLength(limits.calldataBytes)),
    /** On whose behalf, by the peer's word; limits go by the calldata. */
    account: Codec.address,
  }),
  faucet: v.strictObject({ v: version, kind: v.literal('faucet'), account: Codec.address }),
  status: v.strictObject({ v: version, kind: v.literal('status') }),
}

const hash = Codec.digest32
const replies = {
  /** `known`: an equal message was stored before. */
  post: v.strictObject({ cursor: Codec.count, known: v.boolean() }),
  history: v.strictObject({
    entries: v.pipe(
      v.array(v.strictObject({ cursor: Codec.count, digest: digestBytes, message: v.optional(Codec.bytes) })),
      v.maxLength(limits.pageMessages),
    ),
    /** True when messages with a greater cursor than the last entry's exist. */
    more: v.boolean(),
  }),
  /** Every block asked for is stored until `until` (Unix seconds) at least. */
  pin: v.strictObject({ blocks: Codec.count, bytes: Codec.count, until: Codec.count }),
  /** The transaction was sent; it counts when the chain has it. */
  sponsor: v.strictObject({ transaction: hash }),
  faucet: v.strictObject({ transactions: v.array(hash) }),
  status: v.strictObject({
    peerId: v.string(),
    chainId: Codec.count,
    market: Codec.address,
    sponsors: v.array(v.string()),
    faucet: v.boolean(),
    pinnedBytes: Codec.count,
    pinQuotaBytes: Codec.count,
    messages: Codec.count,
    peers: Codec.count,
  }),
}

export type Kind = keyof typeof requests
export type RequestOf<kind extends Kind> = v.InferOutput<(typeof requests)[kind]>
export type Request = { [kind in Kind]: RequestOf<kind> }[Kind]
export type ReplyOf<kind extends Kind> = v.InferOutput<(typeof replies)[kind]>
export type Entry = ReplyOf<'history'>['entries'][number]

const codes = [
  'malformed',
  'tooLarge',
  'wrongTopic',
  'refused',
  'rateLimited',
  'quotaExceeded',
  'blockUnavailable',
  'notSponsored',
  'reverted',
  'chainUnreachable',
  'faucetClosed',
  'internal',
] as const
export type Code = (typeof codes)[number]

const failure = v.strictObject({
  code: v.picklist(codes),
  message: v.string(),
  advice: v.string(),
  /** Seconds after which the same request may succeed. */
  retryAfter: v.optional(Codec.count),
})
export type Failure = v.InferOutput<typeof failure>

const envelope = v.variant('ok', [
  v.strictObject({ ok: v.literal(true), value: v.unknown() }),
  v.strictObject({ ok: v.literal(false), error: failure }),
])

type Unversioned<request> = request extends unknown ? Omit<request, 'v'> : never
/** A request as a caller writes it; `encodeRequest` adds the version. */
export type Ask = Unversioned<Request>

export function encodeRequest(request: Ask): Uint8Array<ArrayBuffer> {
  return Codec.encode({ ...request, v: 1 })
}

const anyRequest = v.variant('kind', [
  requests.post,
  requests.history,
  requests.pin,
  requests.sponsor,
  requests.faucet,
  requests.status,
])

export function decodeRequest(encoded: Uint8Array): Request {
  return Codec.decode(anyRequest, encoded, 'relay request')
}

export function encodeReply<kind extends Kind>(_kind: kind, value: ReplyOf<kind>): Uint8Array<ArrayBuffer> {
  return Codec.encode({ ok: true, value })
}

export function encodeFailure(error: Failure): Uint8Array<ArrayBuffer> {
  return Codec.encode({ ok: false, error })
}

/** The value of a reply to a request of this kind; throws `Relay.RefusedError` when the relay refused. */
export function decodeReply<const kind extends Kind>(kind: kind, encoded: Uint8Array): ReplyOf<kind> {
  const reply = Codec.decode(envelope, encoded, 'relay reply')
  if (!reply.ok) throw new RefusedError(reply.error)
  return Codec.parse<(typeof replies)[kind]>(replies[kind], reply.value, `relay reply to ${kind}`)
}

/** Why a relay refused, or undefined when it did what was asked. */
export function failureIn(encoded: Uint8Array): Failure | undefined {
  const reply = Codec.decode(envelope, encoded, 'relay reply')
  return reply.ok ? undefined : reply.error
}

/** CIDs a relay keeps: version 1, raw or dag-cbor, sha2-256. */
export function isStorable(cid: CID): boolean {
  return (
    cid.version === 1 &&
    (cid.code === 0x55 || cid.code === 0x71) &&
    cid.multihash.code === 0x12 &&
    cid.multihash.digest.length === 32
  )
}

/** Whether a topic belongs to this market: its own, or that of any of its tasks. */
export function isTopicOf(place: Topic.Place, topic: string): boolean {
  const root = Topic.market(place)
  return (
    topic === root || (topic.startsWith(`${root}/`) && /^0x[0-9a-f]{64}$/.test(topic.slice(root.length + 1)))
  )
}

/** Prefixes a payload with its length: four bytes, big-endian. */
export function frame(payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const framed = new Uint8Array(4 + payload.length)
  new DataView(framed.buffer).setUint32(0, payload.length)
  framed.set(payload, 4)
  return framed
}

/** A `Uint8Array`, or a list of them that joins itself when asked for all. */
type Chunk = { subarray(): Uint8Array }

/** Reads one frame from a stream of chunks; refuses more than `maximumBytes` before storing them. */
export async function readFrame(chunks: AsyncIterable<Chunk>, maximumBytes: number): Promise<Uint8Array> {
  const header = new Uint8Array(4)
  let payload: Uint8Array | undefined
  let read = 0
  for await (const chunk of chunks) {
    let rest = chunk.subarray()
    if (payload === undefined) {
      const taken = rest.subarray(0, 4 - read)
      header.set(taken, read)
      read += taken.length
      rest = rest.subarray(taken.length)
      if (read < 4) continue
      const length = new DataView(header.buffer).getUint32(0)
      if (length > maximumBytes) throw new OversizeError(length, maximumBytes)
      payload = new Uint8Array(length)
      read = 0
    }
    if (rest.length > payload.length - read)
      throw new Codec.MalformedError('frame', 'more bytes than its length says')
    payload.set(rest, read)
    read += rest.length
    if (read === payload.length) return payload
  }
  throw new Codec.MalformedError('frame', 'the stream ended early')
}

export class RefusedError extends BaseError {
  override readonly name = 'Relay.RefusedError'
  readonly failure: Failure
  constructor(failure: Failure) {
    super({ message: failure.message, advice: failure.advice })
    this.failure = failure
  }
}

export class OversizeError extends BaseError {
  override readonly name = 'Relay.OversizeError'
  constructor(bytes: number, maximumBytes: number) {
    super({
      message: `This message has ${bytes} bytes; the relay takes ${maximumBytes} at most.`,
      advice: 'Put large objects into blocks and post their CIDs.',
    })
  }
}
