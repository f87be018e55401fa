// The syntax trees of Solidity files, by the pinned compiler.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import * as v from 'valibot'
import * as Codec from '../../protocol/codec.ts'
import { BaseError } from '../../protocol/errors.ts'
import { root } from '../processes.ts'
import * as Ast from './ast.ts'

export const importing = /^(?:import|\})[^;"]*"([^"]+)";/gm
const remappings = ['@openzeppelin/=node_modules/@openzeppelin/']
const output = v.object({
  errors: v.optional(v.array(v.object({ severity: v.string(), formattedMessage: v.string() })), []),
  sources: v.optional(v.record(v.string(), v.object({ ast: v.unknown() })), {}),
})

/** `paths` and everything they import, by path from the repository's root; packages lie in node_modules. */
export function sourcesOf(paths: readonly string[]): ReadonlyMap<string, string> {
  const sources = new Map<string, string>()
  const waiting = [...paths]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (sources.has(path)) continue
    const source = readFileSync(join(root, path), 'utf8')
    sources.set(path, source)
    for (const [, imported = ''] of source.matchAll(importing)) {
      const isRelative = imported.startsWith('.')
      waiting.push(isRelative ? posix.join(posix.dirname(path), imported) : `node_modules/${imported}`)
    }
  }
  return sources
}

/** The tree of each of `sources`, by path; what they import is taken from `sources` too. */
export function trees(sources: ReadonlyMap<string, string>): ReadonlyMap<string, Ast.Node> {
  const written = execFileSync(process.execPath, [join(root, 'scripts/solc.mjs'), '--standard-json'], {
    input: JSON.stringify({
      language: 'Solidity',
      sources: Object.fromEntries([...sources].map(([path, content]) => [path, { content }])),
      settings: { remappings: [...remappings], outputSelection: { '*': { '': ['ast'] } } },
    }),
    maxBuffer: 1 << 30,
  })
  const { errors, sources: read } = Codec.parse(output, JSON.parse(written.toString()), 'output of solc')
  const broken = errors.find(({ severity }) => severity === 'error')
  if (broken !== undefined) throw new BrokenError(broken.formattedMessage)
  return new Map(
    Object.entries(read).flatMap(([path, { ast }]) => {
      const tree = Ast.node(ast)
      return tree === undefined ? [] : [[path, tree] as const]
    }),
  )
}

export class BrokenError extends BaseError {
  override readonly name = 'Compiler.BrokenError'
  constructor(said: string) {
    super({
      message: `The contracts do not compile: ${said}`,
      advice: 'Make forge build succeed first.',
    })
  }
}
