// A relay for browser tests: started once before them, its address given to them as `relay`.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { createRelay } from '../../relay/relay.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Multiaddress of a relay of market 0x1a1a… on chain 31337. */
    relay: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'galaxy-relay-'))
  const market = `0x${'1a'.repeat(20)}` as const
  const relay = await createRelay({ host: '127.0.0.1', port: 0, folder, chainId: 31337, market })
  project.provide('relay', relay.multiaddrs[0] ?? '')
  return async () => {
    await relay.stop()
    await rm(folder, { recursive: true })
  }
}
