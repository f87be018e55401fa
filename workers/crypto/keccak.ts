// Keccak-256 of many short messages at once: a WebAssembly module of two functions, assembled here from the rules of
// FIPS 202. It hashes public bytes only; trees over ciphertexts would take ten times as long without it.

type Hasher = {
  /** Messages from 0, digests from `middle`, both back to back; and the other way round. */
  readonly memory: Uint8Array<ArrayBuffer>
  /** Digests of `count` messages of 32 bytes. */
  hash32(from: number, to: number, count: number): void
  /** Digests of `count` messages of 64 bytes. */
  hash64(from: number, to: number, count: number): void
}

/** Bytes of the memory's two halves, each holding the leaves of one ciphertext. */
export const middle = 65_536
const constantsAt = 2 * middle
const rounds = 24

const op = { loop: 0x03, end: 0x0b, branchIf: 0x0d, get: 0x20, set: 0x21, i64: 0x7e, i32: 0x7f } as const
const math = { addI32: 0x6a, subI32: 0x6b, lessI32: 0x49, and: 0x83, xor: 0x85, rotl: 0x89 } as const

const [from, to, count, round] = [0, 1, 2, 3]
const a = (x: number, y: number) => 4 + (x % 5) + 5 * (y % 5)
const b = (x: number, y: number) => 29 + (x % 5) + 5 * (y % 5)
const c = (x: number) => 54 + (x % 5)
const d = 59

export function create(): Hasher {
  const exports = new WebAssembly.Instance(new WebAssembly.Module(assembled())).exports
  const { memory, hash32, hash64 } = exports
  if (!(memory instanceof WebAssembly.Memory)) throw new Error('The hasher has no memory.')
  return { memory: new Uint8Array(memory.buffer), hash32: callable(hash32), hash64: callable(hash64) }
}

function callable(exported: unknown): (from: number, to: number, count: number) => void {
  if (typeof exported !== 'function') throw new Error('The hasher has no function.')
  return (...given) => void Reflect.apply(exported, undefined, given)
}

function assembled(): Uint8Array<ArrayBuffer> {
  const name = (text: string) => [text.length, ...new TextEncoder().encode(text)]
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 3, op.i32, op.i32, op.i32, 0]),
    ...section(3, [2, 0, 0]),
    ...section(5, [1, 0, 3]),
    ...section(7, [3, ...name('memory'), 2, 0, ...name('hash32'), 0, 0, ...name('hash64'), 0, 1]),
    ...section(10, [2, ...sized(body(4)), ...sized(body(8))]),
    ...section(11, [1, 0, 0x41, ...signed(constantsAt), op.end, ...sized(constants())]),
  ])
}

/** Hashes `count` messages of so many 64-bit lanes: one block each, since 17 lanes fit. */
function body(lanes: number): readonly number[] {
  const code = [2, 1, op.i32, 56, op.i64, op.loop, 0x40]
  for (let i = 0; i < 25; i++) {
    const [x, y] = [i % 5, Math.floor(i / 5)]
    const padding = i === lanes ? [1] : i === 16 ? signed(-(2n ** 63n)) : [0]
    code.push(...(i < lanes ? [op.get, from, 0x29, 3, 8 * i] : [0x42, ...padding]), op.set, a(x, y))
  }
  code.push(0x41, 0, op.set, round, op.loop, 0x40, ...permutation())
  code.push(op.get, round, 0x41, 8, math.addI32, 0x22, round)
  code.push(0x41, ...signed(8 * rounds), math.lessI32, op.branchIf, 0, op.end)
  for (let i = 0; i < 4; i++) code.push(op.get, to, op.get, a(i, 0), 0x37, 3, 8 * i)
  code.push(op.get, from, 0x41, ...signed(8 * lanes), math.addI32, op.set, from)
  code.push(op.get, to, 0x41, ...signed(32), math.addI32, op.set, to)
  code.push(op.get, count, 0x41, 1, math.subI32, 0x22, count, op.branchIf, 0, op.end, op.end)
  return code
}

/** θ, ρ and π, χ, ι of one round. */
function permutation(): readonly number[] {
  const code: number[] = []
  for (let x = 0; x < 5; x++) {
    code.push(op.get, a(x, 0))
    for (let y = 1; y < 5; y++) code.push(op.get, a(x, y), math.xor)
    code.push(op.set, c(x))
  }
  const turns = rotations()
  for (let x = 0; x < 5; x++) {
    code.push(op.get, c(x + 4), op.get, c(x + 1), 0x42, 1, math.rotl, math.xor, op.set, d)
    for (let y = 0; y < 5; y++) {
      code.push(op.get, a(x, y), op.get, d, math.xor)
      code.push(0x42, ...signed(turns[x + 5 * y] ?? 0), math.rotl, op.set, b(y, 2 * x + 3 * y))
    }
  }
  for (let y = 0; y < 5; y++)
    for (let x = 0; x < 5; x++) {
      code.push(op.get, b(x, y), op.get, b(x + 1, y), 0x42, ...signed(-1), math.xor)
      code.push(op.get, b(x + 2, y), math.and, math.xor, op.set, a(x, y))
    }
  code.push(op.get, a(0, 0), op.get, round, 0x29, 3, ...unsigned(constantsAt), math.xor, op.set, a(0, 0))
  return code
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

function section(id: number, content: readonly number[]): readonly number[] {
  return [id, ...sized(content)]
}

function sized(content: readonly number[]): readonly number[] {
  return [...unsigned(content.length), ...content]
}

/** LEB128. */
function unsigned(value: number): readonly number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)]
}

function signed(value: number | bigint): number[] {
  const bytes: number[] = []
  for (let rest = BigInt(value); ; rest >>= 7n) {
    const low = Number(rest & 127n)
    if (rest >= -64n && rest < 64n) return [...bytes, low]
    bytes.push(low | 128)
  }
}
