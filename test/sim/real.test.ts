// Fifty tasks whose devices run the app's own crypto worker: real signatures, key agreement, sharing, masks, encryption.
// Every opened sum is compared with what its survivors encrypted, number by number.
import { afterAll, expect, test } from 'vitest'
import * as Real from './real/devices.ts'
import * as World from './world.ts'

const seeds = Array.from({ length: 50 }, (_, at) => at + 1)
let exact = 0
let ran = 0

test.each(seeds)('seed %i keeps every law', async (seed) => {
  const scenario = Real.scenarioOf(seed)
  const devices = await Real.open(scenario)
  try {
    const { state, escrow } = await World.play(scenario, { devices })
    expect(['settled', 'cancelled', 'never created']).toContain(state)
    expect(escrow).toBe(0n)
    exact += devices.exact.size
    ran += 1
  } catch (cause) {
    const replay = `vitest run --project sim test/sim/real.test.ts -t 'seed ${seed} '`
    throw new Error(`seed ${seed} failed with real cryptography; replay it with: ${replay}`, { cause })
  } finally {
    devices.close()
  }
})

afterAll(() => {
  if (ran === seeds.length) expect(exact, 'sums that were compared').toBeGreaterThan(40)
})
