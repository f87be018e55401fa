// `npm test`: every suite, one line each, and a last line that counts them all. `--quick` leaves out what needs a browser or minutes, `--deep` takes hours over the contracts alone.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { check, quick } from './check.ts'
import * as Foundry from './foundry.ts'
import * as Steps from './steps.ts'
import { tool } from './steps.ts'

type Count = { readonly passed: number; readonly failed: number; readonly skipped: number }

const none: Count = { passed: 0, failed: 0, skipped: 0 }
const reports = mkdtempSync(join(tmpdir(), 'galaxy-reports-'))

const isQuick = process.argv.includes('--quick')
const isDeep = process.argv.includes('--deep')
if (isDeep) process.env['GALAXY_DEEP'] = '1'
type Lane = Readonly<Record<string, () => Promise<Count>>>

/** Run side by side; the suites of each one after another. */
const lanes: readonly Lane[] = isDeep
  ? [
      {
        contracts: () => contracts({ FOUNDRY_PROFILE: 'deep' }),
        node: () => vitest('node', 'test/history/', 'test/vectors/'),
      },
    ]
  : isQuick
    ? [
        { check: async () => count(await Steps.runAll(quick, 1)) },
        { contracts: () => contracts({ FOUNDRY_FUZZ_RUNS: '64' }, '--no-match-contract', 'Invariant|Gas') },
        { node: () => vitest('node', 'protocol/', 'workers/', 'web/', 'relay/') },
      ]
    : [
        // What computes on one core; the others mostly wait for browsers and chains, and want the other one.
        {
          check: async () => {
            const { passed, failed } = await check(1)
            return { passed, failed, skipped: 0 }
          },
          sim: () => vitest('sim'),
        },
        {
          contracts: () => contracts({}),
          node: () => vitest('node'),
          e2e: () => vitest('e2e'),
          browser: () => vitest('browser'),
        },
      ]

let total = none
const lines: string[] = []

await Promise.all(
  lanes.map(async (lane) => {
    for (const suite of Object.entries(lane)) await conduct(suite)
  }),
)

rmSync(reports, { recursive: true, force: true })
process.stdout.write(`\n${lines.join('\n')}\n${total.passed} passed, ${total.failed} failed\n`)
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1

async function conduct([name, suite]: [string, () => Promise<Count>]): Promise<void> {
  if (!isQuick) process.stdout.write(`\n== ${name}\n`)
  const began = performance.now()
  const counted = await suite()
  total = add(total, counted)
  const skipped = counted.skipped > 0 ? `, ${counted.skipped} skipped` : ''
  const seconds = ((performance.now() - began) / 1000).toFixed(0)
  lines.push(`${name.padEnd(10)} ${counted.passed} passed, ${counted.failed} failed${skipped} (${seconds} s)`)
}

async function contracts(env: Record<string, string>, ...parameters: readonly string[]): Promise<Count> {
  const outcome = await Steps.run({
    name: 'forge test',
    command: [Foundry.forge(), 'test', '--json', ...parameters],
    env,
  })
  const start = outcome.output.indexOf('{')
  if (start === -1) return { ...none, failed: 1 }
  const report = parse(outcome.output.slice(start).split('\n')[0] ?? '')
  if (report === undefined) return { ...none, failed: 1 }
  let counted = none
  for (const contract of Object.values(report)) {
    for (const [name, { status, reason }] of Object.entries(contract.test_results)) {
      if (status === 'Failure') process.stdout.write(`       ${name}: ${reason ?? 'failed'}\n`)
      counted = add(counted, {
        passed: status === 'Success' ? 1 : 0,
        failed: status === 'Failure' ? 1 : 0,
        skipped: status === 'Skipped' ? 1 : 0,
      })
    }
  }
  return !outcome.ok && counted.failed === 0 ? add(counted, { ...none, failed: 1 }) : counted
}

type ForgeReport = Record<
  string,
  { test_results: Record<string, { status: string; reason?: string | null }> }
>

function parse(text: string): ForgeReport | undefined {
  try {
    return JSON.parse(text) as ForgeReport
  } catch {
    return undefined
  }
}

/** A suite that could not even start counts as one failure. */
async function vitest(project: string, ...folders: readonly string[]): Promise<Count> {
  const file = join(reports, `${project}.json`)
  const outcome = await Steps.run({
    name: `vitest ${project}`,
    command: tool(
      'vitest/vitest.mjs',
      ...[
        'run',
        ...folders,
        '--project',
        project,
        '--reporter',
        'dot',
        '--reporter',
        'json',
        '--outputFile.json',
        file,
      ],
    ),
  })
  if (!existsSync(file)) return { ...none, failed: 1 }
  const report = JSON.parse(readFileSync(file, 'utf8')) as {
    numPassedTests: number
    numFailedTests: number
    numPendingTests: number
    numFailedTestSuites: number
  }
  const failed = Math.max(report.numFailedTests, outcome.ok ? 0 : 1)
  return { passed: report.numPassedTests, failed, skipped: report.numPendingTests }
}

function count(outcomes: readonly Steps.Outcome[]): Count {
  const passed = outcomes.filter(({ ok }) => ok).length
  return { passed, failed: outcomes.length - passed, skipped: 0 }
}

function add(left: Count, right: Count): Count {
  return {
    passed: left.passed + right.passed,
    failed: left.failed + right.failed,
    skipped: left.skipped + right.skipped,
  }
}
