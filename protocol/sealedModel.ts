// A model on its way to the participants: weights behind a salted digest, encrypted once, its key sealed to each of them.
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import * as v from 'valibot'
import * as Codec from './codec.ts'
import type { Address, Hex } from './codec.ts'
import { BaseError } from './errors.ts'

/** Bytes of the salt before the weights. */
const saltBytes = 32
/** AES-GCM appends this many bytes. */
const tagBytes = 16

function bytesOf(length: number) {
  return v.pipe(Codec.bytes, v.length(length, `expected ${length} bytes`))
}

const schema = v.strictObject({
  v: v.literal(1, 'expected version 1'),
  /** X25519 public key made for this model alone. */
  ephemeral: bytesOf(32),
  /** AES-256-GCM of the content key under the key shared with each recipient. */
  keys: v.pipe(
    v.array(v.strictObject({ account: Codec.address, sealed: bytesOf(32 + tagBytes) })),
    v.minLength(1, 'expected a recipient'),
    v.maxLength(255, 'expected at most 255 recipients'),
  ),
  /** AES-256-GCM of salt and weights under the content key. */
  body: Codec.bytes,
})
export type SealedModel = Readonly<v.InferOutput<typeof schema>>

/** What the content is bound to: it opens in no other round, and as nothing else. */
export type Place = {
  readonly task: Hex
  readonly round: number
  /** A round's model, or what a job that scores is about (subject.ts). */
  readonly of: 'model' | 'subject'
}

export function encode(sealed: SealedModel): Uint8Array<ArrayBuffer> {
  return Codec.encode(sealed)
}

export function decode(encoded: Uint8Array): SealedModel {
  return Codec.decode(schema, encoded, 'sealed model')
}

/** Most bytes of the encoded object for a model of so many parameters. */
export function maximumBytes(parameters: number): number {
  return 256 + 255 * 160 + saltBytes + 4 * parameters + tagBytes
}

/** Salt and little-endian float32 weights: what is encrypted, and hashed into `modelHash`. */
export function content(salt: Uint8Array, weights: Float32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(saltBytes + weights.length * 4)
  bytes.set(salt)
  const view = new DataView(bytes.buffer, saltBytes)
  weights.forEach((weight, i) => view.setFloat32(i * 4, weight, true))
  return bytes
}

/** The weights of opened content, which must be what `modelHash` committed to. */
export function weightsOf(bytes: Uint8Array, expected: Hex): Float32Array<ArrayBuffer> {
  if (hash(bytes) !== expected) throw new HashError()
  const view = new DataView(bytes.buffer, bytes.byteOffset + saltBytes, bytes.length - saltBytes)
  const weights = new Float32Array(Math.floor(view.byteLength / 4))
  for (let i = 0; i < weights.length; i++) weights[i] = view.getFloat32(i * 4, true)
  return weights
}

/** Digest of salted weights (`content`). */
export function hash(bytes: Uint8Array): Hex {
  return `0x${bytesToHex(sha256(bytes))}`
}

/** Additional data of the encrypted content. */
export function binding({ task, round, of }: Place): Uint8Array<ArrayBuffer> {
  return Codec.encode([`galaxy ${of}`, task, round])
}

/**
 * Key that seals the content key to one recipient: HKDF-SHA256 of the X25519 secret, bound to task, round, account and
 * both public keys. One ephemeral key serves all recipients since each pair shares another secret.
 */
export function recipientKey(
  shared: Uint8Array,
  place: Place,
  account: Address,
  ephemeral: Uint8Array,
  box: Hex,
): Uint8Array<ArrayBuffer> {
  if (shared.every((byte) => byte === 0)) throw new KeyError(account)
  const scope = Codec.encode([
    `galaxy ${place.of} key`,
    place.task,
    place.round,
    account,
    ephemeral,
    hexToBytes(box.slice(2)),
  ])
  return new Uint8Array(hkdf(sha256, shared, undefined, scope, 32))
}

export class KeyError extends BaseError {
  override readonly name = 'SealedModel.KeyError'
  constructor(account: Address) {
    super({
      message: `The box key of ${account} protects nothing (it is of low order).`,
      advice: 'Leave this participant out; its keys are faulty.',
    })
  }
}

export class RecipientError extends BaseError {
  override readonly name = 'SealedModel.RecipientError'
  constructor(cause?: unknown) {
    super({
      message: 'This model was not encrypted to your keys.',
      advice:
        'If you restored another backup, restore the one you accepted the task with; otherwise skip this round.',
      cause,
    })
  }
}

export class HashError extends BaseError {
  override readonly name = 'SealedModel.HashError'
  constructor() {
    super({
      message: 'The model is not the one that the model provider committed to.',
      advice: 'Skip this round; the model provider or the bytes are faulty.',
    })
  }
}
