// Runs seeds and prints what happened in each: node test/sim/main.ts --seeds 1..20 [--datas 100] [--computes 5] [--real-keys]
// With --leave 0.3 that part of all data providers leaves at a random step of each round, and nothing else is wrong.
// With --without survivors,shares,release rules are switched off, which the laws have to notice.
import { parseArgs } from 'node:util'
import { without } from './without/hooks.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1..20' },
    datas: { type: 'string', default: '100' },
    computes: { type: 'string', default: '5' },
    'real-keys': { type: 'boolean', default: false },
    without: { type: 'string', default: '' },
    leave: { type: 'string' },
  },
})
without(values.without === '' ? [] : values.without.split(','))
const [Keys, Scenario, World] = await Promise.all([
  import('./keys.ts'),
  import('./scenario.ts'),
  import('./world.ts'),
])
const [first = 1, last = first] = values.seeds.split('..').map(Number)
const size = { datas: Number(values.datas), computes: Number(values.computes) }
const scenarioOf = (seed: number) =>
  values.leave === undefined ? Scenario.from(seed, size) : Scenario.leaving(seed, Number(values.leave))
const faults = new Map<string, number>()
const adversaries = new Map<string, number>()
const total = { steps: 0, committed: 0, aborted: 0 }
let failed = 0

for (let seed = first; seed <= last; seed++) {
  const began = performance.now()
  try {
    const outcome = World.run(scenarioOf(seed), values['real-keys'] ? Keys.real() : Keys.pretended())
    const { counts } = outcome.tally
    for (const [kind, count] of counts.faults) faults.set(kind, (faults.get(kind) ?? 0) + count)
    for (const [kind, count] of counts.adversaries)
      adversaries.set(kind, (adversaries.get(kind) ?? 0) + count)
    total.steps += counts.steps
    total.committed += outcome.committed
    total.aborted += outcome.aborted
    const cells = [
      `seed ${seed}`.padEnd(10),
      outcome.scenario.name.padEnd(24),
      outcome.state.padEnd(14),
      `${outcome.enrolled} enrolled`.padEnd(13),
      `rounds ${outcome.committed} committed ${outcome.aborted} aborted`.padEnd(30),
      `${outcome.seconds} s`.padEnd(8),
      `${counts.steps} steps`.padEnd(16),
      `${counts.messages} messages`.padEnd(16),
      `${Math.round(performance.now() - began)} ms`,
      outcome.byStranger ? '(ended by a stranger)' : '',
    ]
    console.log(cells.join(' ').trimEnd())
  } catch (thrown) {
    failed += 1
    console.error(
      `seed ${seed} FAILED: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`,
    )
    const leave = values.leave === undefined ? '' : ` --leave ${values.leave}`
    const off = `${leave}${values.without === '' ? '' : ` --without ${values.without}`}`
    const real = `${values['real-keys'] ? ' --real-keys' : ''}${off}`
    console.error(
      `replay: node test/sim/main.ts --seeds ${seed} --datas ${size.datas} --computes ${size.computes}${real}`,
    )
  }
}

for (const [title, kinds] of [
  ['faults by kind', faults],
  ['adversaries by what they did', adversaries],
] as const) {
  console.log(`\n${title}`)
  for (const [kind, count] of [...kinds].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    console.log(`  ${String(count).padStart(8)} ${kind}`)
}
console.log(`\n${total.steps} steps, ${total.committed} rounds finished, ${total.aborted} aborted`)
console.log(`\n${last - first + 1 - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
