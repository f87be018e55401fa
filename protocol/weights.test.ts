// Weights come back from their bytes to the bit, whichever machine wrote them.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import * as Weights from './weights.ts'

test('exports', () => {
  expect(Object.keys(Weights)).toMatchInlineSnapshot(`
    [
      "toBytes",
      "fromBytes",
    ]
  `)
})

test('are little-endian float32', () => {
  const bytes = Weights.toBytes(Float32Array.of(1, -2.5, 2 ** -149))
  expect([...bytes]).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0, 1, 0, 0, 0])
})

test('come back as they were, also from the middle of a buffer', () => {
  fc.assert(
    fc.property(fc.float32Array(), fc.nat(9), (weights, before) => {
      const bytes = Weights.toBytes(new Float32Array(weights))
      expect(bytes.length).toBe(4 * weights.length)
      expect(Weights.fromBytes(bytes)).toEqual(new Float32Array(weights))
      const within = new Uint8Array(before + bytes.length)
      within.set(bytes, before)
      expect(Weights.fromBytes(within.subarray(before))).toEqual(new Float32Array(weights))
    }),
  )
})

test('leave out what is no whole value', () => {
  const bytes = Weights.toBytes(Float32Array.of(1, 2))
  for (const cut of [1, 2, 3]) expect([...Weights.fromBytes(bytes.subarray(0, 8 - cut))]).toEqual([1])
  expect(Weights.fromBytes(new Uint8Array())).toHaveLength(0)
})
