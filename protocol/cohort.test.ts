import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Address, Hex } from './codec.ts'
import * as Cohort from './cohort.ts'

const account = (at: number): Address => `0x${at.toString(16).padStart(40, '0')}`
const hash = (text: number): Hex => `0x${text.toString(16).padStart(64, '0')}`
const accounts = fc
  .integer({ min: 1, max: 254 })
  .map((n) => Array.from({ length: n }, (_, at) => account(at + 1)))
const rules = fc.record({
  largest: fc.constantFrom(4, 8, 16, 64),
  minCohort: fc.integer({ min: 3, max: 12 }),
  maxCohorts: fc.integer({ min: 1, max: 20 }),
})
const seeds = fc.nat().map(hash)

test('exports', () => {
  expect(Object.keys(Cohort)).toMatchInlineSnapshot(`
    [
      "largest",
      "seed",
      "draw",
      "countOf",
      "excluded",
    ]
  `)
})

describe('a draw', () => {
  test('puts nobody into two cohorts, and nobody in who is not enrolled', () => {
    fc.assert(
      fc.property(accounts, seeds, rules, (enrolled, seed, limits) => {
        const drawn = Cohort.draw(enrolled, seed, limits).flat()
        expect(new Set(drawn).size).toBe(drawn.length)
        expect(drawn.every((each) => enrolled.includes(each))).toBe(true)
      }),
    )
  })

  test('overfills no cohort, and makes a second one where the terms want it and both have twice the minimum', () => {
    fc.assert(
      fc.property(accounts, seeds, rules, (enrolled, seed, limits) => {
        const cohorts = Cohort.draw(enrolled, seed, limits)
        const sizes = cohorts.map(({ length }) => length)
        expect(cohorts.length).toBeLessThanOrEqual(limits.maxCohorts)
        expect(Math.max(...sizes)).toBeLessThanOrEqual(limits.largest)
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
        const each = Math.min(limits.largest, 2 * limits.minCohort)
        if (cohorts.length > 1) expect(Math.min(...sizes)).toBeGreaterThanOrEqual(each)
        else expect(enrolled.length < 4 * limits.minCohort || limits.maxCohorts === 1).toBe(true)
      }),
    )
  })

  test('leaves nobody out where there is room', () => {
    fc.assert(
      fc.property(accounts, seeds, rules, (enrolled, seed, limits) => {
        const cohorts = Cohort.draw(enrolled, seed, limits)
        const room = cohorts.length * limits.largest
        expect(cohorts.flat()).toHaveLength(Math.min(room, enrolled.length))
      }),
    )
  })

  test('does not depend on the order in which accounts are given', () => {
    fc.assert(
      fc.property(accounts, seeds, rules, (enrolled, seed, limits) => {
        expect(Cohort.draw(enrolled.toReversed(), seed, limits)).toEqual(Cohort.draw(enrolled, seed, limits))
      }),
    )
  })

  test('puts each provider with each other about equally often', () => {
    const enrolled = Array.from({ length: 12 }, (_, at) => account(at + 1))
    const limits = { largest: 64, minCohort: 3, maxCohorts: 9 }
    const met = new Map<Address, number>()
    const draws = 2000
    for (let at = 0; at < draws; at++) {
      const mine = Cohort.draw(enrolled, Cohort.seed(hash(7), hash(at)), limits).find((cohort) =>
        cohort.includes(account(1)),
      )
      for (const other of mine ?? []) met.set(other, (met.get(other) ?? 0) + 1)
    }
    met.delete(account(1))
    const expected = (draws * 5) / 11
    for (const count of met.values()) expect(Math.abs(count - expected)).toBeLessThan(5 * Math.sqrt(expected))
    expect(met.size).toBe(11)
  })

  test('is this one', () => {
    const enrolled = Array.from({ length: 7 }, (_, at) => account(at + 1))
    const drawn = Cohort.draw(enrolled, Cohort.seed(hash(1), hash(2)), {
      largest: 4,
      minCohort: 1,
      maxCohorts: 2,
    })
    expect(drawn.map((cohort) => cohort.map((each) => Number(each)))).toMatchInlineSnapshot(`
      [
        [
          1,
          2,
          3,
          6,
        ],
        [
          4,
          5,
          7,
        ],
      ]
    `)
  })
})

describe('a draw that suspects somebody', () => {
  /** Enrolled accounts with the failed epochs of each, running. */
  const suspected = accounts.chain((enrolled) =>
    fc
      .array(fc.nat(5), { minLength: enrolled.length, maxLength: enrolled.length })
      .map((runs) => ({ enrolled, suspicion: new Map(enrolled.map((each, at) => [each, runs[at] ?? 0])) })),
  )
  const spread = (counts: readonly number[]) => Math.max(...counts) - Math.min(...counts)

  test('parts all but the excluded into cohorts whose sizes and suspects differ by one at most', () => {
    fc.assert(
      fc.property(suspected, seeds, rules, ({ enrolled, suspicion }, seed, limits) => {
        const cohorts = Cohort.draw(enrolled, seed, limits, suspicion)
        const out = Cohort.excluded(enrolled, limits.minCohort, suspicion)
        const drawn = cohorts.flat()
        const there = enrolled.filter((each) => !out.includes(each))
        expect(new Set(drawn).size).toBe(drawn.length)
        expect(drawn.every((each) => there.includes(each))).toBe(true)
        expect(drawn).toHaveLength(Math.min(there.length, cohorts.length * limits.largest))
        expect(spread(cohorts.map(({ length }) => length))).toBeLessThanOrEqual(1)
        for (const least of [1, 2, 3, 4, 5]) {
          const isSuspect = (each: Address) => (suspicion.get(each) ?? 0) >= least
          expect(spread(cohorts.map((cohort) => cohort.filter(isSuspect).length))).toBeLessThanOrEqual(1)
        }
      }),
    )
  })

  test('excludes none with fewer than three failed epochs, one in four at most, and leaves a cohort', () => {
    fc.assert(
      fc.property(suspected, rules, ({ enrolled, suspicion }, { minCohort }) => {
        const out = Cohort.excluded(enrolled, minCohort, suspicion)
        expect(out.every((each) => (suspicion.get(each) ?? 0) >= 3)).toBe(true)
        expect(out.length).toBeLessThanOrEqual(enrolled.length / 4)
        expect(out.length === 0 || enrolled.length - out.length >= minCohort).toBe(true)
      }),
    )
  })

  test('excludes whoever is suspected as long as somebody who is excluded', () => {
    fc.assert(
      fc.property(suspected, rules, ({ enrolled, suspicion }, { minCohort }) => {
        const out = Cohort.excluded(enrolled, minCohort, suspicion)
        const runs = (each: Address) => suspicion.get(each) ?? 0
        const least = Math.min(...out.map(runs))
        expect(enrolled.filter((each) => runs(each) >= least)).toEqual(out)
      }),
    )
  })

  const eight = Array.from({ length: 8 }, (_, at) => account(at + 1))
  const runs = (of: Readonly<Record<number, number>>) =>
    new Map(Object.entries(of).map(([at, run]): [Address, number] => [account(Number(at)), run]))

  test.each<[string, Readonly<Record<number, number>>, readonly number[]]>([
    ['none after two failed epochs', { 1: 2 }, []],
    ['the one with three', { 1: 3, 2: 2 }, [1]],
    ['both with three', { 1: 3, 2: 3, 3: 1 }, [1, 2]],
    ['only the longest suspected where three are too many', { 1: 4, 2: 3, 3: 3 }, [1]],
    ['nobody where all were in every failed sum', { 1: 3, 2: 3, 3: 3, 4: 3, 5: 3, 6: 3, 7: 3, 8: 3 }, []],
  ])('excludes %s', (_, of, out) => {
    expect(Cohort.excluded(eight, 3, runs(of)).map(Number)).toEqual(out)
  })

  test('is the same as ever where nobody is suspected', () => {
    fc.assert(
      fc.property(accounts, seeds, rules, (enrolled, seed, limits) => {
        const calm = new Map(enrolled.map((each) => [each, 0]))
        expect(Cohort.draw(enrolled, seed, limits, calm)).toEqual(Cohort.draw(enrolled, seed, limits))
      }),
    )
  })

  test('is left to the block: each suspect meets each other one, and each innocent one, about equally often', () => {
    const enrolled = Array.from({ length: 12 }, (_, at) => account(at + 1))
    const limits = { largest: 6, minCohort: 3, maxCohorts: 9 }
    const suspicion = new Map(enrolled.slice(0, 6).map((each) => [each, 1]))
    const met = new Map<Address, number>()
    const draws = 2000
    for (let at = 0; at < draws; at++) {
      const seed = Cohort.seed(hash(9), hash(at))
      const mine = Cohort.draw(enrolled, seed, limits, suspicion).find((each) => each.includes(account(1)))
      for (const other of mine ?? []) met.set(other, (met.get(other) ?? 0) + 1)
    }
    for (const other of enrolled.slice(1)) {
      const expected = suspicion.has(other) ? (draws * 2) / 5 : draws / 2
      expect(Math.abs((met.get(other) ?? 0) - expected)).toBeLessThan(5 * Math.sqrt(expected))
    }
  })
})

test('a sum has room for as many as its fields carry, and 64 at most', () => {
  const room = (valueBits: number, fieldBits: number) => Cohort.largest({ valueBits, fieldBits })
  expect([room(16, 22), room(10, 14), room(8, 11), room(7, 22)]).toEqual([64, 16, 8, 64])
})
