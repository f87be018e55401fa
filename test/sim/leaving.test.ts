// Cohorts of twelve of whom five have to be there, while phones leave at random steps of every round.
import { expect, test } from 'vitest'
import * as Scenario from './scenario.ts'
import * as World from './world.ts'

function play(dozes: number, seeds: readonly number[]): readonly World.Outcome[] {
  return seeds.map((seed) => {
    try {
      return World.run(Scenario.leaving(seed, dozes))
    } catch (cause) {
      throw new Error(`replay: npm run sim -- --seeds ${seed} --leave ${dozes}`, { cause })
    }
  })
}

const seeds = Array.from({ length: 8 }, (_, at) => at + 1)

test('with three in ten leaving each round, nine in ten rounds finish', () => {
  const outcomes = play(0.3, seeds)
  const committed = outcomes.reduce((sum, outcome) => sum + outcome.committed, 0)
  const aborted = outcomes.reduce((sum, outcome) => sum + outcome.aborted, 0)
  expect(
    committed / (committed + aborted),
    `${committed} finished, ${aborted} aborted`,
  ).toBeGreaterThanOrEqual(0.9)
  expect(new Set(outcomes.map(({ state }) => state))).toEqual(new Set(['settled']))
})

test('with every second leaving each round, every round ends in time and no money is stuck', () => {
  for (const { state, escrow, committed, aborted, scenario, seconds } of play(0.5, seeds.slice(0, 5))) {
    expect(['settled', 'cancelled']).toContain(state)
    expect(escrow).toBe(0n)
    expect(committed + aborted).toBeGreaterThanOrEqual(scenario.spec.rounds)
    const { ready, update, commit } = scenario.spec.timeouts
    expect(seconds).toBeLessThan((committed + aborted) * (ready + update + commit + 30) + 1000)
  }
})
