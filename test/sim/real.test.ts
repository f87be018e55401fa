// Fifty tasks whose devices run the app's own crypto worker: real signatures, key agreement, sharing, masks, encryption.
import { expect, test } from 'vitest'
import * as Real from './real/devices.ts'
import * as World from './world.ts'

/** In each run every opened sum is compared with what its survivors encrypted, number by number. */
async function play(seed: number): Promise<World.Outcome & { readonly exact: number }> {
  const scenario = Real.scenarioOf(seed)
  const devices = await Real.open(scenario)
  try {
    const outcome = await World.play(scenario, { devices })
    return { ...outcome, exact: devices.exact.size }
  } catch (cause) {
    throw new Error(`seed ${seed} failed with real cryptography`, { cause })
  } finally {
    devices.close()
  }
}

const seeds = Array.from({ length: 50 }, (_, at) => at + 1)

test.each(seeds)('seed %i', async (seed) => {
  const { state, committed, exact } = await play(seed)
  console.log(seed, state, committed, exact)
  expect(['settled', 'cancelled', 'never created']).toContain(state)
})
