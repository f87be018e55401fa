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

/** Words of both messages' states, one in each half of a vector. */
const a = (x: number, y: number) => local.vector + (x % 5) + 5 * (y % 5)
const b = (x: number, y: number) => a(0, 0) + 25 + (x % 5) + 5 * (y % 5)
const c = (x: number) => b(0, 0) + 25 + (x % 5)
const d = c(0) + 5
const vectors = d + 1 - local.vector

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
  for (let i = 0; i < 25; i++) {
    const at = a(i % 5, Math.floor(i / 5))
    const padding = i === lanes ? 1n : i === 16 ? -(2n ** 63n) : 0n
    if (i >= lanes) code.push(...twice(padding), ...set(at))
    else {
      code.push(...get(local.from), ...get(local.from), ...op.loadLower(8 * i))
      code.push(...op.loadUpper(8 * (lanes + i)), ...set(at))
    }
  }
  code.push(...until(8 * rounds, 8, permutation()))
  for (let i = 0; i < digestLanes; i++) {
    code.push(...get(local.to), ...get(a(i, 0)), ...op.storeLower(8 * i))
    code.push(...get(local.to), ...get(a(i, 0)), ...op.storeUpper(8 * (digestLanes + i)))
  }
  code.push(...move(local.from, 16 * lanes), ...move(local.to, 16 * digestLanes))
  return whileCounting(2, code)
}

/** θ, ρ and π, χ, ι of one round. */
function permutation(): readonly number[] {
  const code: number[] = []
  for (let x = 0; x < 5; x++) {
    code.push(...get(a(x, 0)))
    for (let y = 1; y < 5; y++) code.push(...get(a(x, y)), ...op.xor)
    code.push(...set(c(x)))
  }
  const turns = rotations()
  for (let x = 0; x < 5; x++) {
    code.push(...get(c(x + 4)), ...rotated(c(x + 1), 1), ...op.xor, ...set(d))
    for (let y = 0; y < 5; y++) {
      code.push(...get(a(x, y)), ...get(d), ...op.xor, ...set(a(x, y)))
      code.push(...rotated(a(x, y), turns[x + 5 * y] ?? 0), ...set(b(y, 2 * x + 3 * y)))
    }
  }
  for (let y = 0; y < 5; y++)
    for (let x = 0; x < 5; x++) {
      code.push(...get(b(x, y)), ...get(b(x + 2, y)), ...get(b(x + 1, y)), ...op.without, ...op.xor)
      code.push(...set(a(x, y)))
    }
  code.push(...get(a(0, 0)), ...get(local.spare), ...op.loadTwice(constantsAt), ...op.xor, ...set(a(0, 0)))
  return code
}

/** Both words turned left by so many bits: whole bytes in one move. */
function rotated(vector: number, bits: number): readonly number[] {
  if (bits === 0) return get(vector)
  if (bits % 8 === 0) {
    const order = Array.from({ length: 16 }, (_, i) => (i & 8) | ((i - bits / 8) & 7))
    return [...get(vector), ...twice(0n), ...op.shuffle(order)]
  }
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
