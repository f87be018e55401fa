// The sponsor on a real chain with the real market: pays once, in order, within limits, and says why not.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestClient, http, publicActions } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { hexToBytes } from 'viem/utils'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as Codec from '../protocol/codec.ts'
import * as Market from '../protocol/market.ts'
import * as Relay from '../protocol/relay.ts'
import * as Token from '../protocol/token.ts'
import * as Withdrawal from '../protocol/withdrawal.ts'
import * as Chain from '../scripts/chain.ts'
import * as Deploy from '../scripts/deploy.ts'
import * as Processes from '../scripts/processes.ts'
import * as Talk from '../test/conversation.ts'
import { defaultLimits, type Limits } from './options.ts'
import * as Sponsor from './sponsor.ts'
import * as Store from './store.ts'

let folder: string
let chain: Chain.Chain
let deployed: Deploy.Deployed
let rpc: ReturnType<typeof connect>

const connect = (url: string) =>
  createTestClient({ mode: 'anvil', transport: http(url), pollingInterval: 100 }).extend(publicActions)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-sponsor-'))
  chain = await Chain.startChain(folder, await Processes.freePort(), folder)
  deployed = await Deploy.deploy({ rpcUrl: chain.rpc })
  rpc = connect(chain.rpc)
})
afterAll(async () => {
  await chain.process.stop()
  await rm(folder, { recursive: true })
})

let stores = 0
function open(limits: Partial<Limits> = {}) {
  const store = Store.open(join(folder, `store${stores++}`))
  const faucet = { wei: 10n ** 18n, tokens: 1_000_000n }
  const sponsor = Sponsor.create({
    chain: { rpc: chain.rpc, sponsorKey: Chain.sponsorKey, token: deployed.token, faucet },
    chainId: deployed.chainId,
    market: deployed.market,
    store,
    limits: { ...defaultLimits, ...limits },
    log: () => {},
  })
  const send = (request: Relay.RequestOf<'sponsor'>, peer = 'a peer') => sponsor.send(request, peer)
  return { ...sponsor, send }
}

/** An account with tokens and no ether, and the deposit that it permits. */
async function saver(sponsor: Pick<Sponsor.Sponsor, 'faucet'>, amount = 500n) {
  const key = privateKeyToAccount(generatePrivateKey())
  const account = Codec.parse(Codec.address, key.address, 'account')
  const { transactions } = await sponsor.faucet(account)
  await Promise.all(transactions.map((hash) => rpc.waitForTransactionReceipt({ hash })))
  const deadline = Number((await rpc.getBlock()).timestamp) + 600
  const digest = Token.permitDigest({
    chainId: deployed.chainId,
    token: deployed.token,
    tokenName: 'Galaxy test token',
    owner: account,
    spender: deployed.market,
    amount,
    nonce: 0n,
    deadline,
  })
  const signature = await key.sign({ hash: digest })
  const { token, market } = deployed
  const call = Market.depositFor(market, { token, account, amount, deadline, signature })
  return { account, key, request: requestOf('depositFor', account, call.data) }
}

function requestOf(
  call: Relay.Sponsored,
  account: Codec.Address,
  data: Codec.Hex,
): Relay.RequestOf<'sponsor'> {
  return { v: 1, kind: 'sponsor', call, calldata: new Uint8Array(hexToBytes(data)), account }
}

function depositOf(account: Codec.Address): Promise<bigint> {
  const { token, market } = deployed
  return rpc.readContract({
    address: market,
    abi: Market.abi,
    functionName: 'deposits',
    args: [token, account],
  })
}

const failing = (code: Relay.Code) => ({ name: 'Relay.RefusedError', failure: { code } })

test('the faucet fills an empty account, and only an empty one', async () => {
  const sponsor = open()
  const { account } = await saver(sponsor)
  expect(await rpc.getBalance({ address: account })).toBe(10n ** 18n)
  expect(await sponsor.faucet(account)).toEqual({ transactions: [] })
})

test('deposits of several accounts at once are all paid for, each exactly once', async () => {
  const sponsor = open()
  const savers = await Promise.all(Array.from({ length: 4 }, () => saver(sponsor)))
  const twice = [...savers, ...savers].map(({ request }) => sponsor.send(request))
  const hashes = (await Promise.all(twice)).map(({ transaction }) => transaction)
  expect(new Set(hashes).size).toBe(4)
  for (const hash of hashes) {
    expect((await rpc.waitForTransactionReceipt({ hash })).status).toBe('success')
  }
  for (const { account, request } of savers) {
    expect(await depositOf(account)).toBe(500n)
    expect(hashes).toContain((await sponsor.send(request)).transaction)
  }
})

test('a free deposit is paid out to its account, which needs no ether and signs only', async () => {
  const sponsor = open()
  const { account, key, request } = await saver(sponsor)
  const paidIn = await sponsor.send(request)
  await rpc.waitForTransactionReceipt({ hash: paidIn.transaction })
  const { token, market, chainId } = deployed
  const withdraw = async (amount: bigint) => {
    const withdrawal = { token, account, amount, nonce: 0n, deadline: 9_999_999_999 }
    const signature = await key.sign({ hash: Withdrawal.digest({ chainId, market }, withdrawal) })
    const { data } = Market.withdrawFor(market, withdrawal, signature)
    return sponsor.send(requestOf('withdrawFor', account, data))
  }
  await expect(withdraw(0n)).rejects.toMatchObject(failing('notSponsored'))
  const before = await rpc.getBalance({ address: account })
  const { transaction } = await withdraw(500n)
  await rpc.waitForTransactionReceipt({ hash: transaction })
  expect(await depositOf(account)).toBe(0n)
  expect(await rpc.getBalance({ address: account })).toBe(before)
  await expect(withdraw(1n)).rejects.toMatchObject(failing('reverted'))
})

test('a call that would revert is not sent, and its reason is a sentence', async () => {
  const { account, request } = await saver(open())
  const used = await open().send(request)
  await rpc.waitForTransactionReceipt({ hash: used.transaction })
  const nonce = await rpc.getTransactionCount({ address: privateKeyToAccount(Chain.sponsorKey).address })
  await expect(open().send(request)).rejects.toMatchObject({
    ...failing('reverted'),
    message: expect.stringMatching(/^[A-Z].{20,}\.$/),
  })
  expect(await depositOf(account)).toBe(500n)
  expect(await rpc.getTransactionCount({ address: privateKeyToAccount(Chain.sponsorKey).address })).toBe(
    nonce,
  )
})

test('bytes that call another function, or none, are refused', async () => {
  const sponsor = open()
  const account = `0x${'3c'.repeat(20)}` as const
  const { data } = Market.withdraw(deployed.market, deployed.token, 1n)
  const send = (call: Relay.Sponsored, bytes: Codec.Hex) => async () =>
    sponsor.send(requestOf(call, account, bytes))
  await expect(send('claim', data)).rejects.toMatchObject(failing('notSponsored'))
  await expect(send('claim', '0x12345678')).rejects.toMatchObject(failing('notSponsored'))
})

test('calls about another token, and claims of nothing, are refused before they reach the chain', async () => {
  const sponsor = open()
  const account = `0x${'3c'.repeat(20)}` as const
  const other = `0x${'4d'.repeat(20)}` as const
  const task = `0x${'ab'.repeat(32)}` as const
  const { market, token } = deployed
  const leaf = { index: 0, payee: account, amount: 1n, proof: [] }
  const [own, foreign] = [token, other].map((paid) => ({ ...Talk.terms, token: paid }))
  if (own === undefined || foreign === undefined) throw new Error('there are no terms')
  const permit = { account, amount: 1n, deadline: 9_999_999_999, signature: `0x${'11'.repeat(65)}` } as const
  const send =
    (call: Relay.Sponsored, { data }: Market.Call) =>
    async () =>
      sponsor.send(requestOf(call, account, data))
  await expect(
    send('depositFor', Market.depositFor(market, { token: other, ...permit })),
  ).rejects.toMatchObject(failing('notSponsored'))
  const withdrawal = { token: other, account, amount: 1n, deadline: 9_999_999_999 }
  const calls = [
    Market.withdrawFor(market, withdrawal, permit.signature),
    Market.claim(market, foreign, [leaf]),
    Market.cancel(market, foreign),
    Market.settle(market, foreign, { computes: [], datas: [] }, [], []),
    Market.expire(market, foreign, [], []),
    Market.prove(market, foreign, [], task, 'twoRecords', '0x'),
  ]
  for (const call of calls) {
    const name = Relay.sponsored.find((each) => each === call.functionName)
    if (name === undefined) throw new Error(`${call.functionName} is not sponsored`)
    await expect(send(name, call), name).rejects.toMatchObject(failing('notSponsored'))
  }
  await expect(send('claim', Market.claim(market, own, []))).rejects.toMatchObject(failing('notSponsored'))
  await expect(send('claim', Market.claim(market, own, [leaf]))).rejects.toMatchObject(failing('reverted'))
  await expect(send('cancel', Market.cancel(market, own))).rejects.toMatchObject(failing('reverted'))
})

test('an account, a transaction and an hour have their limits', async () => {
  const [once, cheap, poor] = [
    open({ sponsoredPerAccount: 0 }),
    open({ transactionGas: 30_000n }),
    open({ hourlyGas: 30_000n }),
  ]
  const { request } = await saver(open())
  await expect(once.send(request)).rejects.toMatchObject(failing('rateLimited'))
  await expect(cheap.send(request)).rejects.toMatchObject(failing('notSponsored'))
  await expect(poor.send(request)).rejects.toMatchObject(failing('rateLimited'))
})

test('a call counts against the account that it moves, whoever it is asked for, and against the peer', async () => {
  const { account, key, request } = await saver(open())
  const other = (await saver(open())).account
  const sponsor = open({ sponsoredPerAccount: 1 })
  const paidIn = await sponsor.send({ ...request, account: other })
  await rpc.waitForTransactionReceipt({ hash: paidIn.transaction })
  const { token, market, chainId } = deployed
  const withdrawal = { token, account, amount: 1n, nonce: 0n, deadline: 9_999_999_999 }
  const signature = await key.sign({ hash: Withdrawal.digest({ chainId, market }, withdrawal) })
  const { data } = Market.withdrawFor(market, withdrawal, signature)
  const withdraw = requestOf('withdrawFor', other, data)
  await expect(sponsor.send(withdraw)).rejects.toMatchObject(failing('rateLimited'))
  const shared = open({ sponsoredPerPeer: 0 })
  await expect(shared.send(withdraw)).rejects.toMatchObject(failing('rateLimited'))
})

test('an account of code is not paid for what it burns to look at its signature', async () => {
  const sponsor = open()
  const { account, request } = await saver(sponsor)
  const paidIn = await sponsor.send(request)
  await rpc.waitForTransactionReceipt({ hash: paidIn.transaction })
  // Counts down from 30,000 and then finds every signature right: some 780,000 gas.
  await rpc.setCode({ address: account, bytecode: '0x6175305b6001900380600357631626ba7e60e01b5f5260205ff3' })
  const { token, market } = deployed
  const withdrawal = { token, account, amount: 1n, deadline: 9_999_999_999 }
  const { data } = Market.withdrawFor(market, withdrawal, `0x${'11'.repeat(65)}`)
  await expect(sponsor.send(requestOf('withdrawFor', account, data))).rejects.toMatchObject({
    ...failing('notSponsored'),
    message: expect.stringContaining('this relay pays for 200000 at most'),
  })
})

test('a transaction that the chain forgot is sent again unchanged', async () => {
  const sponsor = open()
  const { account, request } = await saver(sponsor)
  await rpc.setIntervalMining({ interval: 0 })
  const { transaction } = await sponsor.send(request)
  await rpc.dropTransaction({ hash: transaction })
  expect((await sponsor.send(request)).transaction).toBe(transaction)
  await rpc.setIntervalMining({ interval: 1 })
  await rpc.waitForTransactionReceipt({ hash: transaction })
  expect(await depositOf(account)).toBe(500n)
})

test('while the chain is down the relay says so, and the same request works afterwards', async () => {
  const sponsor = open()
  const { account, request } = await saver(sponsor)
  const port = Number(new URL(chain.rpc).port)
  await chain.process.stop()
  await expect(sponsor.send(request)).rejects.toMatchObject(failing('chainUnreachable'))
  chain = await Chain.startChain(folder, port, folder)
  const { transaction } = await sponsor.send(request)
  await rpc.waitForTransactionReceipt({ hash: transaction })
  expect(await depositOf(account)).toBe(500n)
})
