// What each reward plan makes of utilities. Solidity's agreement: test/vectors.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as Plan from './plan.ts'
import type { Tally } from './record.ts'
import * as Terms from './terms.ts'

const hash = Terms.noHash
const terms: Terms.Terms = {
  modelProvider: Terms.noAddress,
  opener: Terms.noAddress,
  token: Terms.noAddress,
  plan: 'rank',
  referee: Terms.noAddress,
  dataPool: 0n,
  computePool: 0n,
  bond: 0n,
  computeBond: 0n,
  disputeBond: 0n,
  specHash: hash,
  schemaId: hash,
  salt: hash,
  words: 1,
  sampleCap: 1,
  unitsPerSignature: 0,
  roundsPerEpoch: 3,
  invited: hash,
  idleWindow: 1,
  challengeWindow: 1,
  startBy: 1,
  minQuality: 0,
  minDatas: 3,
  maxDatas: 20,
  minComputes: 1,
  maxComputes: 1,
  threshold: 1,
  minCohort: 3,
  maxCohorts: 4,
  maxRounds: 9,
  paidRounds: 9,
  jobKilounits: 0,
}

/** Four cohorts of three; `lost` of them kept nobody. */
function round(number: number, lost: readonly number[] = []): Tally {
  const cohorts = [0, 1, 2, 3].map((c) => 7n << BigInt(3 * c))
  const survivors = cohorts.reduce((all, cohort, c) => (lost.includes(c) ? all : all | cohort), 0n)
  const delivered = (1n << 12n) - 1n
  return { round: number, aggregator: 0, signers: 1, delivered, survivors, cohorts, jobs: 0n, evidence: hash }
}

test('epochs count from zero, rounds from one', () => {
  expect([1, 3, 4, 6, 7].map((at) => Plan.epoch(terms, at))).toEqual([0, 0, 1, 1, 2])
  expect(Plan.epochs(terms, [round(1), round(5)])).toBe(2)
  expect(Plan.epochs(terms, [])).toBe(0)
  expect(Plan.epochs({ ...terms, plan: 'equal' }, [round(5)])).toBe(0)
})

test('proportional takes the utility, and nothing below zero', () => {
  const weights = Plan.weights({ ...terms, plan: 'proportional' }, [round(1)], [[5, -5, 0, 2 ** 31 - 1]])
  expect(weights).toEqual([[5n, 0n, 0n, 2n ** 31n - 1n]])
})

test('rank counts from the worst and lets ties share the mean of their places', () => {
  expect(Plan.weights(terms, [round(1)], [[-7, 30, 20, 10]])).toEqual([[2n, 8n, 6n, 4n]])
  expect(Plan.weights(terms, [round(1)], [[10, 30, 10, -1]])).toEqual([[5n, 8n, 5n, 2n]])
  expect(Plan.weights(terms, [round(1)], [[0, 0, 0, 0]])).toEqual([[5n, 5n, 5n, 5n]])
})

test('a cohort that was not opened in an epoch weighs nothing there and takes no place', () => {
  const rounds = [round(1, [1]), round(2, [1, 2]), round(7)]
  expect(Plan.opened(terms, rounds)).toEqual([0b1101n, 0n, 0b1111n])
  const weights = Plan.weights(terms, rounds, [
    [3, 0, 1, 2],
    [0, 0, 0, 0],
    [1, 2, 3, 4],
  ])
  expect(weights).toEqual([
    [6n, 0n, 2n, 4n],
    [0n, 0n, 0n, 0n],
    [2n, 4n, 6n, 8n],
  ])
  expect(() => Plan.weights(terms, [round(1, [1])], [[3, 1, 1, 2]])).toThrow(Plan.AbsentCohortError)
})

test('utilities of another shape are refused, and none at all give no weights', () => {
  expect(Plan.weights(terms, [round(1)], [])).toEqual([])
  expect(() => Plan.weights(terms, [round(1)], [[1, 2, 3]])).toThrow(Plan.CountError)
  expect(() => Plan.weights(terms, [round(4)], [[1, 2, 3, 4]])).toThrow(Plan.CountError)
})

test('places add up to the same whatever the utilities', () => {
  const scores = fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 4, maxLength: 4 })
  fc.assert(
    fc.property(scores, (utilities) => {
      const [weights] = Plan.weights(terms, [round(1)], [utilities])
      expect(weights?.reduce((sum, weight) => sum + weight, 0n)).toBe(20n)
    }),
  )
})
