// Canonical bytes: every published object is dag-cbor addressed by a CIDv1 (sha2-256) and parsed once, at the border.
import * as DagCbor from '@ipld/dag-cbor'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import * as v from 'valibot'
import { BaseError } from './errors.ts'

const sha2_256 = 0x12
const raw = 0x55

/** `0x` and lower-case hexadecimal digits. */
export type Hex = `0x${string}`
export type Address = Hex

/** 20 bytes in lower case; the one spelling in which accounts are compared and ordered. */
export const address = v.pipe(
  v.string(),
  v.regex(/^0x[0-9a-fA-F]{40}$/, 'expected a 20-byte address'),
  v.transform((text): Address => text.toLowerCase() as Address),
)
/** 32 bytes. */
export const digest32 = v.pipe(
  v.string(),
  v.regex(/^0x[0-9a-f]{64}$/, 'expected 32 bytes in lower-case hexadecimal'),
  v.transform((text): Hex => text as Hex),
)
/** 65 bytes: r, s, v. */
export const signature = v.pipe(
  v.string(),
  v.regex(/^0x[0-9a-f]{130}$/, 'expected a 65-byte signature in lower-case hexadecimal'),
  v.transform((text): Hex => text as Hex),
)
/** Token base units or other unsigned amounts below 2^256, as a decimal string on the wire. */
export const amount = v.pipe(
  v.string(),
  v.regex(/^(0|[1-9][0-9]{0,77})$/, 'expected an unsigned decimal integer'),
  v.transform((text) => BigInt(text)),
)
/** Unsigned integer below 2^53. */
export const count = v.pipe(
  v.number(),
  v.safeInteger('expected an integer'),
  v.minValue(0, 'expected 0 or more'),
)
export const bytes = v.instance(Uint8Array, 'expected bytes')
export const cid = v.pipe(
  v.custom<CID>((value) => CID.asCID(value) !== null, 'expected a CID'),
  v.transform((value): CID => CID.asCID(value) ?? value),
)

/** Canonical dag-cbor; throws on values that dag-cbor cannot hold, such as undefined. */
export function encode(value: unknown): Uint8Array<ArrayBuffer> {
  return new Uint8Array(DagCbor.encode(value))
}

/** Parses bytes from outside. Refuses bytes that are not the canonical encoding of what they hold. */
export function decode<const schema extends v.GenericSchema>(
  schema: schema,
  encoded: Uint8Array,
  noun: string,
): v.InferOutput<schema> {
  let value: unknown
  try {
    value = DagCbor.decode(encoded)
  } catch (cause) {
    throw new MalformedError(noun, `not canonical dag-cbor (${encoded.length} bytes)`, cause)
  }
  return parse(schema, value, noun)
}

/** Parses a value from outside (JSON, the chain, another worker). */
export function parse<const schema extends v.GenericSchema>(
  schema: schema,
  value: unknown,
  noun: string,
): v.InferOutput<schema> {
  return parseElse(schema, value, (what, at = 'value') => new MalformedError(noun, `${at}: ${what}`))
}

/** The same, with an error of the caller's own that says what was expected, and where unless of the whole value. */
export function parseElse<const schema extends v.GenericSchema>(
  schema: schema,
  value: unknown,
  refused: (what: string, at: string | undefined) => BaseError,
): v.InferOutput<schema> {
  const result = v.safeParse(schema, value, { abortEarly: true })
  if (result.success) return result.output
  const [issue] = result.issues
  throw refused(issue.message, v.getDotPath(issue) ?? undefined)
}

/** The CID of dag-cbor bytes. */
export function cidOf(encoded: Uint8Array): CID {
  return CID.createV1(DagCbor.code, Digest.create(sha2_256, sha256(encoded)))
}

/** The CID of bytes that are not dag-cbor, such as the words of one ciphertext. */
export function cidOfRaw(block: Uint8Array): CID {
  return CID.createV1(raw, Digest.create(sha2_256, sha256(block)))
}

/** The 32-byte digest that contracts hold in place of a CID. */
export function digestOf(id: CID): Hex {
  return `0x${bytesToHex(id.multihash.digest)}`
}

/** The dag-cbor CID that has this digest. */
export function cidFrom(digest: Hex): CID {
  return CID.createV1(DagCbor.code, Digest.create(sha2_256, hexToBytes(digest.slice(2))))
}

/** The CID of a block that is not dag-cbor and has this digest. */
export function rawCidFrom(digest: Hex): CID {
  return CID.createV1(raw, Digest.create(sha2_256, hexToBytes(digest.slice(2))))
}

export class MalformedError extends BaseError {
  override readonly name = 'Codec.MalformedError'
  constructor(noun: string, what: string, cause?: unknown) {
    super({
      message: `This ${noun} is malformed: ${what}.`,
      advice:
        'It was ignored. If it came from a file, choose another; if from the network, its sender is faulty.',
      cause,
    })
  }
}
