// Whole tasks in a simulated world, one for each seed, on all cores: npm run sim -- --seeds 1..10000
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import * as Crew from './crew.ts'
import type { Cut } from './cut.ts'
import type { Counts, Report } from './seed.ts'

const usage = `usage: npm run sim -- [options]
  --seeds A..B         the seeds to run (1..20)
  --verbose            a line for every seed
  --workers N          processes (one per core)
  --datas N            data providers in every seed, with --computes N compute providers; else by the seed
  --leave 0.3          that part of all data providers leaves in each round, and nothing else is wrong
  --real-keys          signatures that are real
  --without A,B        switches rules off, to see the laws find it: survivors, shares, release; ends at the first find
  --cut JSON           a smaller run of one seed, as a failure prints it`

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1..20' },
    verbose: { type: 'boolean', default: false },
    workers: { type: 'string', default: String(availableParallelism()) },
    datas: { type: 'string' },
    computes: { type: 'string', default: '5' },
    leave: { type: 'string' },
    'real-keys': { type: 'boolean', default: false },
    without: { type: 'string', default: '' },
    cut: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

/** Failures that are made smaller; the others are only named. */
const mostShrunk = 3
const progressEvery = 20_000

if (values.help) console.log(usage)
else process.exitCode = await run()

async function run(): Promise<number> {
  const [first = 1, last = first] = values.seeds.split('..').map(Number)
  const { datas, leave, without } = values
  const cut: Cut | undefined = values.cut === undefined ? undefined : JSON.parse(values.cut)
  const crew = Crew.start(Math.max(1, Math.min(Number(values.workers), last - first + 1)), {
    without: without === '' ? [] : without.split(','),
    settings: {
      isSigned: values['real-keys'],
      ...(datas === undefined ? {} : { size: { datas: Number(datas), computes: Number(values.computes) } }),
      ...(leave === undefined ? {} : { leave: Number(leave) }),
      ...(cut === undefined ? {} : { cut }),
    },
  })
  const began = performance.now()
  const failures: Report[] = []
  const sums = { seeds: 0, steps: 0, committed: 0, aborted: 0 }
  const faults = new Map<string, number>()
  const adversaries = new Map<string, number>()
  let shownAt = began

  await crew.run({ first, last, untilFailure: without !== '' }, (report) => {
    sums.seeds += 1
    for (const count of ['steps', 'committed', 'aborted'] as const) sums[count] += report[count]
    addUp(faults, report.faults)
    addUp(adversaries, report.adversaries)
    if (report.breach !== undefined) failures.push(report)
    if (values.verbose || report.breach !== undefined) console.log(report.line)
    if (performance.now() - shownAt < progressEvery) return
    shownAt = performance.now()
    const left = ((shownAt - began) / sums.seeds) * (last - report.seed)
    console.error(
      `${sums.seeds} of ${last - first + 1} seeds, ${failures.length} violations, ${Math.ceil(left / 60_000)} min left`,
    )
  })
  for (const { seed, stack } of failures.slice(0, mostShrunk)) {
    console.log(`\nseed ${seed}: ${stack?.split('\n').slice(0, 3).join('\n') ?? ''}`)
    console.log(`replay: npm run sim -- --seeds ${seed}${again(cut)}`)
    const shrunk = await crew.shrink(seed)
    if (shrunk === null) console.log('it does not fail when it is run again')
    else console.log(shrunk.lines.join('\n'))
    if (shrunk !== null) console.log(`replay: npm run sim -- --seeds ${seed}${again(shrunk.cut)}`)
  }
  crew.end()

  show('faults by kind', faults)
  show('adversaries by what they did', adversaries)
  const seconds = (performance.now() - began) / 1000
  const { seeds, steps, committed, aborted } = sums
  console.log(`\n${seeds} seeds, ${steps} steps, ${committed} rounds finished, ${aborted} aborted`)
  const found = failures.map(({ seed }) => seed)
  if (without !== '')
    console.log(
      found.length > 0
        ? `without ${without}: a violation at seed ${found[0]}`
        : `without ${without}: none found`,
    )
  console.log(
    `${found.length === 0 ? 'no violation' : `violations in seeds ${found.join(', ')}`}; ${seconds.toFixed(0)} s`,
  )
  return found.length === 0 ? 0 : 1
}

/** What a command line says beside its seeds. */
function again(cut: Cut | undefined): string {
  const { datas, computes, leave, without } = values
  const said = [
    datas === undefined || cut !== undefined ? '' : `--datas ${datas} --computes ${computes}`,
    leave === undefined ? '' : `--leave ${leave}`,
    values['real-keys'] ? '--real-keys' : '',
    without === '' ? '' : `--without ${without}`,
    cut === undefined ? '' : `--cut '${JSON.stringify(cut)}'`,
  ]
  return said
    .filter((part) => part !== '')
    .map((part) => ` ${part}`)
    .join('')
}

function addUp(sums: Map<string, number>, counts: Counts): void {
  for (const [kind, count] of Object.entries(counts)) sums.set(kind, (sums.get(kind) ?? 0) + count)
}

function show(title: string, kinds: ReadonlyMap<string, number>): void {
  console.log(`\n${title}`)
  for (const [kind, count] of [...kinds].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    console.log(`  ${String(count).padStart(8)} ${kind}`)
}
