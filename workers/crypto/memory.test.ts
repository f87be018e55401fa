// A device that plays many rounds holds no more of WebAssembly's memory than after the first, and no secrets of them.
import { afterEach, expect, test, vi } from 'vitest'
import * as Parties from '../../test/parties.ts'
import * as Records from './records.ts'

afterEach(Parties.close)

test('memory stays flat over 102 contributions and 34 openings, and what is forgotten is gone', async () => {
  const instantiate = vi.spyOn(WebAssembly, 'instantiate')
  await Parties.seal()
  const memory = memoryOf(await instantiate.mock.results[0]?.value)
  instantiate.mockRestore()
  const [owner, ...rest] = await Parties.committee(6)
  const setting = { owner: owner!, providers: rest.slice(0, 3), members: rest.slice(3), threshold: 2 }
  const sizes = new Set<number>()
  for (let round = 1; round <= 34; round++) {
    const { request } = await Parties.played({ ...setting, round })
    expect((await owner!.api.open(request)).sums[0]?.digest).toMatch(/^0x/)
    for (const { api } of [owner!, ...rest]) await api.forget({ task: Parties.task, round })
    if (round > 1) sizes.add(memory?.buffer.byteLength ?? 0)
  }
  expect(sizes.size).toBe(1)
  expect([...sizes][0]).toBeGreaterThan(0)
  for (const { safe } of setting.providers) expect(await safe.ids(Records.updates.prefix)).toEqual([])
})

function memoryOf(started: unknown): WebAssembly.Memory | undefined {
  if (typeof started !== 'object' || started === null || !('instance' in started)) return undefined
  if (!(started.instance instanceof WebAssembly.Instance)) return undefined
  return Object.values(started.instance.exports).find((each) => each instanceof WebAssembly.Memory)
}
