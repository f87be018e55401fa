import { keccak256, toHex } from 'viem'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import * as Ciphertext from './ciphertext.ts'
import * as He from './he.ts'

test('exports', () => {
  expect(Object.keys(Ciphertext).sort()).toMatchInlineSnapshot(`
    [
      "StructureError",
      "add",
      "assert",
      "bytes",
      "header",
      "pack",
      "packedBytes",
      "root",
      "sum",
      "unpack",
    ]
  `)
})

test('lanes add modulo q', () => {
  const edges = [0n, 1n, He.q - 1n, He.q >> 1n, (He.q >> 1n) + 1n, 0xffff_ffffn, 0x1_0000_0000n]
  const lane = fc.oneof(fc.constantFrom(...edges), fc.bigInt({ min: 0n, max: He.q - 1n }))
  fc.assert(
    fc.property(fc.array(fc.tuple(lane, lane), { minLength: 8, maxLength: 64 }), (lanes) => {
      const sum = Ciphertext.add(words(lanes.map(([a]) => a)), words(lanes.map(([, b]) => b)))
      const found = [...new BigUint64Array(sum.buffer)]
      expect(found.slice(0, lanes.length)).toEqual(lanes.map(([a, b]) => (a + b) % He.q))
    }),
  )
})

test('garbage is refused by what is wrong with it', () => {
  const good = words([1n], [1n])
  expect(() => Ciphertext.assert(good)).not.toThrow()
  expect(() => Ciphertext.assert(good.subarray(1), 3)).toThrow('Ciphertext 3 is malformed: it has 65535')
  expect(() => Ciphertext.assert(words([1n, He.q], [1n]))).toThrow('coefficient 1 is not below the modulus')
  expect(() => Ciphertext.assert(words([He.q - 1n], [He.q - 1n]))).not.toThrow()
  expect(() => Ciphertext.assert(words([1n << 63n], [1n]))).toThrow('coefficient 0')
  expect(() => Ciphertext.assert(words([5n], [0n]))).toThrow('second polynomial is zero')
})

test('a sum takes updates of one length, and never one that cancels out', () => {
  const good = words([1n], [1n])
  expect(Ciphertext.sum([[good], [good], [good]])[0]).toEqual(words([3n], [3n]))
  expect(() => Ciphertext.sum([])).toThrow(Ciphertext.StructureError)
  expect(() => Ciphertext.sum([[good], [good, good]])).toThrow('updates have 2 and 1 ciphertexts')
  expect(() => Ciphertext.sum([[good], [words([1n], [He.q - 1n])]])).toThrow('second polynomial is zero')
})

/** The definition, word by word, in bigints. */
function reference(ciphertexts: readonly Uint8Array<ArrayBuffer>[]): string {
  const lanes = ciphertexts.flatMap((each) => [...new BigUint64Array(each.buffer)])
  const leaves = lanes.length / 4
  let level = Array.from({ length: 2 ** Math.ceil(Math.log2(leaves)) }, (_, index) => {
    const four = lanes.slice(index * 4, index * 4 + 4)
    return keccak256(
      `0x${four.length === 0 ? '0'.repeat(64) : four.map((n) => toHex(n, { size: 8 }).slice(2)).join('')}`,
    )
  })
  while (level.length > 1)
    level = level.flatMap((left, i) =>
      i % 2 === 0 ? [keccak256(`${left}${(level[i + 1] ?? '').slice(2)}` as never)] : [],
    )
  return level[0] ?? ''
}

test.each([1, 2, 3])('the root of %i ciphertexts follows the definition', (count) => {
  const ciphertexts = Array.from({ length: count }, (_, k) =>
    words(
      Array.from({ length: 4096 }, (_, i) => BigInt(i * 31 + k) ** 4n % He.q),
      Array.from({ length: 4096 }, (_, i) => BigInt(i * 17 + k + 1) ** 4n % He.q),
    ),
  )
  expect(Ciphertext.root(ciphertexts)).toBe(reference(ciphertexts))
})

test('the root of known words is a vector for other implementations', () => {
  const first = words([1n, 2n, 3n, 4n], [5n])
  expect(Ciphertext.root([first])).toMatchInlineSnapshot(
    `"0xf5978849fbb2124f259aed4cc2dbc083a36578a7e5b6c30536314448a1202264"`,
  )
  expect(Ciphertext.root([first, first, first])).toMatchInlineSnapshot(
    `"0xc75c0b8f20a87fb486f4398fdf5b6e4d2c4b78c2890d6263a59de4a56b19b6cf"`,
  )
})

test('the root changes with any byte and with the order', () => {
  const a = words([1n], [2n])
  const b = words([3n], [4n])
  expect(Ciphertext.root([a, b])).not.toBe(Ciphertext.root([b, a]))
  const root = Ciphertext.root([a])
  fc.assert(
    fc.property(fc.integer({ min: 0, max: Ciphertext.bytes - 1 }), (at) => {
      const changed = a.slice()
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(Ciphertext.root([changed])).not.toBe(root)
    }),
    { numRuns: 5 },
  )
  expect(() => Ciphertext.root([])).toThrow(Ciphertext.StructureError)
})

test('packing keeps every coefficient and takes 15 of 16 bytes', () => {
  const coefficient = fc.bigInt({ min: 0n, max: He.q - 1n })
  const pair = fc.tuple(coefficient, coefficient)
  fc.assert(
    fc.property(fc.array(pair, { maxLength: 40 }), (pairs) => {
      const whole = words(
        pairs.map(([a]) => a),
        [1n, ...pairs.map(([, b]) => b)],
      )
      const packed = Ciphertext.pack(whole)
      expect(packed.length).toBe(61_440)
      expect(Ciphertext.unpack(packed)).toEqual(whole)
    }),
    { numRuns: 20 },
  )
})

test('unpacking refuses another length and coefficients of q or more', () => {
  const packed = Ciphertext.pack(words([He.q - 1n], [1n]))
  expect(() => Ciphertext.unpack(packed.subarray(1))).toThrow(/61439 of 61440/)
  packed.fill(0xff, 0, 15)
  expect(() => Ciphertext.unpack(packed, 2)).toThrow(/Ciphertext 2 is malformed: coefficient 0/)
})

function words(first: readonly bigint[], second: readonly bigint[] = []): Uint8Array<ArrayBuffer> {
  const lanes = new BigUint64Array(8192)
  lanes.set(first)
  lanes.set(second, 4096)
  return new Uint8Array(lanes.buffer)
}
