// What an executor of a warm start publishes: the weights after each segment, named by one small object.
import * as v from 'valibot'
import * as Codec from './codec.ts'
import type { Hex } from './codec.ts'
import { BaseError } from './errors.ts'
import * as TaskSpec from './taskSpec.ts'

const most = TaskSpec.mostSegments
const schema = v.strictObject({
  v: v.literal(1, 'expected version 1'),
  /** Digests of raw blocks: little-endian float32 weights after each segment. */
  ends: v.pipe(
    v.array(Codec.digest32),
    v.minLength(1, 'expected a segment'),
    v.maxLength(most, `expected at most ${most} segments`),
  ),
})

/** Most bytes of the encoded object. */
export const maximumBytes = 128 * most

export function encode(ends: readonly Hex[]): Uint8Array<ArrayBuffer> {
  return Codec.encode({ v: 1, ends: [...ends] })
}

/** The digests in the object that a result names. */
export function decode(encoded: Uint8Array, result: Hex): readonly Hex[] {
  if (digest(encoded) !== result) throw new DigestError()
  return Codec.decode(schema, encoded, 'checkpoints').ends
}

/** What `jobDone` names. */
export function digest(encoded: Uint8Array): Hex {
  return Codec.digestOf(Codec.cidOf(encoded))
}

export class DigestError extends BaseError {
  override readonly name = 'Checkpoints.DigestError'
  constructor() {
    super({
      message: 'The published weights of a job are not those that its result names.',
      advice: 'Nothing needs doing: they are not used.',
    })
  }
}
