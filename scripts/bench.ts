// `npm run bench -- PART`: measures a part in a real browser's worker, under the vault's headers, and compares it with its limits.
//   --json FILE  also writes it there
//   --small      a little of everything; the figures then say nothing
import { rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build, preview } from 'vite'
import * as Report from '../test/bench/report.ts'
import { launch } from '../test/e2e/browser.ts'
import { root } from './processes.ts'

export type Machine = {
  readonly processor: string
  readonly cores: number
  /** What had run beside it in the minute before, and in the last of its own: 1 is one busy core. */
  readonly loadBefore: number
  readonly loadAfter: number
  readonly browser: string
  readonly adapter: string
  readonly isolated: boolean
}

/** All rows in columns, then the machine, then every limit that is not met. */
export function table({ rows, sizes }: Report.Report, machine: Machine): string {
  const columns = rows.map((row) => [
    row.name,
    figure(row.median),
    row.least === row.most ? '' : `${figure(row.least)} to ${figure(row.most)}`,
    row.unit,
    row.limit === undefined ? '' : `at most ${figure(row.limit)}${Report.isBroken(row) ? ' BROKEN' : ''}`,
  ])
  const widths = [0, 1, 2, 3].map((i) => Math.max(...columns.map((column) => column[i]?.length ?? 0)))
  const lines = columns.flatMap((column, i) => {
    const group = rows[i]?.group ?? ''
    const cells = column.map((cell, at) =>
      at === 1 ? cell.padStart(widths[1] ?? 0) : cell.padEnd(widths[at] ?? 0),
    )
    return [...(rows[i - 1]?.group === group ? [] : ['', group]), `  ${cells.join('  ')}`.trimEnd()]
  })
  const broken = rows.filter(Report.isBroken)
  return [
    ...lines.slice(1),
    '',
    ...Object.entries(sizes).map(([name, size]) => `${name.padEnd(14)}${size.toLocaleString('en')}`),
    `processor     ${machine.processor}, ${machine.cores} cores`,
    `load          ${machine.loadBefore.toFixed(1)} before, ${machine.loadAfter.toFixed(1)} at the end`,
    `browser       ${machine.browser}${machine.isolated ? '' : ', not cross-origin isolated, as the vault'}`,
    `adapter       ${machine.adapter}`,
    '',
    broken.length === 0 ? 'all limits are met' : `limits not met: ${broken.map(named).join('; ')}`,
  ].join('\n')
}

function named({ group, name }: Report.Row): string {
  return `${group}, ${name}`
}

function figure(value: number): string {
  return value >= 1000 || Number.isInteger(value) ? value.toLocaleString('en') : value.toPrecision(3)
}

async function measured(
  part: Report.Part,
  scale: Report.Scale,
): Promise<{ report: Report.Report; machine: Machine }> {
  const configFile = join(root, 'vite.config.ts')
  await build({ configFile, mode: 'bench', logLevel: 'error' })
  const served = await preview({
    configFile,
    mode: 'bench',
    logLevel: 'error',
    preview: { port: 0, strictPort: false, host: '127.0.0.1', open: false },
  })
  const browser = await launch()
  try {
    const page = await browser.newPage()
    page.on('console', (message) => {
      if (message.type() !== 'warning') process.stderr.write(`${message.text()}\n`)
    })
    page.on('pageerror', (error) => process.stderr.write(`${error.message}\n`))
    await page.goto(served.resolvedUrls?.local[0] ?? '')
    await page.waitForFunction(() => 'bench' in globalThis)
    const seen = await page.evaluate(() => globalThis.bench.machine())
    const [loadBefore = NaN] = loadavg()
    const report = await page.evaluate(([each, size]) => globalThis.bench.run(each, size), [
      part,
      scale,
    ] as const)
    const [loadAfter = NaN] = loadavg()
    const processor = cpus()[0]?.model ?? 'unknown'
    const named = `${browser.browserType().name()} ${browser.version()}`
    const load = { loadBefore, loadAfter }
    return { report, machine: { processor, cores: cpus().length, ...load, browser: named, ...seen } }
  } finally {
    await browser.close()
    await served.close()
    rmSync(join(root, 'dist/bench'), { recursive: true, force: true })
  }
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    options: { json: { type: 'string' }, small: { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  const part = Report.parts.find((each) => each === positionals[0])
  if (part === undefined || positionals.length > 1) {
    process.stderr.write(`usage: npm run bench -- ${Report.parts.join('|')} [--small] [--json FILE]\n`)
    process.exit(2)
  }
  const { report, machine } = await measured(part, values.small ? 'small' : 'full')
  process.stdout.write(`${table(report, machine)}\n`)
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ part, machine, ...report }, undefined, 2)}\n`)
  process.exitCode = report.rows.some(Report.isBroken) ? 1 : 0
}
