// Runs the half of a test that is written in Solidity (contracts/test/exchange), with a folder that both halves may use.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import * as Foundry from '../../scripts/foundry.ts'
import { root } from '../../scripts/processes.ts'

/** Set by `npm run test:deep`. */
export const isDeep = process.env['GALAXY_DEEP'] === '1'

/** What this run draws from: another on each run, unless GALAXY_SEED replays one. */
export function seed(): number {
  const given = process.env['GALAXY_SEED']
  return given === undefined ? randomInt(2 ** 31) : Number(given)
}

/** GALAXY_COUNT where it is given, as in the command that replays a failing seed. */
export function count(usual: number): number {
  return Number(process.env['GALAXY_COUNT'] ?? usual)
}

/** The command that runs one seed of a test again. */
export function replay(file: string, failing: number): string {
  return `GALAXY_SEED=${failing} GALAXY_COUNT=1 npx vitest run --project node ${file}`
}

/** A folder for one run; forge may read and write in it. */
export function open(): { readonly folder: string; readonly close: () => void } {
  const parent = join(root, 'cache', 'exchange')
  mkdirSync(parent, { recursive: true })
  const folder = mkdtempSync(join(parent, 'run-'))
  return { folder, close: () => rmSync(folder, { recursive: true, force: true }) }
}

/** Resolves with what forge printed; rejects with it where a test failed or none ran. */
export async function forge(name: string, settings: Readonly<Record<string, string>>): Promise<string> {
  // Whatever changed is compiled whole first: forge 1.7.1 writes what a filtered run compiles on the way without its
  // bytecode, and takes that for the contract from then on.
  await run(['build'], {})
  const parameters = [
    'test',
    ...['--match-path', `contracts/test/exchange/${name}.t.sol`, '--no-match-path', 'none'],
    ...['--gas-limit', '18446744073709551615'],
  ]
  // Its cost is of no call of a user, so it must not change what calls cost.
  const printed = await run(parameters, { ...settings, FOUNDRY_GAS_SNAPSHOT_EMIT: 'false' })
  if (!printed.includes('[PASS]')) throw new Error(printed)
  return printed
}

/** Resolves with what forge printed. */
async function run(
  parameters: readonly string[],
  settings: Readonly<Record<string, string>>,
): Promise<string> {
  const env = { ...process.env, ...settings }
  const child = spawn(Foundry.forge(), parameters, { cwd: root, env })
  let printed = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      printed += chunk.toString()
    })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  if (code !== 0) throw new Error(printed)
  return printed
}
