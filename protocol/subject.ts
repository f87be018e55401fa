// What a job that scores is about: the sums from which coalitions' models are made, sealed to its executors, and a test set
// that its owner released.
import * as v from 'valibot'
import * as Codec from './codec.ts'
import type { Hex } from './codec.ts'
import type { Coalition } from './contribution.ts'
import { BaseError } from './errors.ts'
import type * as Update from './update.ts'

const shards = v.pipe(
  v.array(Codec.digest32),
  v.minLength(1, 'expected a shard'),
  v.maxLength(2048, 'expected at most 2,048 shards'),
)
const schema = v.strictObject({
  v: v.literal(1, 'expected version 1'),
  /** `SealedModel` of the content. */
  sealed: Codec.bytes,
  /** Digests of the test set's shards in order (`DataSet.encodeShard`), and the salt of its commitment. */
  shards,
  salt: v.pipe(Codec.bytes, v.length(32, 'expected 32 bytes')),
})
export type Subject = Readonly<v.InferOutput<typeof schema>>

const content = v.strictObject({
  v: v.literal(1, 'expected version 1'),
  /** The model before the round, little-endian float32. */
  global: Codec.bytes,
  /** By opened cohort; null where the sum was discarded. Levels are little-endian 32-bit unsigned integers. */
  sums: v.array(v.nullable(v.strictObject({ levels: Codec.bytes, samples: v.array(Codec.count) }))),
  /** Sets of these cohorts, a bit for each in their order, of which the models are scored. */
  coalitions: v.array(Codec.count),
})

export type Content = {
  readonly global: Float32Array<ArrayBuffer>
  readonly sums: readonly (Update.Sum | undefined)[]
  readonly coalitions: readonly Coalition[]
}

export function encode(subject: Subject): Uint8Array<ArrayBuffer> {
  return Codec.encode(subject)
}

/** The subject whose digest a job names. */
export function decode(encoded: Uint8Array, expected: Hex): Subject {
  if (Codec.digestOf(Codec.cidOf(encoded)) !== expected) throw new DigestError()
  return Codec.decode(schema, encoded, 'subject of a job')
}

export function encodeContent({ global, sums, coalitions }: Content): Uint8Array<ArrayBuffer> {
  return Codec.encode({
    v: 1,
    global: bytesOf(global, (view, at, value) => {
      view.setFloat32(at, value, true)
    }),
    sums: sums.map((sum) =>
      sum === undefined
        ? null
        : {
            levels: bytesOf(sum.levels, (view, at, value) => {
              view.setUint32(at, value, true)
            }),
            samples: [...sum.samples],
          },
    ),
    coalitions: [...coalitions],
  })
}

export function decodeContent(encoded: Uint8Array): Content {
  const { global, sums, coalitions } = Codec.decode(content, encoded, 'subject of a job')
  return {
    global: Float32Array.from(numbers(global, (view, at) => view.getFloat32(at, true))),
    sums: sums.map((sum) =>
      sum === null
        ? undefined
        : {
            samples: sum.samples,
            levels: Uint32Array.from(numbers(sum.levels, (view, at) => view.getUint32(at, true))),
          },
    ),
    coalitions,
  }
}

function bytesOf(
  values: Float32Array | Uint32Array,
  set: (view: DataView, at: number, value: number) => void,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(values.length * 4)
  const view = new DataView(bytes.buffer)
  values.forEach((value, i) => {
    set(view, i * 4, value)
  })
  return bytes
}

function numbers(bytes: Uint8Array, get: (view: DataView, at: number) => number): readonly number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, i) => get(view, i * 4))
}

export class DigestError extends BaseError {
  override readonly name = 'Subject.DigestError'
  constructor() {
    super({
      message: 'What a job is about is not what its description names.',
      advice: 'Nothing needs doing: the job is left to others.',
    })
  }
}

export class TestSetError extends BaseError {
  override readonly name = 'Subject.TestSetError'
  constructor() {
    super({
      message: 'The test set of a job is not the one that the task committed to.',
      advice: 'Nothing needs doing: scores of this round are the model provider’s word.',
    })
  }
}
