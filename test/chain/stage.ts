// A chain of its own with the contracts as they are deployed: calls by people with keys, refusals, and time.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  BaseError as ViemError,
  createTestClient,
  decodeErrorResult,
  http,
  publicActions,
  walletActions,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import type { Address, Hex } from '../../protocol/codec.ts'
import type * as Eip712 from '../../protocol/eip712.ts'
import * as Market from '../../protocol/market.ts'
import * as Token from '../../protocol/token.ts'
import * as Chain from '../../scripts/chain.ts'
import { deploy } from '../../scripts/deploy.ts'
import * as Processes from '../../scripts/processes.ts'
import * as Cast from './cast.ts'

export type Call = { readonly to: Address; readonly data: Hex }

export type Stage = {
  readonly market: Address
  readonly token: Address
  readonly domain: Eip712.Domain
  /** Sends a call that must succeed; resolves with what the market said. */
  send(from: Cast.Person, call: Call): Promise<readonly Market.Event[]>
  /** The name and values of the error with which a call is refused. */
  refusal(from: Cast.Person, call: Call): Promise<readonly unknown[]>
  /** Unix seconds of the latest block. */
  now(): Promise<number>
  pass(seconds: number): Promise<void>
  tokens(account: Address): Promise<bigint>
  deposit(account: Address): Promise<bigint>
  /** Forgets everything since everyone got a purse. */
  rewind(): Promise<void>
  close(): Promise<void>
}

/** Starts a chain on which everyone has a purse, has let the market take from it, and has ether for gas. */
export async function open(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'galaxy-stage-'))
  const chain = await Chain.startAnvil(await Processes.freePort(), folder)
  const { market, token, chainId } = await deploy({ rpcUrl: chain.rpc })
  const client = createTestClient({ mode: 'anvil', transport: http(chain.rpc), pollingInterval: 20 })
    .extend(publicActions)
    .extend(walletActions)

  const send: Stage['send'] = async (from, { to, data }) => {
    const account = privateKeyToAccount(from.key)
    const hash = await client.sendTransaction({ account, to, data, chain: null })
    const { status, logs } = await client.waitForTransactionReceipt({ hash })
    if (status !== 'success') throw new Error(`${from.name}: reverted`)
    return logs.flatMap((log) => (log.address === market ? (Market.parseLog(log) ?? []) : []))
  }
  for (const person of Cast.everyone) {
    await client.setBalance({ address: person.account, value: 10n ** 20n })
    await send(person, Token.mint(token, person.account, Cast.purse))
    await send(person, Token.approve(token, market, Cast.purse))
  }
  let before = await client.snapshot()

  return {
    market,
    token,
    domain: { chainId, market },
    send,
    refusal: async (from, { to, data }) => {
      try {
        await client.call({ account: from.account, to, data })
      } catch (error) {
        const { errorName, args } = decodeErrorResult({ abi: Market.abi, data: revertData(error) })
        return [errorName, ...args]
      }
      return ['nothing refuses it']
    },
    now: async () => Number((await client.getBlock()).timestamp),
    pass: async (seconds) => {
      await client.increaseTime({ seconds })
      await client.mine({ blocks: 1 })
    },
    tokens: (account) =>
      client.readContract({ abi: Token.abi, address: token, functionName: 'balanceOf', args: [account] }),
    deposit: (account) =>
      client.readContract({
        abi: Market.abi,
        address: market,
        functionName: 'deposits',
        args: [token, account],
      }),
    rewind: async () => {
      await client.revert({ id: before })
      before = await client.snapshot()
    },
    close: async () => {
      await chain.process.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function revertData(error: unknown): Hex {
  const cause = error instanceof ViemError ? error.walk((each) => isRevert(each)) : undefined
  if (!isRevert(cause)) throw error
  return cause.data
}

function isRevert(error: unknown): error is { readonly data: Hex } {
  return typeof error === 'object' && error !== null && 'data' in error && typeof error.data === 'string'
}
