// The object behind an encrypted update's or a sum's CID: which blocks hold its ciphertexts, in order.
import type { CID } from 'multiformats/cid'
import * as v from 'valibot'
import * as Codec from './codec.ts'

/** 4,000,000 parameters of 16 bits. */
const most = 489

const schema = v.strictObject({
  v: v.literal(1, 'expected version 1'),
  ciphertexts: v.pipe(
    v.array(Codec.cid),
    v.minLength(1, 'expected a ciphertext'),
    v.maxLength(most, `expected at most ${most} ciphertexts`),
  ),
})

/** Most bytes of the encoded object. */
export const maximumBytes = 64 + most * 41

/** The object for these packed ciphertexts, each of them one raw block. */
export function encode(packed: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Codec.encode({ v: 1, ciphertexts: packed.map(Codec.cidOfRaw) })
}

/** CIDs of the raw blocks, of `Ciphertext.packedBytes` each. */
export function decode(encoded: Uint8Array): readonly CID[] {
  return Codec.decode(schema, encoded, 'encrypted update').ciphertexts
}
