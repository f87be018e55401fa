// `npm run demo`: a real task from rows to claims, driven through the screens in separate browser contexts.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { Browser } from 'playwright'
import { BaseError } from '../../protocol/errors.ts'
import { launch } from '../../test/e2e/browser.ts'
import { root } from '../processes.ts'
import { type Stack, startStack } from '../stack.ts'
import * as Perform from './perform.ts'
import * as Report from './report.ts'

const { json, headed, rounds } = parseArgs({
  options: {
    json: { type: 'string' },
    headed: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '4' },
  },
}).values

const began = performance.now()
const screenshots = join(root, 'screenshots')
const folder = mkdtempSync(join(tmpdir(), 'galaxy-demo-'))
let step = 'starting'
let stack: Stack | undefined
let browser: Browser | undefined
let stage: Perform.Stage | undefined

function say(line: string): void {
  step = line
  const seconds = ((performance.now() - began) / 1000).toFixed(0)
  process.stdout.write(`${seconds.padStart(4)} s  ${line}\n`)
}

async function close(): Promise<void> {
  await browser?.close().catch(() => undefined)
  await stack?.stop()
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    void close().then(() => process.exit(130))
  })
}

try {
  mkdirSync(screenshots, { recursive: true })
  stack = await startStack({ folder: join(folder, 'stack'), say })
  browser = await launch({ headed })
  stage = { stack, browser, folder, screenshots, say, people: [] }
  const report = await Perform.perform(stage, Number(rounds))
  if (json !== undefined) writeFileSync(resolve(json), `${JSON.stringify(report, undefined, 2)}\n`)
  process.stdout.write(Report.print(report))
  process.stdout.write(`Screenshots of every role are in ${screenshots}\n`)
  process.exitCode = report.held.every(({ ok }) => ok) ? 0 : 1
  await close()
  rmSync(folder, { recursive: true, force: true })
} catch (cause) {
  process.exitCode = 1
  process.stderr.write(`\nThe demo failed at this step: ${step}\n`)
  process.stderr.write(
    cause instanceof BaseError
      ? `${cause.message}\n${cause.advice}\n`
      : `${cause instanceof Error ? cause.stack : String(cause)}\n`,
  )
  if (stage !== undefined) await Perform.remember(stage, 'failed').catch(() => undefined)
  await close()
  process.stderr.write(`The logs are kept in ${folder}\n`)
}
process.exit()
