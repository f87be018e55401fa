import { expect, test } from 'vitest'
import * as He from './he.ts'

test('exports', () => {
  expect(Object.keys(He).sort()).toMatchInlineSnapshot(`
    [
      "CapacityError",
      "ParametersError",
      "assertSummable",
      "assertSupported",
      "degree",
      "noiseMargin",
      "parametersFor",
      "plainBits",
      "q",
      "t",
    ]
  `)
})

test('the margin is what was measured: 17 standard deviations after 64 additions', () => {
  expect(He.noiseMargin(64)).toBeGreaterThan(17)
  expect(He.noiseMargin(64)).toBeLessThan(17.2)
  expect(He.noiseMargin(1)).toBeGreaterThan(130)
})

test('fields are as narrow as the cohort allows', () => {
  expect(He.parametersFor(16, 64)).toEqual({ n: 4096, q: He.q, t: He.t, valueBits: 16, fieldBits: 22 })
  expect(He.parametersFor(8, 8).fieldBits).toBe(11)
  expect(He.parametersFor(10, 16).fieldBits).toBe(14)
  const fieldsOf = (valueBits: number, providers: number) => {
    const { fieldBits } = He.parametersFor(valueBits, providers)
    return [Math.floor(He.plainBits / fieldBits), fieldBits]
  }
  expect(fieldsOf(7, 16)).toEqual([4, 11])
  expect(fieldsOf(8, 16)).toEqual([3, 14])
  expect(fieldsOf(8, 64)).toEqual([3, 14])
  expect(fieldsOf(4, 16)).toEqual([5, 8])
  expect(fieldsOf(16, 65)).toEqual([1, 32])
  expect(() => He.parametersFor(16, 400)).toThrow(He.CapacityError)
})

test('sums that could overflow, or drown in noise, are refused', () => {
  const eight = He.parametersFor(8, 8)
  expect(() => He.assertSummable(eight, 8)).not.toThrow()
  expect(() => He.assertSummable(eight, 9)).toThrow('fields of 11 bits hold 8 values')
  const wide = { ...eight, fieldBits: 22 }
  expect(() => He.assertSummable(wide, 280)).not.toThrow()
  expect(() => He.assertSummable(wide, 300)).toThrow('standard deviations')
  expect(() => He.assertSummable(wide, 0)).toThrow(He.CapacityError)
})

test.each([
  { t: 2 ** 40 },
  { q: 7n },
  { valueBits: 1 },
  { valueBits: 25 },
  { fieldBits: 7 },
  { fieldBits: 44 },
])('another scheme is refused: %o', (change) => {
  expect(() => He.assertSupported({ ...He.parametersFor(8, 8), ...change })).toThrow(He.ParametersError)
})
