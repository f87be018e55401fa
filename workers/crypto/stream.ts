// Masks as numbers: AES-256 in counter mode over zeros, 8 bytes little-endian to a coefficient, of which 44 bits count.
import * as He from '../../protocol/he.ts'
import * as Packing from '../../protocol/packing.ts'

/** A key that makes one stream, ever, and what becomes of its numbers. */
export type Mask = { readonly key: Uint8Array<ArrayBuffer>; readonly sign: 'add' | 'subtract' }

const blockBytes = 16
/** Plaintexts masked at a time: a mebibyte of each stream. */
const atOnce = 32
/** Of the upper of a coefficient's two 32-bit words. WebAssembly and all its hosts are little-endian. */
const upperBits = 2 ** (He.plainBits - 32) - 1

/** Plaintexts (`Packing.plainBytes` each) with all masks added or subtracted modulo 2^44, coefficient by coefficient. */
export async function apply(
  plains: readonly Uint8Array[],
  masks: readonly Mask[],
): Promise<readonly Uint8Array<ArrayBuffer>[]> {
  const keys = await Promise.all(
    masks.map(({ key }) => crypto.subtle.importKey('raw', key, 'AES-CTR', false, ['encrypt'])),
  )
  const masked = plains.map((plain) => new Uint8Array(plain))
  const zeros = new Uint8Array(Math.min(atOnce, plains.length) * Packing.plainBytes)
  for (let first = 0; first < masked.length; first += atOnce) {
    const part = masked.slice(first, first + atOnce)
    for (const [i, key] of keys.entries()) {
      const counter = new Uint8Array(blockBytes)
      new DataView(counter.buffer).setUint32(12, (first * Packing.plainBytes) / blockBytes)
      const input = zeros.subarray(0, part.length * Packing.plainBytes)
      const stream = await crypto.subtle.encrypt({ name: 'AES-CTR', counter, length: 64 }, key, input)
      const combine = masks[i]?.sign === 'add' ? add : subtract
      part.forEach((plain, at) => {
        const length = Packing.plainBytes / 4
        combine(new Uint32Array(plain.buffer), new Uint32Array(stream, at * Packing.plainBytes, length))
      })
    }
  }
  return masked
}

function add(words: Uint32Array, mask: Uint32Array): void {
  for (let i = 0; i < words.length; i += 2) {
    const low = (words[i] ?? 0) + (mask[i] ?? 0)
    const carry = low > 0xffff_ffff ? 1 : 0
    words[i] = low
    words[i + 1] = ((words[i + 1] ?? 0) + (mask[i + 1] ?? 0) + carry) & upperBits
  }
}

function subtract(words: Uint32Array, mask: Uint32Array): void {
  for (let i = 0; i < words.length; i += 2) {
    const low = (words[i] ?? 0) - (mask[i] ?? 0)
    const borrow = low < 0 ? 1 : 0
    words[i] = low
    words[i + 1] = ((words[i + 1] ?? 0) - (mask[i + 1] ?? 0) - borrow) & upperBits
  }
}
