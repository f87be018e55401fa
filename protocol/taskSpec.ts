// What is to be learned and how: the object behind the terms' `specHash`, read by every participant before consent.
import type { CID } from 'multiformats/cid'
import * as v from 'valibot'
import * as Codec from './codec.ts'
import type { Hex } from './codec.ts'
import * as DataSet from './dataSet.ts'
import { BaseError } from './errors.ts'
import * as Model from './model.ts'

const positive = v.pipe(
  v.number(),
  v.finite('expected a finite number'),
  v.gtValue(0, 'expected more than 0'),
)
const seconds = v.pipe(Codec.count, v.minValue(1, 'expected 1 second or more'))
const basisPoints = v.pipe(Codec.count, v.maxValue(10_000, 'expected at most 10,000 basis points'))
const bits = v.pipe(
  Codec.count,
  v.minValue(1, 'expected 1 bit or more'),
  v.maxValue(44, 'expected at most 44 bits'),
)

/** Parts of a warm start, each a job of its own, and shards of one part: so many digests fit into a message. */
export const mostParts = 32
export const mostShardsOfPart = 256
/** Segments of one part: the weights after each are held at once. */
export const mostSegments = 512
const warmStart = v.pipe(
  v.strictObject({
    /** Digests of the released shards: dag-cbor as `DataSet.encodeShard` gives, each full but the last. */
    shards: v.pipe(
      v.array(Codec.digest32),
      v.minLength(1, 'expected a shard'),
      v.maxLength(2048, 'expected at most 2,048 shards'),
    ),
    samples: Codec.count,
    parts: v.pipe(
      Codec.count,
      v.minValue(1, 'expected 1 or more'),
      v.maxValue(mostParts, `expected at most ${mostParts}`),
    ),
    epochs: v.pipe(
      Codec.count,
      v.minValue(1, 'expected 1 or more'),
      v.maxValue(1000, 'expected at most 1,000'),
    ),
    /** Steps between the weights that are published while a part is trained. */
    segment: v.pipe(
      Codec.count,
      v.minValue(1, 'expected 1 or more'),
      v.maxValue(1024, 'expected at most 1,024'),
    ),
    /**
     * Most L2 distance between the weights at the end of a segment and those that somebody else gets from its start, as a
     * part of the way that the segment went.
     */
    tolerance: v.pipe(
      v.number(),
      v.minValue(0.001, 'expected 0.001 or more: engines round differently'),
      v.maxValue(0.5, 'expected at most 0.5'),
    ),
    /** How long a part may take to be trained, and again to be checked. */
    seconds,
  }),
  v.check(
    ({ shards, samples }) =>
      samples > (shards.length - 1) * DataSet.shardSize && samples <= shards.length * DataSet.shardSize,
    'expected as many samples as full shards and a last one hold',
  ),
  v.check(
    ({ shards, parts }) => shards.length >= parts && Math.ceil(shards.length / parts) <= mostShardsOfPart,
    'expected 1 to 256 shards for each part',
  ),
)

export const schema = v.pipe(
  v.strictObject({
    v: v.literal(1, 'expected version 1'),
    title: v.pipe(
      v.string(),
      v.minLength(1, 'expected a title'),
      v.maxLength(80, 'expected at most 80 characters'),
    ),
    description: v.pipe(v.string(), v.maxLength(2000, 'expected at most 2,000 characters')),
    schemaId: Codec.digest32,
    model: Model.specSchema,
    training: Model.trainingSchema,
    /** BFV: ring size, ciphertext modulus, plaintext modulus, bits of a quantised value and of the field it lies in. */
    he: v.strictObject({
      n: v.literal(4096, 'expected 4096'),
      q: Codec.amount,
      t: Codec.count,
      valueBits: bits,
      fieldBits: bits,
    }),
    /** Most L2 norm of an update. */
    clip: positive,
    /** Coordinates are quantised in ± this. */
    range: positive,
    /** Samples above which a provider weighs no more. */
    sampleCap: v.pipe(Codec.count, v.minValue(1, 'expected 1 or more')),
    /** Basis points. */
    minimumQuality: basisPoints,
    /** Rounds after which the task settles. */
    rounds: v.pipe(Codec.count, v.minValue(1, 'expected 1 or more'), v.maxValue(255, 'expected at most 255')),
    /** Basis points on the test set at which the task settles early; 0 never does. */
    targetAccuracy: basisPoints,
    /** Salted Merkle root over the model provider's test rows. */
    testSet: v.strictObject({ commitment: Codec.digest32, samples: Codec.count }),
    /** How long a round waits for readiness, then for updates, then for the commit. */
    timeouts: v.strictObject({ ready: seconds, update: seconds, commit: seconds }),
    /** Data that the model provider releases for compute providers to train the first model on; null for none. */
    warmStart: v.nullable(warmStart),
    /**
     * Who counts what cohorts contributed: the model provider alone, or members of the committee as well, who are then shown
     * the test set and the models that each coalition of cohorts made.
     */
    scoring: v.picklist(['own', 'committee'], 'expected own or committee'),
  }),
  v.check(
    ({ warmStart: start, training }) =>
      start === null || segmentsOf(start, training.batchSize) <= mostSegments,
    `expected at most ${mostSegments} segments in a part of the warm start`,
  ),
)
type Parsed = v.InferOutput<typeof schema>
type Start = NonNullable<Parsed['warmStart']>
export type TaskSpec = Readonly<Omit<Parsed, 'model' | 'warmStart'>> & {
  readonly model: Model.Spec
  readonly warmStart: (Readonly<Omit<Start, 'shards'>> & { readonly shards: readonly Hex[] }) | null
}

export function encode(spec: TaskSpec): Uint8Array<ArrayBuffer> {
  return Codec.encode({ ...spec, he: { ...spec.he, q: spec.he.q.toString() } })
}

export function decode(encoded: Uint8Array): TaskSpec {
  return Codec.decode(schema, encoded, 'task spec')
}

export function cid(spec: TaskSpec): CID {
  return Codec.cidOf(encode(spec))
}

/** What terms hold of the spec. */
export function hash(spec: TaskSpec): Hex {
  return Codec.digestOf(cid(spec))
}

/** The part of the terms that a spec must agree with. */
export type Bound = {
  readonly specHash: Hex
  readonly schemaId: Hex
  readonly sampleCap: number
  readonly minQuality: number
  readonly maxRounds: number
  readonly maxComputes: number
  readonly threshold: number
}

type Course = {
  readonly shards: readonly unknown[]
  readonly parts: number
  readonly epochs: number
  readonly segment: number
}

/** Segments of the largest part. */
function segmentsOf(start: Course, batchSize: number): number {
  const samples = Math.ceil(start.shards.length / start.parts) * DataSet.shardSize
  return Math.ceil((Math.ceil(samples / batchSize) * start.epochs) / start.segment)
}

/** Refuses a spec that says other things than the terms in escrow, and terms under which too few open a sum. */
export function assertBound(spec: TaskSpec, terms: Bound): void {
  if (hash(spec) !== terms.specHash) throw new BoundError('another spec was committed to')
  if (spec.schemaId !== terms.schemaId) throw new BoundError('the schemas differ')
  if (spec.sampleCap !== terms.sampleCap) throw new BoundError('the sample caps differ')
  if (spec.minimumQuality !== terms.minQuality) throw new BoundError('the minimum qualities differ')
  if (spec.rounds !== terms.maxRounds)
    throw new BoundError(`it speaks of ${spec.rounds} rounds, the contract of ${terms.maxRounds}`)
  const threshold = Math.floor((2 * terms.maxComputes) / 3) + 1
  if (terms.threshold < threshold)
    throw new BoundError(
      `${terms.threshold} of ${terms.maxComputes} compute providers could open a sum, not ${threshold}`,
    )
}

export class BoundError extends BaseError {
  override readonly name = 'TaskSpec.BoundError'
  constructor(difference: string) {
    super({
      message: `This task's description does not match its contract: ${difference}.`,
      advice: 'Do not take part; its model provider is faulty.',
    })
  }
}
