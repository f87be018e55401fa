// The transactions of simulated tasks, run again by the real market: it must do and refuse the same, to the unit.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createTestClient,
  encodeAbiParameters,
  encodeFunctionData,
  http,
  maxUint256,
  publicActions,
  walletActions,
} from 'viem'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as Abi from '../../protocol/abi.ts'
import type { Address, Hex } from '../../protocol/codec.ts'
import * as Evidence from '../../protocol/evidence.ts'
import * as Market from '../../protocol/market.ts'
import * as Party from '../../protocol/party.ts'
import * as Terms from '../../protocol/terms.ts'
import * as Chain from '../../scripts/chain.ts'
import { deploy } from '../../scripts/deploy.ts'
import * as Processes from '../../scripts/processes.ts'
import * as Devices from './devices.ts'
import * as Keys from './keys.ts'
import type { Ran } from './market.ts'
import * as Scenario from './scenario.ts'
import * as World from './world.ts'

let folder = ''
let anvil: Processes.Process | undefined
let url = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-contract-'))
  const before = String(World.start - 10_000)
  const settings = ['--gas-limit', '1000000000', '--order', 'fifo', '--timestamp', before]
  const chain = await Chain.startAnvil(await Processes.freePort(), folder, settings)
  anvil = chain.process
  url = chain.rpc
})

afterAll(async () => {
  await anvil?.stop()
  await rm(folder, { recursive: true, force: true })
})

const alone = [26, 14, 16, 18, 20, 10, 11, 12].map((seed) => ({ seed, datas: 10, least: 0 }))
/** Room for two cohorts: one task is paid in proportion to what both contributed, one by rank. */
const together = [30, 60].map((seed) => ({ seed, datas: 14, least: 2 }))

test.each([...alone, ...together])(
  'seed $seed is the same on the real market',
  async ({ seed, datas, least }) => {
    const client = connect()
    const before = await client.snapshot()
    const { market, token } = await deploy({ rpcUrl: url })
    const scenario = Scenario.from(seed, { datas, computes: 4 })
    const { chain, state } = World.run(scenario, {
      devices: Devices.pretended(seed, Keys.real()),
      site: { market, token },
    })

    await client.setAutomine(false)
    await endow(chain.ran, chain.minted, market, token)
    const blocks = Map.groupBy(chain.ran.filter(isSent), ({ time }) => time)
    for (const [time, ran] of blocks) {
      const hashes: Hex[] = []
      for (const one of ran) hashes.push(await send(one.from, toCall(one, market).data, market))
      await client.setNextBlockTimestamp({ timestamp: BigInt(time) })
      await client.mine({ blocks: 1 })
      for (const [at, hash] of hashes.entries()) {
        const one = ran[at]
        const { status, logs } = await client.getTransactionReceipt({ hash })
        const told = logs.flatMap((log) => {
          const event = log.address.toLowerCase() === market ? Market.parseLog(log) : undefined
          return event === undefined ? [] : [withoutPlace(event)]
        })
        expect({ name: one?.call.name, status, told }).toEqual({
          name: one?.call.name,
          status: one?.refusal === '' ? 'success' : 'reverted',
          told: one?.told,
        })
      }
    }

    for (const [account, balance] of chain.balances) expect(await balanceOf(token, account)).toBe(balance)
    expect(await balanceOf(token, market)).toBe(
      [...chain.deposits.values()].reduce((sum, free) => sum + free, 0n),
    )
    expect(['settled', 'cancelled']).toContain(state)
    const settled = chain.events.flatMap((event) => (event.name === 'TaskSettled' ? event.utilities : []))
    const valued = settled.map((epoch) => epoch.filter((utility) => utility !== 0).length)
    expect(Math.max(0, ...valued)).toBeGreaterThanOrEqual(least)
    await client.setAutomine(true)
    await client.revert({ id: before })
  },
)

/** Tokens as the simulation minted them, gas for everyone, and leave for the market to take. */
async function endow(
  ran: readonly Ran[],
  minted: ReadonlyMap<Address, bigint>,
  market: Address,
  token: Address,
): Promise<void> {
  const client = connect()
  for (const account of new Set([...ran.map(({ from }) => from), ...minted.keys()])) {
    await client.setBalance({ address: account, value: 10n ** 24n })
    await client.impersonateAccount({ address: account })
    const args = [market, maxUint256] as const
    await send(account, encodeFunctionData({ abi: Abi.testToken, functionName: 'approve', args }), token)
    const amount = minted.get(account) ?? 0n
    const mint = { abi: Abi.testToken, functionName: 'mint', args: [account, amount] } as const
    await send(account, encodeFunctionData(mint), token)
  }
  await client.mine({ blocks: 1 })
}

/** A deposit that was there already was never sent. */
function isSent({ call, told, refusal }: Ran): boolean {
  return call.name !== 'deposit' || told.length > 0 || refusal !== ''
}

function toCall({ call, told }: Ran, market: Address): Market.Call {
  const [moved] = told
  const amount = moved !== undefined && 'amount' in moved ? moved.amount : 0n
  switch (call.name) {
    case 'create':
      return Market.create(market, call.terms)
    case 'start':
      return Market.start(market, call.terms, call.parties, call.acceptances)
    case 'commitRound':
      return Market.commitRound(market, call.terms, call.computes, call.datas, call.commitment)
    case 'settle':
      return Market.settle(market, call.terms, call.parties, call.rounds, call.utilities)
    case 'cancel':
      return Market.cancel(market, call.terms)
    case 'expire':
      return Market.expire(market, call.terms, call.computes, call.datas)
    case 'claim':
      return Market.claim(market, call.terms, call.claims)
    case 'prove': {
      const { terms, computes, datas, round, seat, statements } = call
      const [first, second] = statements
      const twice = {
        round,
        seat: seat ?? 0,
        first: first.statement,
        firstSignature: first.signature,
        second: second.statement,
        secondSignature: second.signature,
      }
      const evidence = encodeAbiParameters(Evidence.parameters.twoRecords, [twice])
      const charge = seat === undefined ? 'twoOpenings' : 'twoRecords'
      return Market.prove(market, terms, computes, Party.datasHash(datas), charge, evidence)
    }
    case 'proveForged': {
      const { terms, computes, datas } = call
      const about = { domain: { chainId: 31337, market }, task: Terms.id(market, terms) }
      const { charge, evidence } = Evidence.forgedInput(call, about, datas)
      return Market.prove(market, terms, computes, Party.datasHash(datas), charge, evidence)
    }
    case 'proveSum':
      throw new Error('simulated sums have no words that could be shown')
    case 'deposit':
      return Market.deposit(market, call.token, told.length === 0 ? call.amount : amount)
    case 'withdraw':
      return Market.withdraw(market, call.token, amount)
    default:
      return call satisfies never
  }
}

function withoutPlace(event: Market.Event): object {
  const place = ['block', 'logIndex', 'transaction']
  return Object.fromEntries(Object.entries(event).filter(([key]) => !place.includes(key)))
}

function connect() {
  return createTestClient({ mode: 'anvil', transport: http(url), pollingInterval: 100 })
    .extend(publicActions)
    .extend(walletActions)
}

function send(from: Address, data: Hex, to: Address): Promise<Hex> {
  return connect().sendTransaction({ account: from, to, data, gas: 20_000_000n, chain: null })
}

function balanceOf(token: Address, account: Address): Promise<bigint> {
  const { testToken: abi } = Abi
  return connect().readContract({ abi, address: token, functionName: 'balanceOf', args: [account] })
}
