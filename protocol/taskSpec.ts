// What is to be learned and how: the object behind the terms' `specHash`, read by every participant before consent.
import type { CID } from 'multiformats/cid'
import * as v from 'valibot'
import * as Codec from './codec.ts'
import type { Hex } from './codec.ts'
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

export const schema = v.strictObject({
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
})
export type TaskSpec = Readonly<Omit<v.InferOutput<typeof schema>, 'model'>> & { readonly model: Model.Spec }

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
