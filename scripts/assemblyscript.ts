// Compiles the kernels from their AssemblyScript: for bundles, as text in the script that asks for it, and for Node.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vite'
import packages from '../package.json' with { type: 'json' }
import { BaseError } from '../protocol/errors.ts'
import { root } from './processes.ts'

/** `strict` rounds every sum and product, the same everywhere; `relaxed` may round both at once, which is faster. */
export type Build = 'strict' | 'relaxed'

const sources = join(root, 'workers/tensors/kernels')
const cache = join(root, 'node_modules/.cache/galaxy')
const flags = ['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--use', 'abort=', '--enable', 'simd']
/** The last ones silence what concerns functions that leave the module, and memories of 64 bits. */
const quiet = ['--disableWarning', '112', '--disableWarning', '201']

/** The module of a build, compiled unless it was before. */
export function compile(build: Build): Uint8Array<ArrayBuffer> {
  const options = [...flags, ...(build === 'relaxed' ? ['--enable', 'relaxed-simd'] : []), ...quiet]
  const path = join(cache, `${digestOf(options)}.wasm`)
  if (!existsSync(path)) {
    mkdirSync(cache, { recursive: true })
    const own = `${path}.${process.pid}`
    const asc = join(root, 'node_modules/assemblyscript/bin/asc.js')
    const done = spawnSync(process.execPath, [asc, 'index.ts', ...options, '--outFile', own], {
      cwd: sources,
      encoding: 'utf8',
    })
    if (done.status !== 0) {
      rmSync(own, { force: true })
      throw new CompileError(`${done.stdout}${done.stderr}`)
    }
    renameSync(own, path)
  }
  return new Uint8Array(readFileSync(path))
}

/** Lets scripts import `…/kernels/index.ts?strict`, or `?relaxed`, as text in base 64. */
export function plugin(): Plugin {
  return {
    name: 'galaxy:assemblyscript',
    enforce: 'pre',
    load(id) {
      const build = /\/kernels\/index\.ts\?(strict|relaxed)$/.exec(id)?.[1]
      if (build !== 'strict' && build !== 'relaxed') return undefined
      for (const file of files()) this.addWatchFile(join(sources, file))
      const text = Buffer.from(compile(build)).toString('base64')
      return { code: `export default '${text}'`, moduleType: 'js' }
    },
  }
}

function digestOf(options: readonly string[]): string {
  const hash = createHash('sha256')
  hash.update(`${packages.devDependencies.assemblyscript} ${options.join(' ')}\n`)
  for (const file of files()) hash.update(`${file}\n`).update(readFileSync(join(sources, file)))
  return hash.digest('hex').slice(0, 32)
}

function files(): readonly string[] {
  return readdirSync(sources).sort()
}

class CompileError extends BaseError {
  override readonly name = 'AssemblyScript.CompileError'
  constructor(output: string) {
    super({
      message: `The kernels could not be compiled: ${output.trim()}`,
      advice: 'Mend what is named there and start again.',
    })
  }
}
