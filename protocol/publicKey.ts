// The BFV key that encrypts one round's updates, as SEAL saves it with a seed in place of its uniform half.
import { hexToBytes } from '@noble/hashes/utils.js'
import { BaseError } from './errors.ts'
import * as He from './he.ts'

const polynomialBytes = He.degree * 8
const q = { low: Number(He.q & 0xffff_ffffn), high: Number(He.q >> 32n) }

/** What SEAL 4.1 writes before the words of a seeded, uncompressed public key of these parameters. */
const header = hexToBytes(
  '5ea1100401000000c280000000000000' + // magic, version, no compression, 32,962 bytes
    'c4f97b5cf0ef1cb436a606513e811f25' + // digest of the parameters
    '8958233c825ee8372989f79b7ece1c4d' +
    '01020000000000000000100000000000' + // coefficients transformed, 2 polynomials, 4,096 coefficients
    '000100000000000000000000000000f0' + // 1 modulus, scale 1
    '3f01000000000000005ea11004010000' + // correction factor 1, then the array's own header
    '00188000000000000000100000000000' + // 32,792 bytes, 4,096 words
    '00',
)
/** Before the 64 bytes of the seed: header of 81 bytes, BLAKE2xb. */
const generator = hexToBytes('5ea1100401000000510000000000000001')

/** Length of every public key. */
export const bytes = header.length + polynomialBytes + generator.length + 64

/** Refuses bytes that are not a public key of these parameters, or whose encryptions everybody could read. */
export function assert(key: Uint8Array): void {
  if (key.length !== bytes) throw new StructureError(`it has ${key.length} of ${bytes} bytes`)
  if (header.some((byte, i) => byte !== key[i])) throw new StructureError('its parameters are others')
  if (generator.some((byte, i) => byte !== key[header.length + polynomialBytes + i]))
    throw new StructureError('its second half is not seeded')
  const words = new DataView(key.buffer, key.byteOffset + header.length, polynomialBytes)
  let any = 0
  for (let offset = 0; offset < polynomialBytes; offset += 8) {
    const low = words.getUint32(offset, true)
    const high = words.getUint32(offset + 4, true)
    if (high > q.high || (high === q.high && low >= q.low))
      throw new StructureError(`coefficient ${offset / 8} is not below the modulus`)
    any |= low | high
  }
  if (any === 0) throw new StructureError('its first half is zero')
}

export class StructureError extends BaseError {
  override readonly name = 'PublicKey.StructureError'
  constructor(what: string) {
    super({
      message: `This round's public key is malformed: ${what}.`,
      advice: 'Skip this round; its model provider or the bytes are faulty.',
    })
  }
}
