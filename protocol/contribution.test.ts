// Values that are not the theory's would pay cohorts for what others did.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Hex } from './codec.ts'
import * as Contribution from './contribution.ts'

const hash = (text: number): Hex => `0x${text.toString(16).padStart(64, '0')}`
const anyHash = fc.nat().map(hash)
const { has, scale } = Contribution

/** What every coalition is worth, by its bits. */
type Game = (coalition: number) => number

function valuesOf(players: number, game: Game, from: Hex = hash(0)): readonly number[] {
  const worth = Contribution.coalitions(players, from).map(game)
  return Contribution.values(players, worth, from)
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0)

/** Any game of up to `most` players, with worths such as a test set gives. */
const games = (least: number, most: number) =>
  fc
    .integer({ min: least, max: most })
    .chain((players) =>
      fc
        .array(fc.integer({ min: 0, max: 10_000 }), { minLength: 2 ** players, maxLength: 2 ** players })
        .map((worth) => ({ players, game: (coalition: number) => worth[coalition] ?? 0 })),
    )

/** Shapley's definition: what a player adds on arrival, in the mean over all orders of arrival. */
function byOrders(players: number, game: Game): readonly number[] {
  const found = new Array<number>(players).fill(0)
  let orders = 0
  const arrive = (order: readonly number[]): void => {
    if (order.length === players) {
      orders++
      let coalition = 0
      for (const player of order) {
        const next = coalition | (1 << player)
        found[player] = (found[player] ?? 0) + game(next) - game(coalition)
        coalition = next
      }
    }
    for (let player = 0; player < players; player++) if (!order.includes(player)) arrive([...order, player])
  }
  arrive([])
  return found.map((total) => (total * scale) / orders)
}

test('exports', () => {
  expect(Object.keys(Contribution)).toMatchInlineSnapshot(`
    [
      "scale",
      "coalitions",
      "has",
      "values",
      "CountError",
    ]
  `)
})

describe('up to six cohorts, the value', () => {
  test('of one is what the model gained, in 60ths', () => {
    expect(valuesOf(1, (coalition) => (coalition === 0 ? 40 : 57))).toEqual([17 * 60])
    expect(valuesOf(1, (coalition) => (coalition === 0 ? 40 : 31))).toEqual([-9 * 60])
  })

  test('of two is half of what each adds alone and half of what it adds to the other', () => {
    const worth = [10, 30, 18, 32]
    // First: ((30 − 10) + (32 − 18)) ÷ 2 = 17. Second: ((18 − 10) + (32 − 30)) ÷ 2 = 5.
    expect(valuesOf(2, (coalition) => worth[coalition] ?? 0)).toEqual([17 * 60, 5 * 60])
  })

  test('of three gloves, of which two are left ones, is 4/6 for the right one', () => {
    const pair: Game = (coalition) => (has(coalition, 2) && (coalition & 3) !== 0 ? 1 : 0)
    expect(valuesOf(3, pair)).toEqual([10, 10, 40])
  })

  test('of four airlines that share a runway is what each needs more than the ones before, shared by the rest', () => {
    const lengths = [12, 24, 48, 60]
    const runway: Game = (coalition) =>
      Math.max(0, ...lengths.filter((_, airline) => has(coalition, airline)))
    // 12/4; + 12/3; + 24/2; + 12.
    expect(valuesOf(4, runway)).toEqual([3, 7, 19, 31].map((units) => units * 60))
  })

  test('is the mean over all orders of arrival, exactly', () => {
    fc.assert(
      fc.property(games(0, 6), ({ players, game }) => {
        const found = valuesOf(players, game)
        byOrders(players, game).forEach((value, player) => expect(found[player]).toBeCloseTo(value, 6))
        expect(found.every(Number.isSafeInteger)).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  test('adds up to what all of them gained', () => {
    fc.assert(
      fc.property(games(1, 6), ({ players, game }) => {
        const gained = game(2 ** players - 1) - game(0)
        expect(sum(valuesOf(players, game))).toBe(gained * scale)
      }),
    )
  })

  test('is the same for two that add the same to every coalition', () => {
    fc.assert(
      fc.property(games(2, 6), ({ players, game }) => {
        const alike: Game = (coalition) => game((coalition & ~3) | [0, 1, 1, 3][coalition & 3]!)
        const [first, second] = valuesOf(players, alike)
        expect(first).toBe(second)
      }),
    )
  })

  test('is nothing for one that adds nothing, and the others’ as if it were not there', () => {
    fc.assert(
      fc.property(games(1, 5), ({ players, game }) => {
        const one = 1 << players
        const values = valuesOf(players + 1, (coalition) => game(coalition & ~one))
        expect(values).toEqual([...valuesOf(players, game), 0])
      }),
    )
  })
})

describe('beyond six cohorts', () => {
  const many = fc.integer({ min: 7, max: 32 })

  test('120 coalitions are scored: each player is in half of them, each two in a quarter, each with its complement', () => {
    fc.assert(
      fc.property(many, anyHash, (players, from) => {
        const scored = Contribution.coalitions(players, from)
        expect(scored).toHaveLength(120)
        const together = (a: number, b: number) =>
          scored.filter((each) => has(each, a) && has(each, b)).length
        for (let a = 0; a < players; a++)
          for (let b = 0; b <= a; b++) expect(together(a, b)).toBe(a === b ? 60 : 30)
        for (let at = 0; at < 120; at += 2)
          expect((scored[at] ?? 0) + (scored[at + 1] ?? 0)).toBe(2 ** players - 1)
      }),
      { numRuns: 20 },
    )
  })

  test('they follow from the hash of the record alone', () => {
    const of = (from: Hex) => Contribution.coalitions(9, from)
    expect(of(hash(5))).toEqual(of(hash(5)))
    expect(of(hash(5))).not.toEqual(of(hash(6)))
    expect(of(hash(5)).slice(0, 6)).toMatchInlineSnapshot(`
      [
        5,
        506,
        320,
        191,
        142,
        369,
      ]
    `)
  })

  test('worths that just add up are found again, whoever the players are', () => {
    const worths = fc.array(fc.integer({ min: -500, max: 500 }), { minLength: 7, maxLength: 32 })
    fc.assert(
      fc.property(worths, anyHash, (worth, from) => {
        const game: Game = (coalition) => sum(worth.filter((_, player) => has(coalition, player))) + 1_000
        expect(valuesOf(worth.length, game, from)).toEqual(worth.map((each) => each * scale))
      }),
    )
  })

  test('what is found is Banzhaf’s value, in the mean over what the hash may be', () => {
    const [players, all] = [7, 2 ** 7]
    fc.assert(
      fc.property(games(players, players), ({ game }) => {
        const total = new Array<number>(players).fill(0)
        for (let from = 0; from < all; from++)
          valuesOf(players, game, hash(from)).forEach((value, player) => {
            total[player] = (total[player] ?? 0) + value
          })
        const banzhaf = total.map((_, player) => {
          let gained = 0
          for (let coalition = 0; coalition < all; coalition++)
            if (!has(coalition, player)) gained += game(coalition | (1 << player)) - game(coalition)
          return gained / (all / 2)
        })
        banzhaf.forEach((value, player) => expect((total[player] ?? 0) / all / scale).toBeCloseTo(value, 6))
      }),
      { numRuns: 5 },
    )
  })
})

test('counts for other coalitions than those that are asked for are refused', () => {
  expect(() => Contribution.values(2, [1, 2, 3], hash(0))).toThrow(Contribution.CountError)
})
