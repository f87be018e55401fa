// A model provider that is behind all data providers of a cohort but one reads that one: what it costs and how likely it
// is, and that the protocol cannot see it.
import { expect, test } from 'vitest'
import type { Address, Hex } from '../../protocol/codec.ts'
import * as Cohort from '../../protocol/cohort.ts'
import * as Exposure from '../../protocol/exposure.ts'
import * as Record from '../../protocol/record.ts'
import * as Survivors from '../../protocol/roles/survivors.ts'
import * as Linear from './linear.ts'
import * as Table from './table.ts'

const account = (at: number): Address => `0x${at.toString(16).padStart(40, '0')}`
const hash = (number: number): Hex => `0x${number.toString(16).padStart(64, '0')}`
const draws = 2000

const cases = [
  { providers: 12, sybils: 8, rules: { largest: 16, minCohort: 3, maxCohorts: 1 } },
  { providers: 12, sybils: 10, rules: { largest: 16, minCohort: 3, maxCohorts: 1 } },
  { providers: 24, sybils: 12, rules: { largest: 6, minCohort: 3, maxCohorts: 9 } },
  { providers: 60, sybils: 45, rules: { largest: 16, minCohort: 3, maxCohorts: 9 } },
  { providers: 100, sybils: 50, rules: { largest: 8, minCohort: 4, maxCohorts: 20 } },
]

test('the chance of a cohort of Sybils is what the app says, in draws as they are made', ({ task }) => {
  for (const { providers, sybils, rules } of cases) {
    const enrolled = Array.from({ length: providers }, (_, at) => account(at + 1))
    const isHonest = (each: Address) => Number(each) > sybils
    const others = { honest: providers - sybils - 1, sybils }
    const me = account(providers)
    const sizes = Cohort.draw(enrolled, hash(0), rules).map(({ length }) => length)
    for (const wanted of [1, 2]) {
      let [drawn, bare] = [0, 0]
      for (let at = 0; at < draws; at++) {
        const cohorts = Cohort.draw(enrolled, Cohort.seed(hash(1), hash(at)), rules)
        const mine = cohorts.find((cohort) => cohort.includes(me))
        if (mine === undefined) continue
        drawn += 1
        if (mine.filter(isHonest).length - 1 < wanted) bare += 1
      }
      const chance = Exposure.chance(others, sizes, wanted)
      const deviation = Math.sqrt((chance * (1 - chance)) / drawn)
      expect(Math.abs(bare / drawn - chance)).toBeLessThanOrEqual(5 * deviation)
      if (wanted === 2)
        Table.tell(task, {
          attack: `remains: Sybils are ${sybils} of ${providers}, ${sizes.length === 1 ? 'one cohort' : `${sizes.length} cohorts`}`,
          with: `fewer than 2 other honest ones: ${percent(chance)} (drawn: ${percent(bare / drawn)})`,
          without: '–',
        })
    }
  }
})

test('a cohort of Sybils and one other is opened by the rules, and is that other’s update', () => {
  const cohort = Record.bitmapOf([0, 1, 2, 3])
  expect(Survivors.choose(cohort, [], 3)).toBe(cohort)
  const honest = cohort & ~Record.bitmapOf([0, 1, 2])
  expect(Linear.isolated([honest], 4).map(({ seat }) => seat)).toEqual([3])
})

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
