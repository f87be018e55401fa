// Utilities that say something else than what was measured would pay the wrong providers.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as Talk from '../../test/conversation.ts'
import * as Game from '../contribution.ts'
import * as Payout from '../payout.ts'
import * as Plan from '../plan.ts'
import * as Record from '../record.ts'
import * as Contribution from './contribution.ts'

const terms = { ...Talk.terms, plan: 'proportional', maxCohorts: 3, maxRounds: 9 } as const
const cohorts = [7n, 56n, 448n]
const record = (round: number): Record.Body => ({
  round,
  closes: 0,
  opened: Talk.opened,
  cohortsDigest: Talk.digest('cohorts'),
  aggregator: 0,
  delivered: 511n,
  survivors: 511n,
  cohorts,
  jobs: 0n,
  sums: Talk.digest('sums'),
})
const tally = (round: number) => Record.tally(record(round), 3)
const measured = (round: number, ...contributions: number[]) => ({ round, contributions })

describe('a round', () => {
  type Opened = Parameters<typeof Contribution.ofRound>
  const wish = (
    opened: readonly number[],
    coalitions = Game.coalitions(opened.length, Talk.opened),
  ): Opened[0] => ({
    ...{
      id: 'open:1',
      type: 'open',
      round: 1,
      opened: Talk.opened,
      cohortsDigest: Talk.opened,
      threshold: 2,
    },
    cohorts: opened.map((cohort) => ({ cohort, cid: 'cid', root: Talk.digest('root'), members: [] })),
    coalitions,
  })
  const answer = (worth: readonly number[], ...sums: Opened[1]['sums']): Opened[1] => ({
    ...{ type: 'opened', effect: 'open:1', wrongShares: [], nextModelHash: Talk.digest('next') },
    ...{ sums, worth, correct: worth.at(-1) ?? 0, total: 100 },
  })
  const sound = { digest: Talk.digest('sum') }
  const spoilt = { digest: null, discarded: 'norm', provider: null } as const

  test('gives each of three cohorts what it adds in the mean', () => {
    // Bits from the lowest: none, a, b, ab, c, ac, bc, abc.
    const worth = [10, 40, 30, 50, 10, 40, 33, 56]
    const found = Contribution.ofRound(wish([0, 1, 2]), answer(worth, sound, sound, sound), record(1))
    // a: (2·30 + 20 + 30 + 2·23) ÷ 6 = 26; b: (2·20 + 10 + 23 + 2·16) ÷ 6 = 17.5; c: (0 + 0 + 3 + 2·6) ÷ 6 = 2.5.
    expect(found).toEqual([26 * 60, 17.5 * 60, 2.5 * 60])
  })

  test('gives nothing to a cohort whose sum was not opened, or was discarded', () => {
    const two = Contribution.ofRound(wish([0, 2]), answer([10, 40, 12, 41], sound, sound), record(1))
    expect(two).toEqual([29.5 * 60, 0, 1.5 * 60])
    const one = Contribution.ofRound(wish([0, 2]), answer([10, 10, 12, 12], spoilt, sound), record(1))
    expect(one).toEqual([0, 0, 120])
  })

  test('is not measured where no coalition was to be scored', () => {
    expect(Contribution.ofRound(wish([0, 1, 2], []), answer([], sound, sound, sound), record(1))).toEqual([])
  })
})

test('an epoch is worth the sum over its rounds, cohort by cohort', () => {
  const all = [measured(1, 30, 5, -2), measured(2, 10, 0, 7), measured(4, -5, -6, 0), measured(7, 1, 2, 3)]
  expect(Contribution.utilities(terms, [1, 2, 4, 7].map(tally), all)).toEqual([
    [40, 5, 5],
    [-5, -6, 0],
    [1, 2, 3],
  ])
})

test('an epoch without a round is worth nothing, one whose sums were lost as little', () => {
  expect(Contribution.utilities(terms, [tally(1), tally(8)], [measured(1, 20, 1, 1)])).toEqual([
    [20, 1, 1],
    [0, 0, 0],
    [0, 0, 0],
  ])
})

test('nothing is measured where every cohort weighs the same', () => {
  expect(Contribution.utilities({ ...terms, plan: 'equal' }, [tally(1)], [measured(1)])).toEqual([])
})

test('what would not fit into 32 bits is cut off', () => {
  const found = Contribution.utilities(terms, [tally(1)], [measured(1, 2 ** 40, -(2 ** 40), 2 ** 31 - 1)])
  expect(found).toEqual([[2 ** 31 - 1, 1 - 2 ** 31, 2 ** 31 - 1]])
})

test('whatever was measured, the market takes it', () => {
  const values = fc.array(fc.integer(), { minLength: 3, maxLength: 3 })
  const some = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1 })
  fc.assert(
    fc.property(some, fc.array(values, { minLength: 9, maxLength: 9 }), (numbers, by) => {
      const rounds = numbers.toSorted((a, b) => a - b)
      const all = rounds.map((round) => measured(round, ...(by[round - 1] ?? [])))
      const utilities = Contribution.utilities(terms, rounds.map(tally), all)
      expect(() => Plan.weights(terms, rounds.map(tally), utilities)).not.toThrow()
    }),
  )
})

test('nine providers in three cohorts share as these contributed', () => {
  const datas = Array.from({ length: 9 }, (_, at) => ({ ...Talk.datas[at % 3]!, floor: 0n, samples: 300 }))
  const utilities = Contribution.utilities(terms, [tally(1)], [measured(1, 26 * 60, 17.5 * 60, -60)])
  const settlement = {
    terms,
    computes: Talk.computes,
    datas,
    absent: 0,
    rounds: [tally(1)],
    utilities,
    punished: false,
  }
  const { leaves } = Payout.compute(settlement)
  const shares = leaves.filter(({ role }) => role === 'data').map(({ amount }) => amount)
  // One of two paid rounds earns half of a million: 26 and 17.5 parts of 43.5 go to three each, rounded down.
  const [first, second] = [99_616n, 67_049n]
  expect(shares).toEqual([first, first, first, second, second, second, 0n, 0n, 0n])
})
