// One ciphertext as it travels: the bare words of two polynomials, checked, added, and committed to by a Merkle root.
import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js'
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
const nodeBytes = 32

/** A word with its path to the root: the partner on each level, leaves first. */
export type Proven = { readonly word: Hex; readonly proof: readonly Hex[] }

type Level = { readonly nodes: Uint8Array<ArrayBuffer>; readonly padding: Uint8Array }

/** Refuses bytes that cannot be a ciphertext of these parameters, or that hide nothing (c1 = 0). */
export function assert(words: Uint8Array, index = 0): void {
  if (words.length !== bytes) throw new StructureError(index, `it has ${words.length} of ${bytes} bytes`)
  const lanes = lanesOf(words)
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
  const lanes = lanesOf(words)
  const packed = new DataView(new ArrayBuffer(packedBytes))
  for (let from = 0, to = 0; from < bytes; from += 16, to += 15) {
    const low = lanes.getUint32(from + 8, true)
    const high = lanes.getUint32(from + 12, true)
    packed.setUint32(to, lanes.getUint32(from, true), true)
    packed.setUint32(to + 4, lanes.getUint32(from + 4, true) | (low << 28), true)
    packed.setUint32(to + 8, (low >>> 4) | (high << 28), true)
    packed.setUint16(to + 12, high >>> 4, true)
    packed.setUint8(to + 14, high >>> 20)
  }
  return new Uint8Array(packed.buffer)
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
  const left = lanesOf(a)
  const right = lanesOf(b)
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
  let top = new Uint8Array()
  for (const level of levels(ciphertexts)) top = level.nodes
  return hex(top)
}

/** Shows one word under `root`: its partners from the leaf up. */
export function prove(ciphertexts: readonly Uint8Array[], index: number): Proven {
  const perCiphertext = wordsOf(1)
  const words = ciphertexts[Math.floor(index / perCiphertext)]
  if (!isWord(index, ciphertexts.length) || words === undefined)
    throw new WordError(index, wordsOf(ciphertexts.length))
  const proof: Hex[] = []
  let place = index
  for (const { nodes, padding } of levels(ciphertexts)) {
    if (nodes.length === nodeBytes) break
    const from = (place ^ 1) * nodeBytes
    proof.push(hex(from < nodes.length ? nodes.subarray(from, from + nodeBytes) : padding))
    place >>= 1
  }
  return { word: hex(wordAt(words, index % perCiphertext)), proof }
}

/** Whether `word` is the one with this index of an update of so many ciphertexts with this root. */
export function verify(root: Hex, ciphertexts: number, index: number, { word, proof }: Proven): boolean {
  if (!isWord(index, ciphertexts) || proof.length !== Math.ceil(Math.log2(wordsOf(ciphertexts)))) return false
  if (word.length !== 2 + 2 * leafBytes) return false
  const top = proof.reduce(
    (node, partner, level) => {
      const other = hexToBytes(partner.slice(2))
      return keccak_256((index >> level) & 1 ? concatBytes(other, node) : concatBytes(node, other))
    },
    keccak_256(hexToBytes(word.slice(2))),
  )
  return hex(top) === root
}

/** Index of the first word of `sum` that is not what the updates add up to modulo q; none where all are right. */
export function wrongWord(
  updates: readonly (readonly Uint8Array[])[],
  sum: readonly Uint8Array[],
): number | undefined {
  const all = [sum, ...updates]
  all.forEach(assertLengths)
  for (const update of all)
    if (update.length !== sum.length)
      throw new StructureError(update.length, `updates have ${update.length} and ${sum.length} ciphertexts`)
  for (let index = 0; index < sum.length; index++) {
    const [total, ...parts] = all.map((update) => lanesOf(update[index] ?? new Uint8Array(bytes)))
    for (let offset = 0; offset < bytes; offset += laneBytes) {
      let low = 0
      let high = 0
      for (const part of parts) {
        low += part.getUint32(offset, true)
        high += part.getUint32(offset + 4, true)
      }
      if (((BigInt(high) << 32n) + BigInt(low)) % He.q !== total?.getBigUint64(offset, true))
        return wordsOf(index) + Math.floor(offset / leafBytes)
    }
  }
  return undefined
}

/** The first word of a sum that is wrong, and the same word of each update. */
export type Wrong = {
  readonly index: number
  readonly sum: Proven
  readonly updates: readonly Proven[]
}

/** Shows what is wrong with `sum`; undefined where nothing is. */
export function proveWrong(
  updates: readonly (readonly Uint8Array[])[],
  sum: readonly Uint8Array[],
): Wrong | undefined {
  const index = wrongWord(updates, sum)
  if (index === undefined) return undefined
  return { index, sum: prove(sum, index), updates: updates.map((update) => prove(update, index)) }
}

/** Words of so many ciphertexts. */
function wordsOf(ciphertexts: number): number {
  return ciphertexts * (bytes / leafBytes)
}

function isWord(index: number, ciphertexts: number): boolean {
  return Number.isInteger(index) && index >= 0 && index < wordsOf(ciphertexts)
}

/** The tree, from the hashes of leaves up to the root; `padding` stands for every node after the last. */
function* levels(ciphertexts: readonly Uint8Array[]): Generator<Level> {
  assertLengths(ciphertexts)
  if (ciphertexts.length === 0) throw new StructureError(0, 'there are no ciphertexts')
  const perCiphertext = wordsOf(1)
  let nodes = new Uint8Array(wordsOf(ciphertexts.length) * nodeBytes)
  ciphertexts.forEach((words, index) => {
    for (let leaf = 0; leaf < perCiphertext; leaf++)
      nodes.set(keccak_256(wordAt(words, leaf)), (wordsOf(index) + leaf) * nodeBytes)
  })
  let padding = keccak_256(new Uint8Array(leafBytes))
  yield { nodes, padding }
  const pair = new Uint8Array(2 * nodeBytes)
  while (nodes.length > nodeBytes) {
    const above = new Uint8Array(Math.ceil(nodes.length / pair.length) * nodeBytes)
    for (let from = 0, to = 0; from < nodes.length; from += pair.length, to += nodeBytes) {
      const children = nodes.subarray(from, from + pair.length)
      pair.set(children)
      if (children.length < pair.length) pair.set(padding, nodeBytes)
      above.set(keccak_256(pair), to)
    }
    nodes = above
    padding = keccak_256(concatBytes(padding, padding))
    yield { nodes, padding }
  }
}

/** Four coefficients, each turned to big-endian. */
function wordAt(words: Uint8Array, leaf: number): Uint8Array {
  const word = new Uint8Array(leafBytes)
  for (let i = 0; i < leafBytes; i++) word[i] = words[leaf * leafBytes + (i ^ 7)] ?? 0
  return word
}

function assertLengths(ciphertexts: readonly Uint8Array[]): void {
  ciphertexts.forEach((words, index) => {
    if (words.length !== bytes) throw new StructureError(index, `it has ${words.length} of ${bytes} bytes`)
  })
}

function lanesOf(words: Uint8Array): DataView {
  return new DataView(words.buffer, words.byteOffset, bytes)
}

function hex(digest: Uint8Array): Hex {
  return `0x${bytesToHex(digest)}`
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

export class WordError extends BaseError {
  override readonly name = 'Ciphertext.WordError'
  constructor(index: number, words: number) {
    super({
      message: `There is no word ${index}: these ciphertexts have ${words}.`,
      advice: `Ask for a word from 0 to ${words - 1}.`,
    })
  }
}
