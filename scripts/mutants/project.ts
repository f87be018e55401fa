// A copy of the contracts and their tests in a folder of its own, in which mistakes are made and looked for.
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { BaseError } from '../../protocol/errors.ts'
import * as Foundry from '../foundry.ts'
import { root } from '../processes.ts'
import { importing } from './compiler.ts'

export type Verdict =
  | { readonly kind: 'killed'; readonly by: string }
  | { readonly kind: 'survived' }
  /** It does not compile. */
  | { readonly kind: 'invalid'; readonly said: string }

export type Project = {
  readonly folder: string
  /** Tests the contracts with `source` in place of one file, or as they are. */
  test(change?: { readonly file: string; readonly source: string }): Promise<Verdict>
}

/** Milliseconds: a mistake that makes tests run longer is noticed. */
const limit = 600_000
const tests = 'contracts/test'
const packages = ['@openzeppelin/contracts', '@layerzerolabs/toolbox-foundry/lib/forge-std']

/** Copies the repository's contracts to `folder`. */
export function create(folder: string, seed: number): Project {
  mkdirSync(join(folder, 'scripts'), { recursive: true })
  symlinkSync(join(root, 'scripts/solc.mjs'), join(folder, 'scripts/solc.mjs'))
  cpSync(join(root, 'foundry.toml'), join(folder, 'foundry.toml'))
  cpSync(join(root, 'test/vectors'), join(folder, 'test/vectors'), { recursive: true })
  for (const each of packages) {
    cpSync(join(root, 'node_modules', each), join(folder, 'node_modules', each), { recursive: true })
  }
  for (const path of readdirSync(join(root, 'contracts'), { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.sol')) continue
    const original = `contracts/${path.replaceAll('\\', '/')}`
    const place = original.startsWith(`${tests}/`) ? original.replace(tests, 'tests') : original
    mkdirSync(dirname(join(folder, place)), { recursive: true })
    const source = readFileSync(join(root, original), 'utf8')
    writeFileSync(join(folder, place), place === original ? source : moved(source, original, place))
  }
  return at(folder, seed)
}

/** The same again, with all that was compiled so far. */
export function copy({ folder }: Project, to: string, seed: number): Project {
  cpSync(folder, to, { recursive: true, verbatimSymlinks: true })
  return at(to, seed)
}

function at(folder: string, seed: number): Project {
  return {
    folder,
    test: async (change) => {
      if (change === undefined) return verdict(folder, seed)
      const path = join(folder, 'contracts', change.file)
      const before = readFileSync(path)
      writeFileSync(path, change.source)
      try {
        return await verdict(folder, seed)
      } finally {
        writeFileSync(path, before)
      }
    },
  }
}

/** Examples first; sequences of calls only where no example fails. What gas is used and how long code is, is no matter. */
async function verdict(folder: string, seed: number): Promise<Verdict> {
  // Sequences that failed before belong to another mistake.
  for (const kept of ['fuzz', 'invariant'])
    rmSync(join(folder, 'cache', kept), { recursive: true, force: true })
  const first = await forge(folder, seed, '--no-match-contract', 'Invariant|Gas|Size')
  return first.kind === 'survived' ? forge(folder, seed, '--match-contract', 'Invariant') : first
}

function forge(folder: string, seed: number, ...selection: readonly string[]): Promise<Verdict> {
  const parameters = [
    ...['test', '--fail-fast', '--threads', '1', '--fuzz-seed', String(seed)],
    // Halves of tests in test/, which alone can run them.
    ...['--no-match-path', 'tests/exchange/*', ...selection],
  ]
  const env = { ...process.env, FOUNDRY_PROFILE: 'mutants', NO_COLOR: '1' }
  const settings = { cwd: folder, env, timeout: limit, killSignal: 'SIGKILL', maxBuffer: 1 << 28 } as const
  return new Promise((resolve, reject) => {
    execFile(Foundry.forge(), parameters, settings, (error, stdout, stderr) => {
      const said = `${stdout}\n${stderr}`
      if (error === null || said.includes('No tests')) return resolve({ kind: 'survived' })
      if (error.killed === true) return resolve({ kind: 'killed', by: 'the time limit' })
      if (/Compil(er run|ation) failed/.test(said)) return resolve({ kind: 'invalid', said })
      const failed = /^\[FAIL.*\] (\w+)\(/m.exec(said)?.[1]
      return failed === undefined
        ? reject(new BrokenError(folder, said))
        : resolve({ kind: 'killed', by: failed })
    })
  })
}

/** `source` with its imports of what stays behind corrected. */
function moved(source: string, from: string, to: string): string {
  return source.replaceAll(importing, (statement: string, imported: string) => {
    const path = posix.join(posix.dirname(from), imported)
    if (!imported.startsWith('.') || path.startsWith(`${tests}/`)) return statement
    return statement.replace(imported, posix.relative(posix.dirname(to), path))
  })
}

export class BrokenError extends BaseError {
  override readonly name = 'Project.BrokenError'
  constructor(folder: string, said: string) {
    super({
      message: `forge failed in ${folder}, and no test did: ${said.trim().split('\n').slice(-20).join('\n')}`,
      advice: 'Make forge test succeed first.',
    })
  }
}
