// Who spoils every sum is spread away from others and excluded; replay one with: vitest run --project sim test/sim/spoilers.test.ts -t 'seed N'
import { expect, test } from 'vitest'
import * as Record from '../../protocol/record.ts'
import * as Adversaries from './adversaries/all.ts'
import * as Keys from './keys.ts'
import * as Scenario from './scenario.ts'
import * as World from './world.ts'

/** Nothing else is wrong: two cohorts of eight, epochs of three rounds. */
function spoiltBy(seed: number, name: string, rounds: number): World.Outcome {
  const scenario = Scenario.leaving(seed, 0)
  const { spec, terms } = scenario
  return World.run({
    ...scenario,
    datas: 16,
    adversaries: Adversaries.all.filter((adversary) => adversary.name === name),
    spec: { ...spec, he: { ...spec.he, valueBits: 19 }, rounds },
    terms: {
      ...terms,
      minDatas: 16,
      maxDatas: 16,
      minCohort: 3,
      maxCohorts: 2,
      maxRounds: rounds,
      paidRounds: rounds,
      roundsPerEpoch: 3,
    },
  })
}

const spoiler = Keys.pretended().address('data provider 0')

/** The cohorts of each committed round, as seats, and the spoiler's seat. */
function told({ chain }: World.Outcome) {
  const started = chain.events.find(({ name }) => name === 'TaskStarted')
  const datas = started?.name === 'TaskStarted' ? started.datas : []
  const rounds = chain.events.flatMap((event) =>
    event.name === 'RoundCommitted'
      ? [{ round: event.round, cohorts: event.record.cohorts.map(Record.seats) }]
      : [],
  )
  return { rounds, seat: datas.findIndex(({ account }) => account === spoiler) }
}

test.each([3, 4])('seed %i: a spoiler is spread, and out before others share its suspicion', (seed) => {
  const outcome = spoiltBy(seed, 'A10 garbage to exclusion', 15)
  const { rounds, seat } = told(outcome)
  expect(outcome).toMatchObject({ state: 'settled', aborted: 0, committed: 15 })
  const spoilt = rounds.filter(({ cohorts }) => cohorts.flat().includes(seat)).map(({ round }) => round)
  // Three epochs running fail, and the draw of the fourth is fixed before the last of them is opened.
  expect(spoilt).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  expect(outcome.tally.counts.faults.get('sum discarded: guards')).toBe(spoilt.length)
  const failed = rounds[0]?.cohorts.find((cohort) => cohort.includes(seat)) ?? []
  const third = rounds.find(({ round }) => round === 7)?.cohorts ?? []
  expect(third.map((cohort) => cohort.filter((each) => failed.includes(each)).length)).toEqual([4, 4])
  for (const { cohorts } of rounds) expect(cohorts.flat().length).toBeGreaterThanOrEqual(12)
})

test('who stays inside the norm is never left out', () => {
  const { rounds, seat } = told(spoiltBy(3, 'A10 poison within the norm', 7))
  expect(rounds).toHaveLength(7)
  for (const { cohorts } of rounds) expect(cohorts.flat()).toContain(seat)
})
