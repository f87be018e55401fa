// One ciphertext as it travels: the bare words of two polynomials, checked, added, and committed to by a Merkle root.
import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import type { Hex } from './codec.ts'
import { BaseError } from './errors.ts'
import * as He from './he.ts'

const laneBytes = 8
const polynomialBytes = He.degree * laneBytes
/** Two polynomials of u64 little-endian coefficients. */
export const bytes = 2 * polynomialBytes

/** On the wire: coefficients are below 2^60, so two of them travel in 15 bytes. */
export const packedBytes = (bytes / 16) * 15

const qLow = Number(He.q & 0xffff_ffffn)
const qHigh = Number(He.q >> 32n)

/** A Merkle leaf covers four coefficients. */
const leafBytes = 4 * laneBytes

/** Refuses bytes that cannot be a ciphertext of these parameters, or that hide nothing (c1 = 0). */
export function assert(words: Uint8Array, index = 0): void {
  if (words.length !== bytes) throw new StructureError(index, `it has ${words.length} of ${bytes} bytes`)
  const lanes = new DataView(words.buffer, words.byteOffset, bytes)
  let second = 0
  for (let offset = 0; offset < bytes; offset += laneBytes) {
    const low = lanes.getUint32(offset, true)
    const high = lanes.getUint32(offset + 4, true)
    if (high > qHigh || (high === qHigh && low >= qLow))
      throw new StructureError(index, `coefficient ${offset / laneBytes} is not below the modulus`)
    if (offset >= polynomialBytes) second |= low | high
  }
  if (second === 0) throw new StructureError(index, 'its second polynomial is zero')
}

/** 60 of each word's 64 bits: low to high, the first of a pair of coefficients below the second. */
export function pack(words: Uint8Array): Uint8Array<ArrayBuffer> {
  assert(words)
  const packed = new Uint8Array(packedBytes)
  for (let from = 0, to = 0; from < bytes; from += 16, to += 15) {
    for (let i = 0; i < 7; i++) packed[to + i] = words[from + i] ?? 0
    packed[to + 7] = (words[from + 7] ?? 0) | ((words[from + 8] ?? 0) << 4)
    for (let i = 8; i < 15; i++)
      packed[to + i] = ((words[from + i] ?? 0) >> 4) | ((words[from + i + 1] ?? 0) << 4)
  }
  return packed
}

/** The words of `pack`; refuses another length and what `assert` refuses. */
export function unpack(packed: Uint8Array, index = 0): Uint8Array<ArrayBuffer> {
  if (packed.length !== packedBytes)
    throw new StructureError(index, `it has ${packed.length} of ${packedBytes} packed bytes`)
  const words = new Uint8Array(bytes)
  for (let from = 0, to = 0; to < bytes; from += 15, to += 16) {
    for (let i = 0; i < 7; i++) words[to + i] = packed[from + i] ?? 0
    words[to + 7] = (packed[from + 7] ?? 0) & 15
    for (let i = 8; i < 15; i++)
      words[to + i] = ((packed[from + i - 1] ?? 0) >> 4) | ((packed[from + i] ?? 0) << 4)
    words[to + 15] = (packed[from + 14] ?? 0) >> 4
  }
  assert(words, index)
  return words
}

/** Coefficient-wise sum modulo q. Both must have passed `assert`. */
export function add(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const left = new DataView(a.buffer, a.byteOffset, bytes)
  const right = new DataView(b.buffer, b.byteOffset, bytes)
  const sum = new DataView(new ArrayBuffer(bytes))
  for (let offset = 0; offset < bytes; offset += laneBytes) {
    let low = left.getUint32(offset, true) + right.getUint32(offset, true)
    let high = left.getUint32(offset + 4, true) + right.getUint32(offset + 4, true)
    if (low > 0xffff_ffff) {
      low -= 0x1_0000_0000
      high += 1
    }
    if (high > qHigh || (high === qHigh && low >= qLow)) {
      low -= qLow
      high -= qHigh
      if (low < 0) {
        low += 0x1_0000_0000
        high -= 1
      }
    }
    sum.setUint32(offset, low, true)
    sum.setUint32(offset + 4, high, true)
  }
  return new Uint8Array(sum.buffer)
}

/** Sums of updates, ciphertext by ciphertext; checks all of them and the result. */
export function sum(updates: readonly (readonly Uint8Array[])[]): readonly Uint8Array[] {
  const [first, ...rest] = updates
  if (first === undefined || first.length === 0) throw new StructureError(0, 'there is nothing to add')
  for (const update of updates) {
    if (update.length !== first.length)
      throw new StructureError(update.length, `updates have ${update.length} and ${first.length} ciphertexts`)
    update.forEach(assert)
  }
  const total = first.map((words, index) =>
    rest.reduce((before: Uint8Array, update) => add(before, update[index] ?? words), words),
  )
  total.forEach(assert)
  return total
}

/**
 * Root of the tree over an update's words. Word ciphertext · 2048 + polynomial · 1024 + ⌊coefficient ÷ 4⌋ holds four
 * coefficients, each as 8 big-endian bytes; words after the last are 32 zero bytes up to a power of two. A leaf is the
 * keccak of its word, a node the keccak of its left and right child.
 */
export function root(ciphertexts: readonly Uint8Array[]): Hex {
  ciphertexts.forEach((words, index) => {
    if (words.length !== bytes) throw new StructureError(index, `it has ${words.length} of ${bytes} bytes`)
  })
  const perCiphertext = bytes / leafBytes
  const leaves = ciphertexts.length * perCiphertext
  if (leaves === 0) throw new StructureError(0, 'there are no ciphertexts')
  let level = new Uint8Array(leaves * 32)
  const word = new Uint8Array(leafBytes)
  ciphertexts.forEach((words, index) => {
    for (let leaf = 0; leaf < perCiphertext; leaf++) {
      for (let i = 0; i < leafBytes; i++) word[i] = words[leaf * leafBytes + (i ^ 7)] ?? 0
      level.set(keccak_256(word), (index * perCiphertext + leaf) * 32)
    }
  })
  let padding = keccak_256(new Uint8Array(leafBytes))
  const pair = new Uint8Array(64)
  while (level.length > 32) {
    const parents = Math.ceil(level.length / 64)
    const above = new Uint8Array(parents * 32)
    for (let parent = 0; parent < parents; parent++) {
      const children = level.subarray(parent * 64, parent * 64 + 64)
      pair.set(children)
      if (children.length < 64) pair.set(padding, 32)
      above.set(keccak_256(pair), parent * 32)
    }
    pair.set(padding)
    pair.set(padding, 32)
    padding = keccak_256(pair)
    level = above
  }
  return `0x${bytesToHex(level)}`
}

/** What SEAL 4.1 writes before the words of an uncompressed, two-polynomial ciphertext of these parameters. */
export const header = hexToBytes(
  '5ea11004010000007100010000000000' + // magic, version, no compression, 65,649 bytes
    'c4f97b5cf0ef1cb436a606513e811f25' + // digest of the parameters
    '8958233c825ee8372989f79b7ece1c4d' +
    '00020000000000000000100000000000' + // coefficients not transformed, 2 polynomials, 4,096 coefficients
    '000100000000000000000000000000f0' + // 1 modulus, scale 1
    '3f01000000000000005ea11004010000' + // correction factor 1, then the array's own header
    '00180001000000000000200000000000' + // 65,560 bytes, 8,192 words
    '00',
)

export class StructureError extends BaseError {
  override readonly name = 'Ciphertext.StructureError'
  constructor(index: number, what: string) {
    super({
      message: `Ciphertext ${index} is malformed: ${what}.`,
      advice: 'It was refused. Its sender is faulty or its bytes were damaged on the way.',
    })
  }
}
