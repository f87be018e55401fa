// The one wrapper of every message: says who speaks about which round of which task, signed by a device key.
import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import * as v from 'valibot'
import * as Codec from './codec.ts'
import type { Address, Hex } from './codec.ts'
import { BaseError } from './errors.ts'
import type { Place } from './topic.ts'

/** Largest encoded envelope, in bytes; relays refuse more. */
export const maximumBytes = 64 * 1024

/** Stands for the task of messages that concern the whole market. */
export const noTask: Hex = `0x${'00'.repeat(32)}`

const uint32 = v.pipe(Codec.count, v.maxValue(0xffff_ffff, 'expected less than 2^32'))

const schema = v.strictObject({
  v: v.literal(1, 'expected version 1'),
  chainId: Codec.count,
  market: Codec.address,
  task: Codec.digest32,
  round: uint32,
  kind: v.pipe(v.string(), v.maxLength(32, 'expected at most 32 characters')),
  /** Tells messages of one kind, sender and round apart; each is said once. */
  slot: uint32,
  sender: Codec.address,
  /** dag-cbor */
  body: Codec.bytes,
  signature: Codec.signature,
  /** The contract's `Once` signature over what the body commits to; the only kind that is slashed on chain. */
  once: v.optional(Codec.signature),
})
export type Envelope = Readonly<v.InferOutput<typeof schema>>
export type Unsigned = Omit<Envelope, 'v' | 'signature' | 'once'>

/** The account or device that made a signature; throws on one that nobody could have made. */
export type Recover = (digest: Hex, signature: Hex) => Address

const domainType = 'EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)'
const type =
  'Envelope(uint8 v,bytes32 task,uint32 round,string kind,uint32 slot,address sender,bytes32 bodyDigest)'
const typeHash = keccak_256(utf8ToBytes(type))
const separators = new Map<string, Uint8Array>()

/** EIP-712 digest that the sender's device signs; a message's identity. */
export function digest(envelope: Unsigned): Hex {
  const struct = keccak_256(
    words(
      typeHash,
      1,
      hexToBytes(envelope.task.slice(2)),
      envelope.round,
      keccak_256(utf8ToBytes(envelope.kind)),
      envelope.slot,
      hexToBytes(envelope.sender.slice(2)),
      keccak_256(envelope.body),
    ),
  )
  const joined = new Uint8Array(66)
  joined.set([0x19, 0x01])
  joined.set(separator(envelope), 2)
  joined.set(struct, 34)
  return `0x${bytesToHex(keccak_256(joined))}`
}

export function encode(envelope: Envelope): Uint8Array<ArrayBuffer> {
  const { once, ...rest } = envelope
  const encoded = Codec.encode(once === undefined ? rest : envelope)
  if (encoded.length > maximumBytes) throw new OversizeError(envelope.kind, encoded.length)
  return encoded
}

/** Parses bytes from the network. Says nothing about the signature. */
export function decode(encoded: Uint8Array): Envelope {
  if (encoded.length > maximumBytes) throw new OversizeError('message', encoded.length)
  return Codec.decode(schema, encoded, 'message')
}

/** The device that signed. Whether it may speak for the sender is for the reader to know. */
export function signer(envelope: Envelope, recover: Recover): Address {
  try {
    return recover(digest(envelope), envelope.signature)
  } catch (cause) {
    throw new SignatureError(envelope.kind, cause)
  }
}

/** Refuses an envelope that this device did not sign. */
export function assertSigner(envelope: Envelope, device: Address, recover: Recover): void {
  if (signer(envelope, recover) !== device) throw new SignatureError(envelope.kind)
}

/** Refuses messages of another chain or market, so that nothing said there counts here. */
export function assertPlace(envelope: Envelope, place: Place): void {
  if (envelope.chainId !== place.chainId || envelope.market !== place.market) throw new ForeignError(envelope)
}

function separator(place: Place): Uint8Array {
  const key = `${place.chainId} ${place.market}`
  const known = separators.get(key)
  if (known !== undefined) return known
  const made = keccak_256(
    words(
      keccak_256(utf8ToBytes(domainType)),
      keccak_256(utf8ToBytes('Galaxy')),
      keccak_256(utf8ToBytes('1')),
      place.chainId,
      hexToBytes(place.market.slice(2)),
    ),
  )
  separators.set(key, made)
  return made
}

/** ABI words: numbers and short byte strings to the right, 32 bytes as they are. */
function words(...parts: readonly (number | Uint8Array)[]): Uint8Array {
  const joined = new Uint8Array(parts.length * 32)
  const view = new DataView(joined.buffer)
  parts.forEach((part, i) => {
    if (typeof part === 'number') view.setBigUint64(i * 32 + 24, BigInt(part))
    else joined.set(part, (i + 1) * 32 - part.length)
  })
  return joined
}

export class SignatureError extends BaseError {
  override readonly name = 'Envelope.SignatureError'
  constructor(kind: string, cause?: unknown) {
    super({
      message: `The signature of this ${kind} message is not its sender's.`,
      advice: 'It was ignored. Its sender is faulty or somebody else speaks in its name.',
      cause,
    })
  }
}

export class ForeignError extends BaseError {
  override readonly name = 'Envelope.ForeignError'
  constructor(envelope: Envelope) {
    super({
      message: `This ${envelope.kind} message belongs to market ${envelope.market} on chain ${envelope.chainId}.`,
      advice: 'It was ignored. Check that the app and the relay are set up for the same chain.',
    })
  }
}

export class OversizeError extends BaseError {
  override readonly name = 'Envelope.OversizeError'
  constructor(kind: string, bytes: number) {
    super({
      message: `This ${kind} has ${bytes} bytes; messages have at most ${maximumBytes}.`,
      advice: 'Put large objects into blocks and name their CIDs.',
    })
  }
}
