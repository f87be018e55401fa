// Builds both origins into dist/, unless what is there came from the same sources.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BaseError } from '../protocol/errors.ts'
import { root } from './processes.ts'

const sources = {
  app: ['web', 'workers', 'protocol'],
  vault: ['workers', 'protocol'],
}
const shared = [
  'vite.config.ts',
  'package-lock.json',
  'scripts/assemblyscript.ts',
  'scripts/headers.ts',
  'scripts/origins.ts',
]

if (import.meta.main) {
  build((line) => process.stdout.write(`${line}\n`), true)
}

/** Says what it builds; `force` builds in any case. */
export function build(say: (line: string) => void, force = false): void {
  for (const mode of ['app', 'vault'] as const) {
    const stamp = join(root, 'dist', `${mode}.sources`)
    const digest = digestOf([...sources[mode], ...shared])
    const fresh = existsSync(stamp) && readFileSync(stamp, 'utf8') === digest
    if (fresh && !force) continue
    say(`building the ${mode}`)
    rmSync(stamp, { force: true })
    const vite = join(root, 'node_modules/vite/bin/vite.js')
    const done = spawnSync(process.execPath, [vite, 'build', '--mode', mode, '--logLevel', 'warn'], {
      cwd: root,
      encoding: 'utf8',
      // A test runner's own would make a build with checks for developers in it, larger and slower.
      env: { ...process.env, NODE_ENV: 'production' },
    })
    if (done.status !== 0) throw new BuildError(mode, `${done.stdout}${done.stderr}`)
    mkdirSync(join(root, 'dist'), { recursive: true })
    writeFileSync(stamp, digest)
  }
}

function digestOf(paths: readonly string[]): string {
  const hash = createHash('sha256')
  for (const [name, value] of Object.entries(process.env).sort()) {
    if (name.startsWith('VITE_')) hash.update(`${name}=${value}\n`)
  }
  for (const path of paths.flatMap(filesUnder).sort()) {
    hash.update(`${path}\n`)
    hash.update(readFileSync(join(root, path)))
  }
  return hash.digest('hex')
}

function filesUnder(path: string): string[] {
  const absolute = join(root, path)
  if (!existsSync(absolute)) return []
  if (path.includes('.')) return [path]
  return readdirSync(absolute, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
}

export class BuildError extends BaseError {
  override readonly name = 'Build.BuildError'
  constructor(mode: string, output: string) {
    super({
      message: `The ${mode} could not be built: ${output.trim().split('\n').slice(-12).join('\n')}`,
      advice: 'Mend what is named there and start again.',
    })
  }
}
