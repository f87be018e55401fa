// Utilities that say something else than what was measured would pay the wrong providers.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as Talk from '../../test/conversation.ts'
import * as Plan from '../plan.ts'
import type { Tally } from '../record.ts'
import * as Contribution from './contribution.ts'

const terms = { ...Talk.terms, plan: 'proportional', maxCohorts: 2, maxRounds: 9 } as const
const tally = (round: number): Tally => ({
  round,
  aggregator: 0,
  signers: 3,
  delivered: 7n,
  survivors: 7n,
  cohorts: [7n],
  evidence: Talk.digest('evidence'),
})
const score = (round: number, correct: number) => ({ round, correct })

test('an epoch is worth what the model gained in it', () => {
  const scores = [score(1, 30), score(2, 50), score(3, 45), score(4, 40), score(7, 70)]
  const rounds = [1, 2, 3, 4, 7].map(tally)
  expect(Contribution.utilities(terms, rounds, 10, scores)).toEqual([
    [35, 0],
    [-5, 0],
    [30, 0],
  ])
})

test('an epoch without a round is worth nothing, one whose sums were lost as little', () => {
  expect(Contribution.utilities(terms, [tally(1), tally(8)], 10, [score(1, 30)])).toEqual([
    [20, 0],
    [0, 0],
    [0, 0],
  ])
})

test('nothing is measured where every cohort weighs the same', () => {
  expect(Contribution.utilities({ ...terms, plan: 'equal' }, [tally(1)], 10, [score(1, 30)])).toEqual([])
})

test('whatever was opened, the market takes it, and gains add up to the gain of the model', () => {
  const some = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1 })
  const counts = fc.array(fc.integer({ min: 0, max: 10_000 }), { minLength: 9, maxLength: 9 })
  fc.assert(
    fc.property(some, counts, fc.integer({ min: 0, max: 10_000 }), (numbers, corrects, before) => {
      const rounds = numbers.toSorted((a, b) => a - b)
      const scores = rounds.map((round) => score(round, corrects[round - 1] ?? 0))
      const utilities = Contribution.utilities(terms, rounds.map(tally), before, scores)
      expect(() => Plan.weights(terms, rounds.map(tally), utilities)).not.toThrow()
      const gained = utilities.flat().reduce((sum, utility) => sum + utility, 0)
      expect(gained).toBe((scores.at(-1)?.correct ?? 0) - before)
    }),
  )
})
