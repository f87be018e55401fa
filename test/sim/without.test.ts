// Each rule switched off is found by the laws within the first five hundred seeds, and what is found becomes small: the
// runs of seeds.test.ts could fail. The seeds are the first that `npm run sim -- --seeds 1..500 --without NAME` finds.
import { expect, test, vi } from 'vitest'
import type * as Seed from './seed.ts'

const rules = [
  { name: 'survivors', seed: 2, law: /^I5/, instead: () => import('./without/survivors.ts') },
  { name: 'shares', seed: 20, law: /^I14/, instead: () => import('./without/shares.ts') },
  { name: 'release', seed: 1, law: /^I2/, instead: () => import('./without/release.ts') },
]

/** What runs seeds, with this module in the place of the roles' own. */
async function load(path: string, instead: () => Promise<object>): Promise<typeof Seed> {
  vi.resetModules()
  vi.doMock(path, instead)
  const loaded = await import('./seed.ts')
  vi.doUnmock(path)
  return loaded
}

test.each(rules)('without the rule on $name a law is broken', async ({ name, seed, law, instead }) => {
  const runner = await load(`../../protocol/roles/${name}.ts`, instead)
  expect(runner.run(seed, { isSigned: false }).breach).toMatch(law)

  const shrunk = runner.shrink(seed, { isSigned: false }, 60)
  expect(shrunk?.breach).toMatch(law)
  expect(shrunk?.cut.computes).toBe(3)
  expect(shrunk?.cut.datas).toBeLessThanOrEqual(5)
  expect(shrunk?.cut.rounds).toBeLessThanOrEqual(3)
  expect(shrunk?.lines.length).toBeLessThanOrEqual(40)
  expect(shrunk?.lines.join('\n')).toMatch(/RoundCommitted|recordProposed/)
})
