// Where Foundry's own executables are. The npm packages' wrappers exit 0 whatever happened, and killed, leave theirs running.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BaseError } from '../protocol/errors.ts'

const modules = fileURLToPath(new URL('../node_modules/', import.meta.url))

/** The path of forge for this machine. */
export function forge(): string {
  return executable('forge')
}

/** The path of anvil for this machine. */
export function anvil(): string {
  return executable('anvil')
}

function executable(tool: 'forge' | 'anvil'): string {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch
  const ending = process.platform === 'win32' ? '.exe' : ''
  const file = join(
    modules,
    `@foundry-rs/${tool}-${process.platform}-${architecture}`,
    `bin/${tool}${ending}`,
  )
  if (!existsSync(file)) throw new MissingError(tool, file)
  return file
}

export class MissingError extends BaseError {
  override readonly name = 'Foundry.MissingError'
  constructor(tool: string, file: string) {
    super({
      message: `Foundry's ${tool} is not at ${file}.`,
      advice: 'Run npm ci again; if it stays away, Foundry has no build for this machine.',
    })
  }
}
