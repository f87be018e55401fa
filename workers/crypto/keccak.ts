// Keccak-256 of many short messages, two at a time: a WebAssembly module assembled here from the rules of FIPS 202. It
// hashes public bytes only; trees over ciphertexts would take many times as long without it.
import { assemble, get, local, move, number, op, set, twice, until, whileCounting } from './assembler.ts'

/** Messages from 0, digests from `middle`, both back to back; and the other way round. */
type Hasher = {
  readonly memory: Uint8Array<ArrayBuffer>
  /** Turns the bytes of `count` 64-bit words, an even number of them, the other way round. */
  turn(from: number, to: number, count: number): void
  /** Digests of `count` messages of 32 bytes. An odd count writes over one digest more. */
  hash32(from: number, to: number, count: number): void
  /** Digests of `count` messages of 64 bytes. An odd count writes over one digest more. */
  hash64(from: number, to: number, count: number): void
}

/** Bytes of the memory's two halves, each holding the leaves of one ciphertext. */
export const middle = 65_536
const constantsAt = 2 * middle
const rounds = 24
const digestLanes = 4
/** Of the 17 words of a block. */
const lastLane = 16
const all = Array.from({ length: 25 }, (_, lane) => lane)
const turns = rotations()

/** A word of both messages in each vector: two states that take turns, parities and effects of columns, one row. */
type State = (x: number, y: number) => number
const a: State = (x, y) => local.vector + x + 5 * y
const b: State = (x, y) => a(0, 5) + x + 5 * y
const c = (x: number) => b(0, 5) + (x % 5)
const d = (x: number) => c(0) + 5 + (x % 5)
const row = (x: number) => d(0) + 5 + (x % 5)
const vectors = row(0) + 5 - local.vector
const word = (state: State, lane: number) => state(lane % 5, Math.floor(lane / 5))

export function create(): Hasher {
  const routines = {
    turn: { vectors: 0, code: turning() },
    hash32: { vectors, code: hashing(4) },
    hash64: { vectors, code: hashing(8) },
  }
  const { memory, run } = assemble(routines, 3, { at: constantsAt, bytes: constants() })
  return { memory, turn: run('turn'), hash32: run('hash32'), hash64: run('hash64') }
}

function turning(): readonly number[] {
  const order = Array.from({ length: 16 }, (_, i) => i ^ 7)
  return whileCounting(2, [
    ...[...get(local.to), ...get(local.from), ...op.load, ...twice(0n), ...op.shuffle(order), ...op.store],
    ...[...move(local.from, 16), ...move(local.to, 16)],
  ])
}

/** Hashes messages of so many 64-bit words: one block each, since 17 fit. */
function hashing(lanes: number): readonly number[] {
  const code: number[] = []
  for (let i = 0; i < lanes; i++) {
    code.push(...get(local.from), ...get(local.from), ...op.loadLower(8 * i))
    code.push(...op.loadUpper(8 * (lanes + i)), ...set(word(a, i)))
  }
  code.push(...twice(1n), ...set(word(a, lanes)), ...twice(-(2n ** 63n)), ...set(word(a, lastLane)))
  const filled = [...all.slice(0, lanes + 1), lastLane]
  const constant = (index: number) => [...get(local.spare), ...op.loadTwice(constantsAt + 8 * index)]
  code.push(...round(a, b, [...number(0), ...op.loadTwice(constantsAt)], filled))
  const two = [...round(b, a, constant(1)), ...round(a, b, constant(2))]
  code.push(...until(8 * (rounds - 2), 16, two), ...round(b, a, constant(1)))
  for (let i = 0; i < digestLanes; i++) {
    code.push(...get(local.to), ...get(word(a, i)), ...op.storeLower(8 * i))
    code.push(...get(local.to), ...get(word(a, i)), ...op.storeUpper(8 * (digestLanes + i)))
  }
  code.push(...move(local.from, 16 * lanes), ...move(local.to, 16 * digestLanes))
  return whileCounting(2, code)
}

/**
 * θ, then ρ, π, χ and ι row by row, so that few vectors are in use at a time. Words that are not among `filled` are zero,
 * and what nobody reads of the last round the browser's compiler leaves out.
 */
function round(from: State, to: State, constant: readonly number[], filled = all): readonly number[] {
  const code: number[] = []
  for (let x = 0; x < 5; x++) {
    const column = filled.filter((lane) => lane % 5 === x)
    column.forEach((lane, i) => code.push(...get(word(from, lane)), ...(i === 0 ? [] : op.xor)))
    code.push(...set(c(x)))
  }
  for (let x = 0; x < 5; x++) code.push(...get(c(x + 4)), ...rotated(c(x + 1), 1), ...op.xor, ...set(d(x)))
  for (let y = 0; y < 5; y++) {
    for (let x = 0; x < 5; x++) {
      const lane = ((x + 3 * y) % 5) + 5 * x
      code.push(...get(d(lane)), ...(filled.includes(lane) ? [...get(word(from, lane)), ...op.xor] : []))
      code.push(...set(row(x)), ...rotated(row(x), turns[lane] ?? 0), ...set(row(x)))
    }
    for (let x = 0; x < 5; x++) {
      code.push(...get(row(x)), ...get(row(x + 2)), ...get(row(x + 1)), ...op.without, ...op.xor)
      code.push(...(x === 0 && y === 0 ? [...constant, ...op.xor] : []), ...set(to(x, y)))
    }
  }
  return code
}

/** Both words turned left by so many bits. */
function rotated(vector: number, bits: number): readonly number[] {
  if (bits === 0) return get(vector)
  const left = [...get(vector), ...number(bits), ...op.shiftLeft]
  return [...left, ...get(vector), ...number(64 - bits), ...op.shiftRightUnsigned, ...op.or]
}

function rotations(): readonly number[] {
  const turns = new Array<number>(25).fill(0)
  for (let t = 0, x = 1, y = 0; t < rounds; t++, [x, y] = [y, (2 * x + 3 * y) % 5])
    turns[x + 5 * y] = (((t + 1) * (t + 2)) / 2) % 64
  return turns
}

/** Of ι, little-endian: bits of a shift register. */
function constants(): readonly number[] {
  const words = new BigUint64Array(rounds)
  let register = 1
  for (let i = 0; i < rounds; i++)
    for (let j = 0; j < 7; j++) {
      if (register & 1) words[i] = (words[i] ?? 0n) ^ (1n << (2n ** BigInt(j) - 1n))
      register = (register << 1) ^ (register & 0x80 ? 0x171 : 0)
    }
  return [...new Uint8Array(words.buffer)]
}
