import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as Record from '../record.ts'
import * as Survivors from './survivors.ts'

const of = (...seats: number[]) => Record.bitmapOf(seats)
const everyone = of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)

test('exports', () => {
  expect(Object.keys(Survivors)).toMatchInlineSnapshot(`
    [
      "choose",
      "chooseAll",
      "arePermitted",
      "isPermitted",
      "isolatesSomeone",
    ]
  `)
})

/** Whether small whole multiples of the sets add up to one provider alone: the plain search, for few sets. */
function isSingledOut(sets: readonly bigint[]): boolean {
  const factors = sets.reduce<number[][]>(
    (so) => so.flatMap((list) => [-2, -1, 0, 1, 2].map((f) => [...list, f])),
    [[]],
  )
  return factors.some((list) => {
    const sum = Array.from({ length: 10 }, (_, seat) =>
      sets.reduce((total, set, at) => total + (list[at] ?? 0) * Number((set >> BigInt(seat)) & 1n), 0),
    )
    return sum.filter((value) => value !== 0).length === 1
  })
}

const set = fc.bigInt({ min: 1n, max: everyone })

describe('survivors', () => {
  test('are all that delivered when nothing was opened before', () => {
    expect(Survivors.choose(everyone, [], 3)).toBe(everyone)
  })

  test('are nobody when fewer than the minimum delivered', () => {
    expect(Survivors.choose(of(1, 2), [], 3)).toBe(0n)
  })

  test('may be the same set again', () => {
    expect(Survivors.choose(everyone, [everyone], 3)).toBe(everyone)
  })

  test('leave out more when one is missing from the last set', () => {
    const chosen = Survivors.choose(everyone & ~of(4), [everyone], 3)
    expect(Record.seats(chosen ^ everyone)).toHaveLength(3)
  })

  test.each([
    [12, 6],
    [13, 8],
    [14, 8],
    [15, 10],
    [40, 35],
    [64, 59],
  ])('leave out no more of %i than they must when one is missing, but are not 7 or 9', (providers, left) => {
    const all = 2n ** BigInt(providers) - 1n
    const chosen = Survivors.choose(all & ~of(7), [all], 5)
    expect(Record.seats(chosen)).toHaveLength(left)
    expect(Survivors.isPermitted(chosen, [all], 5)).toBe(true)
  })

  test.each([
    [5, 5, 5],
    [6, 6, 5],
    [7, 6, 5],
    [9, 8, 5],
    [11, 11, 5],
    [5, 5, 3],
  ])(
    'leave room for later sets: of %i who delivered, %i where %i are the minimum',
    (providers, left, least) => {
      const all = Record.seats(everyone | of(10, 11))
      const chosen = Survivors.choose(of(...all.slice(0, providers)), [], least)
      expect(Record.seats(chosen)).toHaveLength(left)
    },
  )

  test('are rather a set that was opened before than another of its size', () => {
    const before = of(0, 1, 2, 3, 4, 5)
    expect(Survivors.isPermitted(of(3, 4, 5, 6, 7, 8), [before], 5)).toBe(true)
    expect(Survivors.choose(of(0, 1, 2, 3, 4, 5, 6, 7, 8), [before], 5)).toBe(before)
  })

  test('are nobody when a small cohort loses one', () => {
    expect(Survivors.choose(of(0, 1, 2), [of(0, 1, 2, 3)], 3)).toBe(0n)
  })

  test('never single anybody out', () => {
    const [a, b] = [of(0, 1, 2, 3, 4, 5), of(3, 4, 5, 6, 7, 8)]
    expect(Survivors.isPermitted(of(0, 1, 2, 6, 7, 8, 9), [a, b], 3)).toBe(true)
    expect(Survivors.isolatesSomeone([of(0, 1, 2), of(0, 1)])).toBe(true)
    expect(Survivors.isolatesSomeone([of(0, 1), of(1, 2), of(0, 2)])).toBe(true)
  })

  test('that are chosen are inside what was delivered, and permitted', () => {
    fc.assert(
      fc.property(
        set,
        fc.array(set, { maxLength: 4 }),
        fc.integer({ min: 1, max: 5 }),
        (delivered, opened, least) => {
          const chosen = Survivors.choose(delivered, opened, least)
          expect(chosen & ~delivered).toBe(0n)
          if (chosen !== 0n) expect(Survivors.isPermitted(chosen, opened, least)).toBe(true)
        },
      ),
    )
  })

  test('of cohorts that cross those of an epoch before are looked at together', () => {
    // 0 1 2 | 3 4 5 6 and then, dealt anew, 0 1 3 | 2 4 5: what both pairs have in common leaves 6 alone.
    const before = [of(0, 1, 2), of(3, 4, 5, 6)]
    const cohorts = [of(0, 1, 3), of(2, 4, 5)]
    const record = { cohorts, survivors: of(0, 1, 2, 3, 4, 5) }
    for (const cohort of cohorts) expect(Survivors.isPermitted(cohort, before, 2)).toBe(true)
    expect(Survivors.isolatesSomeone([...before, ...cohorts])).toBe(true)
    expect(Survivors.arePermitted(record, before, 2)).toBe(false)
    const chosen = Survivors.chooseAll(cohorts, record.survivors, before, 2)
    expect(chosen).not.toBe(0n)
    expect(Survivors.arePermitted({ cohorts, survivors: chosen }, before, 2)).toBe(true)
  })

  test('that a plain search singles out are refused', () => {
    fc.assert(
      fc.property(fc.array(set, { minLength: 1, maxLength: 4 }), (sets) => {
        if (isSingledOut(sets)) expect(Survivors.isolatesSomeone(sets)).toBe(true)
      }),
    )
  })
})
