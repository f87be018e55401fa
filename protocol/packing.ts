// Small integers laid into the coefficients of plaintexts, so that adding plaintexts adds each of them exactly.
import { BaseError } from './errors.ts'
import * as He from './he.ts'

/** Zeros after the values of each update: where a sum has anything else, an update in it was not made by the rules. */
export const guards = 8

const coefficientBytes = 8
/** Bytes of one plaintext: u64 little-endian coefficients. */
export const plainBytes = He.degree * coefficientBytes

/** Plaintexts, and so ciphertexts, of an update with this many parameters. */
export function count(parameters: number, he: He.Parameters): number {
  return Math.ceil((parameters + guards) / perPlain(he))
}

/**
 * Value i lies in plaintext ⌊i ÷ (fields · n)⌋, coefficients in order, and within a coefficient from the lowest field
 * up. What is left of the last plaintext, at least the guards, is zero.
 */
export function pack(values: Uint32Array, he: He.Parameters): readonly Uint8Array<ArrayBuffer>[] {
  const fields = fieldsOf(he)
  const scale = 2 ** he.fieldBits
  const highest = 2 ** he.valueBits - 1
  const plains: Uint8Array<ArrayBuffer>[] = []
  let next = 0
  for (let index = count(values.length, he); index > 0; index--) {
    const words = new DataView(new ArrayBuffer(plainBytes))
    for (let coefficient = 0; coefficient < He.degree && next < values.length; coefficient++) {
      let word = 0
      for (let field = 0, place = 1; field < fields && next < values.length; field++, next++) {
        const value = values[next] ?? 0
        if (value > highest) throw new ValueError(next, value, he.valueBits)
        word += value * place
        place *= scale
      }
      words.setUint32(coefficient * coefficientBytes, word % 0x1_0000_0000, true)
      words.setUint32(coefficient * coefficientBytes + 4, Math.floor(word / 0x1_0000_0000), true)
    }
    plains.push(new Uint8Array(words.buffer))
  }
  return plains
}

/** The fields of summed plaintexts, in the order of `pack`; refuses a sum whose guards are not zero. */
export function unpack(
  plains: readonly Uint8Array[],
  parameters: number,
  he: He.Parameters,
): Uint32Array<ArrayBuffer> {
  if (plains.length !== count(parameters, he) || plains.some((plain) => plain.length !== plainBytes))
    throw new LengthError(plains.length, count(parameters, he))
  const fields = fieldsOf(he)
  const scale = 2 ** he.fieldBits
  const sums = new Uint32Array(parameters)
  let next = 0
  for (const plain of plains) {
    const words = new DataView(plain.buffer, plain.byteOffset, plainBytes)
    for (let offset = 0; offset < plainBytes; offset += coefficientBytes) {
      let word = words.getUint32(offset + 4, true) * 0x1_0000_0000 + words.getUint32(offset, true)
      for (let field = 0; field < fields; field++, next++) {
        const sum = word % scale
        word = (word - sum) / scale
        if (next < parameters) sums[next] = sum
        else if (sum !== 0) throw new GuardError(next - parameters)
      }
      if (word !== 0) throw new GuardError(next - parameters)
    }
  }
  return sums
}

function fieldsOf(he: He.Parameters): number {
  return Math.floor(He.plainBits / he.fieldBits)
}

function perPlain(he: He.Parameters): number {
  return fieldsOf(he) * He.degree
}

export class ValueError extends BaseError {
  override readonly name = 'Packing.ValueError'
  constructor(index: number, value: number, bits: number) {
    super({
      message: `Value ${index} is ${value}, which does not fit into ${bits} bits.`,
      advice: 'The update was not encrypted. Report this as a fault of the app.',
    })
  }
}

export class LengthError extends BaseError {
  override readonly name = 'Packing.LengthError'
  constructor(found: number, expected: number) {
    super({
      message: `A sum has ${found} plaintexts where the model needs ${expected}.`,
      advice: 'The round is discarded; the next one opens.',
    })
  }
}

export class GuardError extends BaseError {
  override readonly name = 'Packing.GuardError'
  constructor(position: number) {
    super({
      message: `A sum is not made of well-formed updates: guard ${position} is not zero.`,
      advice: 'The sum is discarded and its cohort is drawn anew; the next round opens.',
      safe: 'The model is as it was before the round. Everyone who delivered is paid.',
    })
  }
}
