// Where forge itself is. The npm package's wrapper exits 0 whatever forge says, so every failure would pass for success.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BaseError } from '../protocol/errors.ts'

const modules = fileURLToPath(new URL('../node_modules/', import.meta.url))

/** The path of the executable for this machine. */
export function forge(): string {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch
  const ending = process.platform === 'win32' ? '.exe' : ''
  const file = join(modules, `@foundry-rs/forge-${process.platform}-${architecture}`, `bin/forge${ending}`)
  if (!existsSync(file)) throw new MissingError(file)
  return file
}

export class MissingError extends BaseError {
  override readonly name = 'Foundry.MissingError'
  constructor(file: string) {
    super({
      message: `Foundry's forge is not at ${file}.`,
      advice: 'Run npm ci again; if it stays away, Foundry has no build for this machine.',
    })
  }
}
