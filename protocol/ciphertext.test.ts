import { concat, keccak256, numberToHex, toHex } from 'viem'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import * as Ciphertext from './ciphertext.ts'
import type { Hex } from './codec.ts'
import * as He from './he.ts'

test('exports', () => {
  expect(Object.keys(Ciphertext).sort()).toMatchInlineSnapshot(`
    [
      "StructureError",
      "WordError",
      "add",
      "assert",
      "bytes",
      "header",
      "pack",
      "packedBytes",
      "prove",
      "proveWrong",
      "root",
      "sum",
      "unpack",
      "verify",
      "wrongWord",
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

const grown = [1, 2, 3, 5].map((count) => {
  const ciphertexts = Array.from({ length: count }, (_, k) => varied(k))
  return { ciphertexts, root: Ciphertext.root(ciphertexts), words: 2048 * count }
})

test('any word of any number of ciphertexts is shown under their root, and nothing else is', () => {
  const pick = fc.constantFrom(...grown).chain((update) =>
    fc.record({
      update: fc.constant(update),
      index: fc.nat(update.words - 1),
      other: fc.nat(update.words - 1),
      level: fc.nat(100),
    }),
  )
  const property = fc.property(pick, ({ update: { ciphertexts, root, words }, index, other, level }) => {
    const count = ciphertexts.length
    const shown = Ciphertext.prove(ciphertexts, index)
    const { word, proof } = shown
    expect(word).toBe(wordOf(ciphertexts, index))
    expect(proof.length).toBe(Math.ceil(Math.log2(words)))
    expect(Ciphertext.verify(root, count, index, shown)).toBe(true)

    if (other !== index) expect(Ciphertext.verify(root, count, other, shown)).toBe(false)
    expect(Ciphertext.verify(root, count, index, { word: flipped(word), proof })).toBe(false)
    expect(Ciphertext.verify(root, count, index, { word, proof: proof.slice(1) })).toBe(false)
    expect(Ciphertext.verify(root, count, index, { word, proof: [...proof, root] })).toBe(false)
    const wrong = proof.map((node, at) => (at === level % proof.length ? flipped(node) : node))
    expect(Ciphertext.verify(root, count, index, { word, proof: wrong })).toBe(false)
    expect(Ciphertext.verify(flipped(root), count, index, shown)).toBe(false)
  })
  fc.assert(property, { numRuns: 12 })
})

test.each(grown)('the ends of $words words are shown, and no word beside them', (update) => {
  const { ciphertexts, root, words } = update
  for (const index of [0, words - 1])
    expect(Ciphertext.verify(root, ciphertexts.length, index, Ciphertext.prove(ciphertexts, index))).toBe(
      true,
    )
  for (const index of [-1, words, words + 1, 0.5, Number.NaN])
    expect(() => Ciphertext.prove(ciphertexts, index)).toThrow(Ciphertext.WordError)
  expect(() => Ciphertext.prove([], 0)).toThrow('There is no word 0')
})

test('neither a node nor padding passes for a word', () => {
  const [, , three] = grown
  if (three === undefined) throw new Error('there are three ciphertexts')
  const { ciphertexts, root } = three
  const { word, proof } = Ciphertext.prove(ciphertexts, 0)
  const [first, second, ...rest] = proof
  if (first === undefined || second === undefined) throw new Error('the tree is deep')
  const pair = concat([keccak256(word), first])
  for (const node of [pair, keccak256(pair)])
    expect(Ciphertext.verify(root, 3, 0, { word: node, proof: [second, ...rest] })).toBe(false)
  const padded = [...ciphertexts, words([])]
  const beyond = Ciphertext.prove(padded, 3 * 2048)
  expect(Ciphertext.root(padded)).toBe(root)
  expect(Ciphertext.verify(root, 4, 3 * 2048, beyond)).toBe(true)
  expect(Ciphertext.verify(root, 3, 3 * 2048, beyond)).toBe(false)
})

test('the first wrong word of a sum is found, whatever the lane', () => {
  const updates = [1, 2, 3].map((seed) => [varied(seed), varied(seed + 10)])
  const right = Ciphertext.sum(updates)
  expect(Ciphertext.wrongWord(updates, right)).toBeUndefined()
  const at = fc.integer({ min: 0, max: 2 * 8192 - 1 })
  const property = fc.property(at, at, (one, two) => {
    const lanes = right.map((each) => new BigUint64Array(each.slice().buffer))
    for (const lane of [one, two]) {
      const part = lanes[Math.floor(lane / 8192)]
      if (part !== undefined) part[lane % 8192] = ((part[lane % 8192] ?? 0n) + 1n) % He.q
    }
    const wrong = lanes.map((each) => new Uint8Array(each.buffer))
    expect(Ciphertext.wrongWord(updates, wrong)).toBe(Math.floor(Math.min(one, two) / 4))
  })
  fc.assert(property, { numRuns: 20 })
})

test('a coefficient of q or more is wrong in a sum, and counts modulo q in what was added', () => {
  const top = (1n << 64n) - 1n
  expect(Ciphertext.wrongWord([[words([He.q + 5n])]], [words([5n])])).toBeUndefined()
  expect(Ciphertext.wrongWord([[words([5n])]], [words([He.q + 5n])])).toBe(0)
  const many = Array.from({ length: 100 }, () => [words([top])])
  expect(Ciphertext.wrongWord(many, [words([(top * 100n) % He.q])])).toBeUndefined()
  expect(() => Ciphertext.wrongWord([[words([1n])]], [])).toThrow('updates have 1 and 0 ciphertexts')
  expect(() => Ciphertext.wrongWord([[new Uint8Array(3)]], [words([1n])])).toThrow(Ciphertext.StructureError)
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

/** Coefficients all over the range. */
function varied(seed: number): Uint8Array<ArrayBuffer> {
  return words(
    Array.from({ length: 4096 }, (_, i) => BigInt(i * 31 + seed + 1) ** 7n % He.q),
    Array.from({ length: 4096 }, (_, i) => BigInt(i * 17 + seed + 1) ** 7n % He.q),
  )
}

function wordOf(ciphertexts: readonly Uint8Array<ArrayBuffer>[], index: number): string {
  const lanes = ciphertexts.flatMap((each) => [...new BigUint64Array(each.buffer)])
  return concat(lanes.slice(index * 4, index * 4 + 4).map((lane) => toHex(lane, { size: 8 })))
}

/** The same with its last bit turned. */
function flipped(hex: Hex): Hex {
  return numberToHex(BigInt(hex) ^ 1n, { size: 32 })
}

function words(first: readonly bigint[], second: readonly bigint[] = []): Uint8Array<ArrayBuffer> {
  const lanes = new BigUint64Array(8192)
  lanes.set(first)
  lanes.set(second, 4096)
  return new Uint8Array(lanes.buffer)
}
