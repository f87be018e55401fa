// What forge built, made ready to be sent: libraries come before what calls them and are linked by address.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import * as v from 'valibot'
import * as Codec from '../protocol/codec.ts'
import { BaseError } from '../protocol/errors.ts'
import * as Foundry from './foundry.ts'
import { root } from './processes.ts'

/** Where a library's address belongs: 20 bytes from `start`. */
const link = v.object({ start: v.number(), length: v.literal(20) })

const schema = v.object({
  bytecode: v.object({
    object: v.pipe(v.string(), v.regex(/^0x(?:[0-9a-f]|__\$[0-9a-f]{34}\$__)+$/, 'expected bytecode')),
    linkReferences: v.record(v.string(), v.record(v.string(), v.array(link))),
  }),
  metadata: v.object({
    language: v.string(),
    settings: v.looseObject({}),
    sources: v.record(v.string(), v.unknown()),
  }),
})

export type Artifact = {
  readonly name: string
  /** Path from the repository's root. */
  readonly source: string
  /** Creation code with gaps where libraries' addresses belong. */
  readonly unlinked: string
  readonly links: readonly Link[]
  readonly metadata: v.InferOutput<typeof schema>['metadata']
}

type Link = { readonly source: string; readonly library: string; readonly start: number }

/** Addresses of libraries by `source:name`. */
export type Libraries = ReadonlyMap<string, Codec.Address>

/** Compiles `sources` as they are now: forge compiles only what changed, and no tests. */
export function build(...sources: readonly string[]): void {
  execFileSync(Foundry.forge(), ['build', '--quiet', ...sources], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

export function read(source: string, name = basename(source, '.sol'), out = join(root, 'out')): Artifact {
  const file = join(out, basename(source), `${name}.json`)
  const { bytecode, metadata } = Codec.parse(schema, JSON.parse(readFileSync(file, 'utf8')), file)
  const links = Object.entries(bytecode.linkReferences).flatMap(([source, libraries]) =>
    Object.entries(libraries).flatMap(([library, places]) =>
      places.map(({ start }) => ({ source, library, start })),
    ),
  )
  return { name, source, unlinked: bytecode.object, links, metadata }
}

/** The libraries that `artifact` calls, in an order in which each can be linked. */
export function librariesOf(artifact: Artifact, out?: string): readonly Artifact[] {
  const found = new Map<string, Artifact>()
  const visit = ({ links }: Artifact) => {
    for (const { source, library } of links) {
      if (found.has(`${source}:${library}`)) continue
      const called = read(source, library, out)
      visit(called)
      found.set(keyOf(called), called)
    }
  }
  visit(artifact)
  return [...found.values()]
}

export function keyOf({ source, name }: Artifact): string {
  return `${source}:${name}`
}

/** Creation code with every library's address in its place. */
export function linked({ name, unlinked, links }: Artifact, libraries: Libraries): Codec.Hex {
  let code = unlinked.slice(2)
  for (const { source, library, start } of links) {
    const address = libraries.get(`${source}:${library}`)
    if (address === undefined) throw new UnlinkedError(name, library)
    code = code.slice(0, 2 * start) + address.slice(2).toLowerCase() + code.slice(2 * (start + 20))
  }
  return `0x${code}`
}

/** What an explorer compiles to verify `artifact` and its libraries: standard JSON input of solc. */
export function verification({ metadata }: Artifact, libraries: Libraries): object {
  const addresses: Record<string, Record<string, Codec.Address>> = {}
  for (const [key, address] of libraries) {
    const [source = '', name = ''] = key.split(':')
    addresses[source] = { ...addresses[source], [name]: address }
  }
  return {
    language: metadata.language,
    sources: Object.fromEntries(
      Object.keys(metadata.sources).map((path) => [
        path,
        { content: readFileSync(join(root, path), 'utf8') },
      ]),
    ),
    settings: {
      ...metadata.settings,
      compilationTarget: undefined,
      libraries: addresses,
      outputSelection: { '*': { '*': ['abi', 'metadata', 'evm.bytecode', 'evm.deployedBytecode'] } },
    },
  }
}

export class UnlinkedError extends BaseError {
  override readonly name = 'Artifacts.UnlinkedError'
  constructor(contract: string, library: string) {
    super({
      message: `${contract} calls the library ${library}, whose address is not known.`,
      advice: 'Deploy the library first.',
      safe: 'Nothing was sent.',
    })
  }
}
