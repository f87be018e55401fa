import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import * as Exposure from './exposure.ts'

test('exports', () => {
  expect(Object.keys(Exposure)).toMatchInlineSnapshot(`
    [
      "chance",
    ]
  `)
})

test('known chances', () => {
  // Of four others two are drawn: both Sybils in one of six ways, at least one in five.
  expect(Exposure.chance({ honest: 2, sybils: 2 }, [3], 1)).toBeCloseTo(1 / 6, 12)
  expect(Exposure.chance({ honest: 2, sybils: 2 }, [3], 2)).toBeCloseTo(5 / 6, 12)
  // Cohorts of three and of two, by their places: 3/5 · 1/6 + 2/5 · 1/2.
  expect(Exposure.chance({ honest: 2, sybils: 2 }, [3, 2], 1)).toBeCloseTo(0.3, 12)
})

test('is the share of ways to draw that leave too few, counted exactly', () => {
  const choose = (n: number, k: number): bigint => {
    let ways = 1n
    for (let i = 0; i < k; i++) ways = (ways * BigInt(n - i)) / BigInt(i + 1)
    return ways
  }
  for (const [honest, sybils, size, wanted] of [
    [126, 127, 8, 1],
    [50, 200, 64, 12],
    [3, 12, 13, 3],
  ] as const) {
    let ways = 0n
    for (let j = 0; j < wanted; j++)
      if (size - 1 - j <= sybils) ways += choose(honest, j) * choose(sybils, size - 1 - j)
    const exact = Number((ways * 10n ** 15n) / choose(honest + sybils, size - 1)) / 1e15
    expect(Exposure.chance({ honest, sybils }, [size], wanted)).toBeCloseTo(exact, 12)
  }
})

test('nobody is alone without Sybils, and everybody where all others are', () => {
  expect(Exposure.chance({ honest: 9, sybils: 0 }, [5, 5], 2)).toBe(0)
  expect(Exposure.chance({ honest: 0, sybils: 9 }, [5, 5], 1)).toBe(1)
  expect(Exposure.chance({ honest: 1, sybils: 9 }, [11], 2)).toBe(1)
})

test('is a probability, and grows with the Sybils and with what is wanted', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 200 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 1, max: 64 }),
      fc.integer({ min: 1, max: 12 }),
      (others, share, size, wanted) => {
        const sybils = Math.floor(share * others)
        const sizes = [Math.min(size, others + 1)]
        const at = (count: number, least: number) =>
          Exposure.chance({ honest: others - count, sybils: count }, sizes, least)
        const found = at(sybils, wanted)
        expect(found).toBeGreaterThanOrEqual(0)
        expect(found).toBeLessThanOrEqual(1)
        expect(at(sybils, wanted + 1)).toBeGreaterThanOrEqual(found)
        if (sybils > 0) expect(at(sybils - 1, wanted)).toBeLessThanOrEqual(found + 1e-12)
      },
    ),
  )
})
