// Updates out of sums that were each opened by the rules: an epoch's sets, added and subtracted. In the worst case for
// the providers, whose updates hardly change from round to round; a model provider can bring that about.
import { expect, test } from 'vitest'
import * as Prng from '../../protocol/prng.ts'
import * as Record from '../../protocol/record.ts'
import * as Survivors from '../../protocol/roles/survivors.ts'
import * as Linear from './linear.ts'
import * as Table from './table.ts'

const rounds = 10
const attendance = 0.95
const epochs = 1000

type Rule = (delivered: bigint, opened: readonly bigint[], minimum: number) => bigint
const withRule: Rule = Survivors.choose
const without: Rule = (delivered, _opened, minimum) =>
  Record.seats(delivered).length < minimum ? 0n : delivered

/** What is opened in one epoch of providers who miss rounds by chance. `sybils`, the first seats, miss rounds as told. */
function epoch(
  prng: Prng.Prng,
  rule: Rule,
  {
    size,
    minimum,
    sybils = 0,
  }: { readonly size: number; readonly minimum: number; readonly sybils?: number },
): readonly bigint[] {
  const opened: bigint[] = []
  for (let round = 0; round < rounds; round++) {
    const there = Array.from({ length: size }, (_, seat) => seat).filter(
      (seat) => seat < sybils || Prng.unit(prng) < attendance,
    )
    const missing = size - there.length
    // Where few others miss a round, the Sybils miss it with them.
    const away = missing > 0 && missing + sybils >= minimum ? sybils : 0
    const set = rule(Record.bitmapOf(there.filter((seat) => seat >= away)), opened, minimum)
    if (set !== 0n) opened.push(set)
  }
  return opened
}

/** In how many epochs somebody honest stands alone; and of each, that its update is really what comes out. */
function exposed(rule: Rule, setting: Parameters<typeof epoch>[2]): number {
  const prng = Prng.from(42, setting.size, setting.sybils ?? 0)
  const { size, sybils = 0 } = setting
  let found = 0
  for (let at = 0; at < epochs; at++) {
    const sets = epoch(prng, rule, setting)
    const updates = Array.from({ length: size }, () =>
      Array.from({ length: 4 }, () => BigInt(prng()) - 2n ** 31n),
    )
    const honest = ~((1n << BigInt(sybils)) - 1n)
    // What Sybils gave is known, and taken off each sum.
    const known = sets.map((set) => set & honest)
    const sums = known.map((set) =>
      Array.from({ length: 4 }, (_, i) =>
        Record.seats(set).reduce((sum, seat) => sum + (updates[seat]?.[i] ?? 0n), 0n),
      ),
    )
    const alone = Linear.isolated(known, size)
    for (const { seat, factors } of alone) expect(Linear.combined(factors, sums)).toEqual(updates[seat])
    if (alone.length > 0) found += 1
  }
  return found
}

test.for([
  { size: 16, minimum: 3 },
  { size: 12, minimum: 5 },
  { size: 8, minimum: 5 },
])('an epoch of sums isolates nobody: $size providers, minimum $minimum', (setting, { task }) => {
  const [kept, broken] = [exposed(withRule, setting), exposed(without, setting)]
  expect(kept).toBe(0)
  expect(broken).toBeGreaterThan(0.9 * epochs)
  Table.tell(task, {
    attack: `disaggregation: ${setting.size} providers, 10 rounds at 95 %, minimum ${setting.minimum}`,
    with: `somebody isolated in ${kept} of ${epochs} epochs`,
    without: `in ${broken} of ${epochs}`,
  })
})

test('Sybils that miss rounds together with an honest provider bare it, as many as the minimum less one', ({
  task,
}) => {
  for (const { sybils, least, most } of [
    { sybils: 1, least: 0, most: 1 },
    { sybils: 2, least: 0.9, most: 1 },
  ]) {
    const found = exposed(withRule, { size: 16, minimum: 3, sybils })
    expect(found).toBeGreaterThanOrEqual(least * epochs)
    expect(found).toBeLessThanOrEqual(most * epochs)
    Table.tell(task, {
      attack: `remains: disaggregation with ${sybils} Sybil${sybils === 1 ? '' : 's'} among 16, minimum 3`,
      with: `somebody isolated in ${found} of ${epochs} epochs`,
      without: '–',
    })
  }
})

test('two sums whose sets differ by one give that one’s update; no such second set is opened', ({ task }) => {
  const minimum = 3
  const everyone = Record.bitmapOf([0, 1, 2, 3, 4, 5, 6, 7])
  const butOne = everyone & ~Record.bitmapOf([5])
  const found = Linear.isolated([everyone, butOne], 8)
  expect(found.map(({ seat }) => seat)).toEqual([5])

  expect(Survivors.isPermitted(butOne, [], minimum)).toBe(true)
  expect(Survivors.isPermitted(butOne, [everyone], minimum)).toBe(false)
  const instead = Survivors.choose(butOne, [everyone], minimum)
  expect(Record.seats(everyone ^ instead)).toHaveLength(minimum)
  expect(Linear.isolated([everyone, instead], 8)).toEqual([])
  Table.tell(task, {
    attack: 'subset difference: 8 providers, then 7 of them',
    with: `the second set is refused, ${Record.seats(instead).length} are opened`,
    without: 'the eighth’s update, exactly',
  })
})
