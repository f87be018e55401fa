import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import * as He from './he.ts'
import * as Packing from './packing.ts'

const layouts = [He.parametersFor(16, 64), He.parametersFor(8, 8), He.parametersFor(10, 16)]
const layout = fc.constantFrom(...layouts)

test('exports', () => {
  expect(Object.keys(Packing).sort()).toMatchInlineSnapshot(`
    [
      "GuardError",
      "LengthError",
      "ValueError",
      "count",
      "guards",
      "pack",
      "plainBytes",
      "unpack",
    ]
  `)
})

test('the demo’s model fills its ciphertexts to the last guard', () => {
  expect(Packing.count(32_760, He.parametersFor(16, 64))).toBe(4)
  expect(Packing.count(32_761, He.parametersFor(16, 64))).toBe(5)
  expect(Packing.count(32_760, He.parametersFor(8, 8))).toBe(2)
})

test('what is packed is unpacked', () => {
  fc.assert(
    fc.property(layout, fc.integer({ min: 1, max: 20_000 }), fc.integer(), (he, length, seed) => {
      const values = levels(length, he, seed)
      expect(Packing.unpack(Packing.pack(values, he), length, he)).toEqual(values)
    }),
    { numRuns: 25 },
  )
})

test('adding plaintexts adds every field, to the largest cohort of the largest values', () => {
  for (const he of layouts) {
    const providers = 2 ** (he.fieldBits - he.valueBits)
    const values = new Uint32Array(9000).fill(2 ** he.valueBits - 1)
    const sums = Packing.pack(values, he).map((plain) => {
      const words = new BigUint64Array(plain.buffer)
      return new Uint8Array(words.map((word) => (word * BigInt(providers)) % (1n << 44n)).buffer)
    })
    const unpacked = Packing.unpack(sums, values.length, he)
    expect(unpacked.every((sum) => sum === providers * (2 ** he.valueBits - 1))).toBe(true)
  }
})

test('anything but zero after the values is refused', () => {
  for (const he of layouts) {
    const plains = Packing.pack(levels(5, he, 1), he)
    const last = plains.at(-1)
    if (last === undefined) throw new Error('no plaintext')
    for (const byte of [Math.ceil(5 / Math.floor(44 / he.fieldBits)) * 8, Packing.plainBytes - 8, 5]) {
      const spoilt = last.slice()
      spoilt[byte] = (spoilt[byte] ?? 0) ^ (byte === 5 ? 0xf0 : 1)
      expect(() => Packing.unpack([spoilt], 5, he)).toThrow(Packing.GuardError)
    }
  }
})

test('values that do not fit and plaintexts that are missing are refused', () => {
  const he = He.parametersFor(8, 8)
  expect(() => Packing.pack(Uint32Array.of(256), he)).toThrow('Value 0 is 256')
  expect(() => Packing.unpack([], 5, he)).toThrow(Packing.LengthError)
  expect(() => Packing.unpack([new Uint8Array(8)], 5, he)).toThrow(Packing.LengthError)
})

function levels(length: number, he: He.Parameters, seed: number): Uint32Array<ArrayBuffer> {
  return Uint32Array.from({ length }, (_, i) => (Math.imul(i + 1, seed | 1) >>> 3) % 2 ** he.valueBits)
}
