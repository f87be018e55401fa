// Each rule switched off is found by the laws: the runs of sim.test.ts could fail.
import { expect, test, vi } from 'vitest'
import * as Adversaries from './adversaries/all.ts'

const size = { datas: 9, computes: 5 }

/** The first breach in these seeds, with this module in the place of the roles' own. */
async function breach(
  path: string,
  instead: () => Promise<object>,
  seeds: readonly number[],
  adversary?: string,
): Promise<string> {
  vi.resetModules()
  vi.doMock(path, instead)
  const [Scenario, World] = await Promise.all([import('./scenario.ts'), import('./world.ts')])
  vi.doUnmock(path)
  for (const seed of seeds) {
    const scenario = Scenario.from(seed, size)
    const adversaries = Adversaries.all.filter(({ name }) => name === adversary)
    try {
      World.run(adversary === undefined ? scenario : { ...scenario, adversaries })
    } catch (thrown) {
      return thrown instanceof Error ? thrown.message : String(thrown)
    }
  }
  return ''
}

test('without the rule on survivors sums come too near to each other', async () => {
  const found = await breach(
    '../../protocol/roles/survivors.ts',
    () => import('./without/survivors.ts'),
    [9, 7, 20, 21, 24],
  )
  expect(found).toMatch(/^I5/)
})

test('without the check of shares the innocent are convicted', async () => {
  const found = await breach(
    '../../protocol/roles/shares.ts',
    () => import('./without/shares.ts'),
    [15, 30],
    'A4 wrong share',
  )
  expect(found).toMatch(/^I14/)
})

test('without the check of the commit shares are given away too early', async () => {
  const found = await breach('../../protocol/roles/release.ts', () => import('./without/release.ts'), [15])
  expect(found).toMatch(/^I2/)
})
