// Whole tasks under every weather. A failing seed is replayed by: node test/sim/main.ts --seeds N --datas D --computes C
import { expect, test } from 'vitest'
import * as Keys from './keys.ts'
import * as Scenario from './scenario.ts'
import * as World from './world.ts'

function run(seed: number, size: Scenario.Size, keys?: Keys.Keys): World.Outcome {
  try {
    return World.run(Scenario.from(seed, size), keys)
  } catch (cause) {
    const replay = `node test/sim/main.ts --seeds ${seed} --datas ${size.datas} --computes ${size.computes}`
    throw new Error(`seed ${seed} failed; replay it with: ${replay}`, { cause })
  }
}

const everyWeather = Array.from({ length: 20 }, (_, i) => i + 1)

test.each(everyWeather)('seed %i ends settled or refunded with all money out of escrow', (seed) => {
  const { state } = run(seed, { datas: 20, computes: 5 })
  expect(['settled', 'cancelled', 'never created']).toContain(state)
})

test.each([13, 21])('seed %i is settled with a hundred data providers', (seed) => {
  expect(run(seed, { datas: 100, computes: 5 })).toMatchObject({ state: 'settled' })
})

test('in calm weather every round is committed and everybody is enrolled', () => {
  const { state, committed, aborted, enrolled, scenario } = run(26, { datas: 12, computes: 4 })
  expect({ state, aborted, enrolled }).toEqual({ state: 'settled', aborted: 0, enrolled: 12 })
  expect(committed).toBeGreaterThan(1)
  expect(committed).toBeLessThanOrEqual(scenario.spec.rounds)
})

test('two compute providers are a committee', () => {
  expect(run(39, { datas: 4, computes: 2 })).toMatchObject({ state: 'settled', aborted: 0, enrolled: 4 })
})

test.each([13, 14])('seed %i is settled with signatures that are real', (seed) => {
  expect(run(seed, { datas: 6, computes: 3 }, Keys.real())).toMatchObject({ state: 'settled' })
})

test('a seed is replayed step by step', () => {
  const size = { datas: 8, computes: 4 }
  const [first, second] = [run(6, size), run(6, size)]
  expect(second).toMatchObject({ seconds: first.seconds, committed: first.committed })
  expect(second.tally.counts).toEqual(first.tally.counts)
})
