// The first two hundred seeds. What fails is replayed by the command that is printed, and made smaller.
import { afterAll, expect, test } from 'vitest'
import * as Seed from './seed.ts'

const settings: Seed.Settings = { isSigned: false }
const seeds = Array.from({ length: 200 }, (_, at) => at + 1)
const did = new Set<string>()
let finished = 0
let ran = 0

test.each(seeds)('seed %i breaks no law', (seed) => {
  const report = Seed.run(seed, settings)
  const shrunk = report.breach === undefined ? undefined : Seed.shrink(seed, settings, 60)
  const replay = `npm run sim -- --seeds ${seed}`
  expect(report.breach, `${replay}\n${shrunk?.lines.join('\n')}\n${report.stack}`).toBeUndefined()
  for (const kind of Object.keys(report.adversaries)) did.add(kind.split(' ')[0] ?? kind)
  finished += report.committed
  ran += 1
})

afterAll(() => {
  if (ran < seeds.length) return
  expect(finished).toBeGreaterThan(200)
  expect([...did].toSorted()).toEqual(
    expect.arrayContaining(['A1', 'A2', 'A3', 'A4', 'A5', 'A6', 'A7', 'A9']),
  )
})
