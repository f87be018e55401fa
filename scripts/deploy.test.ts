// The market on a chain of its own: deployed, called and understood through protocol/ alone.
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createWalletClient,
  encodeAbiParameters,
  http,
  publicActions,
  type WalletClient,
  type PublicActions,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import * as v from 'valibot'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as Codec from '../protocol/codec.ts'
import * as Market from '../protocol/market.ts'
import * as Token from '../protocol/token.ts'
import * as Chain from './chain.ts'
import * as Deploy from './deploy.ts'
import * as Processes from './processes.ts'

const key: Codec.Hex = '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d'
const account = privateKeyToAccount(key)
const payer = privateKeyToAccount(Chain.sponsorKey).address
const owner = Codec.parse(Codec.address, account.address, 'account')

const compilation = v.object({
  contracts: v.object({
    'contracts/Market.sol': v.object({
      Market: v.object({ evm: v.object({ bytecode: v.object({ object: v.string() }) }) }),
    }),
  }),
})

let folder: string
let chain: Chain.Chain
let deployed: Deploy.Deployed
let verification: object
let costs: readonly Deploy.Cost[]
let wallet: WalletClient & PublicActions

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-deploy-'))
  chain = await Chain.startChain(folder, await Processes.freePort(), folder)
  costs = await Deploy.dryRun({ rpcUrl: chain.rpc })
  ;({ deployed, verification } = await Deploy.deployAll({ rpcUrl: chain.rpc }))
  wallet = createWalletClient({ account, transport: http(chain.rpc), pollingInterval: 100 }).extend(
    publicActions,
  )
})
afterAll(async () => {
  await chain.process.stop()
  await rm(folder, { recursive: true })
})

/** What created the contract at `address`. */
async function creationOf(address: Codec.Address) {
  for (let block = 1n; block <= (await wallet.getBlockNumber()); block += 1n) {
    const { transactions } = await wallet.getBlock({ blockNumber: block, includeTransactions: true })
    for (const { hash, input } of transactions) {
      const { contractAddress, gasUsed } = await wallet.getTransactionReceipt({ hash })
      if (contractAddress === address) return { input, gasUsed }
    }
  }
  throw new Error(`nothing created ${address}`)
}

async function sent(call: Token.Call): Promise<readonly Market.Event[]> {
  const hash = await wallet.sendTransaction({ account, chain: null, to: call.to, data: call.data })
  const { logs, status } = await wallet.waitForTransactionReceipt({ hash })
  expect(status).toBe('success')
  return logs.flatMap((log) => Market.parseLog(log) ?? [])
}

test('the market and the test token stand where the deployment says', async () => {
  expect(await wallet.getCode({ address: deployed.market })).not.toBeUndefined()
  expect(await wallet.getCode({ address: deployed.token })).not.toBeUndefined()
  const window = await wallet.readContract({
    address: deployed.market,
    abi: Market.abi,
    functionName: 'SHORTEST_WINDOW',
  })
  expect(window).toBe(1)
})

test('libraries are deployed before the market, which has their addresses in its code', async () => {
  const names = costs.map(({ name }) => name)
  const libraries = names.slice(0, names.indexOf('Market'))
  expect(libraries).toContain('Evidence')
  const code = await wallet.getCode({ address: deployed.market })
  for (const { name, address } of costs.slice(0, libraries.length)) {
    expect([name, await wallet.getCode({ address })]).not.toContain(undefined)
    expect(code).toContain(address.slice(2).toLowerCase())
  }
})

test('a dry run says beforehand what is sent, where it will be and what it costs', async () => {
  expect(costs.find(({ name }) => name === 'Market')?.address).toBe(deployed.market)
  expect(costs.find(({ name }) => name === 'TestToken')?.address).toBe(deployed.token)
  for (const { address, gas, wei } of costs) {
    const { gasUsed } = await creationOf(address)
    expect(Number(gas) / Number(gasUsed)).toBeCloseTo(1, 1)
    expect(wei).toBeGreaterThan(gas)
  }
})

test('a dry run sends nothing', async () => {
  const before = await wallet.getTransactionCount({ address: payer })
  await Deploy.dryRun({ rpcUrl: chain.rpc })
  expect(await wallet.getTransactionCount({ address: payer })).toBe(before)
})

test('what explorers are given compiles to exactly what was sent', async () => {
  const compiler = join(Processes.root, 'scripts/solc.mjs')
  const output = execFileSync(process.execPath, [compiler, '--standard-json'], {
    input: JSON.stringify(verification),
    maxBuffer: 1 << 28,
  })
  const compiled = Codec.parse(compilation, JSON.parse(output.toString()), 'output of solc')
  const sent = await creationOf(deployed.market)
  const window = encodeAbiParameters([{ type: 'uint32' }], [1])
  expect(`0x${compiled.contracts['contracts/Market.sol'].Market.evm.bytecode.object}${window.slice(2)}`).toBe(
    sent.input,
  )
})

test('calls built here change the market, and its logs are read back as events', async () => {
  const { market, token } = deployed
  await sent(Token.mint(token, owner, 1_000n))
  await sent(Token.approve(token, market, 1_000n))
  expect(await sent(Market.deposit(market, token, 700n))).toMatchObject([
    { name: 'Deposited', token, account: owner, amount: 700n },
  ])
  expect(await sent(Market.withdraw(market, token, 200n))).toMatchObject([
    { name: 'Withdrawn', token, account: owner, amount: 200n },
  ])
  const free = await wallet.readContract({
    address: market,
    abi: Market.abi,
    functionName: 'deposits',
    args: [token, owner],
  })
  expect(free).toBe(500n)
})

test('a refusal arrives as a sentence', async () => {
  const call = Market.withdraw(deployed.market, deployed.token, 10n ** 12n)
  const refusal = await wallet
    .call({ account, to: call.to, data: call.data })
    .catch((error: unknown) => error)
  expect(Market.explain(refusal)).toMatch(
    /^The free deposit is \d+ units, less than the 1000000000000 asked for/,
  )
})

test('a log of another contract is not an event of the market', () => {
  const log = { topics: [], data: '0x', blockNumber: 1n, logIndex: 0, transactionHash: key } as const
  expect(Market.parseLog(log)).toBeUndefined()
  expect(Market.parseLog({ ...log, topics: [key] })).toBeUndefined()
})

test('a chain that is not local is not deployed to without a key and a token', async () => {
  const other = await Processes.freePort()
  const logs = join(folder, 'elsewhere')
  const { process: elsewhere, rpc: rpcUrl } = await Chain.startAnvil(other, logs, ['--chain-id', '10'])
  try {
    await expect(Deploy.deploy({ rpcUrl })).rejects.toThrow('GALAXY_KEY is not set')
    await expect(Deploy.deploy({ rpcUrl, key })).rejects.toThrow('GALAXY_TOKEN is not set')
  } finally {
    await elsewhere.stop()
  }
})
