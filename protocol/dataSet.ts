// A data set at rest: shards of at most 256 samples and the manifest whose digest is the data signature.
import { CID } from 'multiformats/cid'
import * as v from 'valibot'
import * as Codec from './codec.ts'
import { BaseError } from './errors.ts'

/** Samples per shard, except for the last one. */
export const shardSize = 256

/** Decrypted samples. Rows lie one after another; a missing value of float32 is NaN. */
export type Shard = {
  readonly samples: number
  readonly features: Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>
  /** Class indices as bytes, or numeric targets. */
  readonly labels: Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>
}

const shardSchema = v.strictObject({
  v: v.literal(1),
  samples: v.pipe(Codec.count, v.minValue(1), v.maxValue(shardSize)),
  features: v.strictObject({ dtype: v.picklist(['uint8', 'float32']), bytes: Codec.bytes }),
  labels: v.strictObject({ dtype: v.picklist(['uint8', 'float32']), bytes: Codec.bytes }),
})

/** dag-cbor with little-endian arrays: what is encrypted, never stored or sent as it is. */
export function encodeShard(shard: Shard): Uint8Array<ArrayBuffer> {
  return Codec.encode({
    v: 1,
    samples: shard.samples,
    features: toBytes(shard.features),
    labels: toBytes(shard.labels),
  })
}

export function decodeShard(encoded: Uint8Array): Shard {
  const { samples, features, labels } = Codec.decode(shardSchema, encoded, 'shard')
  return { samples, features: fromBytes(features), labels: fromBytes(labels) }
}

/** One encrypted shard: its block is AES-256-GCM ciphertext with the tag at the end. */
export type ShardEntry = {
  readonly cid: CID
  readonly samples: number
  readonly iv: Uint8Array
  /** Length of the block. */
  readonly bytes: number
}

/** One version of a data set. Names its parent version, so versions form a chain as in a file system. */
export type Manifest = {
  readonly v: 1
  readonly schemaId: Codec.Hex
  readonly version: number
  /** Data signature of the version before; null for the first. */
  readonly parent: CID | null
  readonly samples: number
  /** `quality@1`, basis points. */
  readonly quality: number
  readonly perClass: readonly number[]
  readonly shards: readonly ShardEntry[]
}

const manifestSchema = v.pipe(
  v.strictObject({
    v: v.literal(1),
    schemaId: Codec.digest32,
    version: v.pipe(Codec.count, v.minValue(1)),
    parent: v.nullable(Codec.cid),
    samples: v.pipe(Codec.count, v.minValue(1)),
    quality: v.pipe(Codec.count, v.maxValue(10_000, 'expected at most 10,000 basis points')),
    perClass: v.array(Codec.count),
    shards: v.array(
      v.strictObject({
        cid: Codec.cid,
        samples: v.pipe(Codec.count, v.minValue(1), v.maxValue(shardSize)),
        iv: v.pipe(Codec.bytes, v.length(12, 'expected 12 bytes')),
        bytes: Codec.count,
      }),
    ),
  }),
  v.check(
    (value) => value.samples === value.shards.reduce((total, shard) => total + shard.samples, 0),
    'expected the shards to add up to its samples',
  ),
)

export function encodeManifest(manifest: Manifest): Uint8Array<ArrayBuffer> {
  return Codec.encode(manifest)
}

export function decodeManifest(encoded: Uint8Array): Manifest {
  return Codec.decode(manifestSchema, encoded, 'manifest')
}

/** Hides the rows (they are encrypted under random IVs) and binds what was scored to what is trained. */
export function dataSignature(encodedManifest: Uint8Array): Codec.Hex {
  return Codec.digestOf(Codec.cidOf(encodedManifest))
}

function toBytes(values: Uint8Array | Float32Array): { dtype: 'uint8' | 'float32'; bytes: Uint8Array } {
  if (values instanceof Uint8Array) return { dtype: 'uint8', bytes: values }
  return { dtype: 'float32', bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) }
}

/** Copies, so that the result starts at an aligned offset and may be transferred. */
function fromBytes(stored: {
  readonly dtype: 'uint8' | 'float32'
  readonly bytes: Uint8Array
}): Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer> {
  const copy = new Uint8Array(stored.bytes)
  if (stored.dtype === 'uint8') return copy
  if (copy.length % 4 !== 0) throw new ShardError('its floats are cut short')
  return new Float32Array(copy.buffer)
}

export class ShardError extends BaseError {
  override readonly name = 'DataSet.ShardError'
  constructor(what: string) {
    super({
      message: `A shard of the data set is damaged: ${what}.`,
      advice: 'Remove the data set and import it again.',
    })
  }
}
