// `npm run bench -- PART`: measures a part, or without one all, in a real browser under the vault's headers, and compares
// it with its limits.
//   --json FILE  also writes it there
//   --small      a little of everything; the figures then say nothing
import { rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Browser, Page } from 'playwright'
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

export type Measured = { readonly part: Report.Part } & Report.Report

/** All rows in columns, then the machine, then every limit that is not met. */
export function table(measured: readonly Measured[], machine: Machine): string {
  const several = measured.length > 1
  const rows = measured.flatMap((each) =>
    each.rows.map((row) => ({ ...row, group: several ? `${each.part}: ${row.group}` : row.group })),
  )
  const sizes = measured.flatMap((each) =>
    Object.entries(each.sizes).map(([name, size]) => ({
      name: several ? `${each.part}: ${name}` : name,
      size,
    })),
  )
  const label = (name: string) => name.padEnd(Math.max(14, ...sizes.map((each) => each.name.length + 2)))
  const columns = rows.map((row) => [
    row.name,
    figure(row.median),
    row.least === row.most || Number.isNaN(row.median) ? '' : `${figure(row.least)} to ${figure(row.most)}`,
    row.unit,
    [
      ...(row.limit === undefined ? [] : [`at most ${figure(row.limit)}`]),
      ...(row.floor === undefined ? [] : [`at least ${figure(row.floor)}`]),
      ...(Report.isBroken(row) ? ['BROKEN'] : []),
    ].join(' '),
    row.note ?? '',
  ])
  const widths = [0, 1, 2, 3, 4].map((i) => Math.max(...columns.map((column) => column[i]?.length ?? 0)))
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
    ...sizes.map(({ name, size }) => `${label(name)}${size.toLocaleString('en')}`),
    `${label('processor')}${machine.processor}, ${machine.cores} cores`,
    `${label('load')}${machine.loadBefore.toFixed(1)} before, ${machine.loadAfter.toFixed(1)} at the end`,
    `${label('browser')}${machine.browser}${machine.isolated ? '' : ', not cross-origin isolated, as the vault'}`,
    `${label('adapter')}${machine.adapter}`,
    '',
    broken.length === 0 ? 'all limits are met' : `limits not met: ${broken.map(named).join('; ')}`,
  ].join('\n')
}

function named({ group, name }: Report.Row): string {
  return `${group}, ${name}`
}

function figure(value: number): string {
  if (Number.isNaN(value)) return '-'
  const isWhole = value >= 1000 || Number.isInteger(value)
  return isWhole ? value.toLocaleString('en', { maximumFractionDigits: 0 }) : value.toPrecision(3)
}

async function measured(
  parts: readonly Report.Part[],
  scale: Report.Scale,
): Promise<{ readonly found: readonly Measured[]; readonly machine: Machine }> {
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
    const address = served.resolvedUrls?.local[0] ?? ''
    const seen = await onPage(browser, address, (page) => page.evaluate(() => globalThis.bench.machine()))
    const [loadBefore = NaN] = loadavg()
    const found: Measured[] = []
    for (const part of parts) {
      const report = await onPage(browser, address, (page) =>
        page.evaluate(([each, size]) => globalThis.bench.run(each, size), [part, scale] as const),
      )
      found.push({ part, ...report })
    }
    const [loadAfter = NaN] = loadavg()
    const processor = cpus()[0]?.model ?? 'unknown'
    const named = `${browser.browserType().name()} ${browser.version()}`
    const load = { loadBefore, loadAfter }
    return { found, machine: { processor, cores: cpus().length, ...load, browser: named, ...seen } }
  } finally {
    await browser.close()
    await served.close()
    rmSync(join(root, 'dist/bench'), { recursive: true, force: true })
  }
}

/** A page of its own, so that parts leave each other nothing; closed afterwards. */
async function onPage<result>(
  browser: Browser,
  address: string,
  use: (page: Page) => Promise<result>,
): Promise<result> {
  const page = await browser.newPage()
  try {
    page.on('console', (message) => {
      if (message.type() !== 'warning') process.stderr.write(`${message.text()}\n`)
    })
    page.on('pageerror', (error) => process.stderr.write(`${error.message}\n`))
    await page.exposeFunction('pressKey', () => page.keyboard.press('a'))
    await page.goto(address)
    await page.waitForFunction(() => 'bench' in globalThis)
    return await use(page)
  } finally {
    await page.close()
  }
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    options: { json: { type: 'string' }, small: { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  const parts = Report.parts.filter((each) => positionals.length === 0 || each === positionals[0])
  if (parts.length === 0 || positionals.length > 1) {
    process.stderr.write(`usage: npm run bench -- [${Report.parts.join('|')}] [--small] [--json FILE]\n`)
    process.exit(2)
  }
  const { found, machine } = await measured(parts, values.small ? 'small' : 'full')
  process.stdout.write(`${table(found, machine)}\n`)
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ machine, parts: found }, undefined, 2)}\n`)
  process.exitCode = found.some(({ rows }) => rows.some(Report.isBroken)) ? 1 : 0
}
