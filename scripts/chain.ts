// The local chain: anvil with its state on disk, and the contracts deployed to it once.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type * as Codec from '../protocol/codec.ts'
import * as Foundry from './foundry.ts'
import * as Processes from './processes.ts'

export type Chain = { readonly process: Processes.Process; readonly rpc: string; readonly chainId: number }

/** Account 0 of anvil's published test mnemonic: deploys, and pays for sponsored calls. Worth nothing anywhere else. */
export const sponsorKey: Codec.Hex = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'

/** Anvil on `port`, one block a second, going on from `folder`'s state where there is one. */
export async function startChain(folder: string, port: number, logs: string): Promise<Chain> {
  mkdirSync(folder, { recursive: true })
  const state = join(folder, 'anvil.json')
  return startAnvil(port, logs, ['--block-time', '1', '--state', state, '--state-interval', '1'])
}

/** Anvil on `port`, with more of its settings. */
export async function startAnvil(
  port: number,
  logs: string,
  settings: readonly string[] = [],
): Promise<Chain> {
  const anvil = Processes.start({
    name: 'anvil',
    command: Foundry.anvil(),
    parameters: ['--port', String(port), '--hardfork', 'osaka', '--silent', ...settings],
    logs,
  })
  const rpc = `http://127.0.0.1:${port}`
  const chainId = Number(await Processes.until(() => call(rpc, 'eth_chainId'), 60, anvil.running))
  return { process: anvil, rpc, chainId }
}

/** True where the chain has code at `address`: false after its state was lost. */
export async function hasCode(rpc: string, address: string): Promise<boolean> {
  return (await call(rpc, 'eth_getCode', [address, 'latest'])) !== '0x'
}

async function call(rpc: string, method: string, params: readonly unknown[] = []): Promise<unknown> {
  const response = await fetch(rpc, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
  const answer: unknown = await response.json()
  if (typeof answer === 'object' && answer !== null && 'result' in answer) return answer.result
  throw new Error(`${method}: ${JSON.stringify(answer)}`)
}
