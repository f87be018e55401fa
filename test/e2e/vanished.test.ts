// A model provider that goes away after a round: a data provider ends the task from its screen, and everyone is paid
// without it. And a free deposit comes back without ether.
import { mkdtempSync, mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright'
import { createTestClient, http, publicActions, walletActions } from 'viem'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as Codec from '../../protocol/codec.ts'
import * as History from '../../protocol/history.ts'
import * as Market from '../../protocol/market.ts'
import * as Token from '../../protocol/token.ts'
import * as Person from '../../scripts/demo/person.ts'
import { type Stack, startStack } from '../../scripts/stack.ts'
import { launch } from './browser.ts'
import * as Play from './play.ts'

let stack: Stack
let browser: Browser
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'galaxy-vanished-'))
  stack = await startStack()
  browser = await launch()
}, 300_000)

afterAll(async () => {
  await browser.close()
  await stack.stop()
  rmSync(folder, { recursive: true, force: true })
})

test('anyone may settle what a model provider left, and take a free deposit out', async () => {
  const play = { appUrl: stack.appUrl, browser, folder }
  const cast = await Play.gather(play)
  const { model, committee, providers, everyone } = cast
  const wishes = { rounds: 4, samples: 120, plan: 'By measured contribution', byInvitation: true }
  await Play.start(play, cast, wishes)
  await Person.reach(model, ['training'])
  const [member] = committee
  const [account = ''] = cast.seats
  if (member === undefined) throw new Error('nobody lends compute')
  await withdraws(member, Codec.parse(Codec.address, account, 'account'))
  await expect.poll(async () => (await history()).rounds.length, { timeout: 240_000 }).toBeGreaterThan(0)
  await model.context.close()

  const client = connect()
  await client.increaseTime({ seconds: (await history()).terms.idleWindow + 60 })
  const [finder] = providers
  if (finder === undefined) throw new Error('nobody provides data')
  const { page } = finder
  // Or somebody's turn came before this screen was drawn.
  await page
    .getByText(/The model provider (has gone silent|did not settle in time)/)
    .waitFor({ timeout: 60_000 })
  await picture(page)
  // Everybody's app would settle in its turn; one of them does before.
  const settle = page.getByRole('button', { name: 'Settle the task' })
  await settle.click({ timeout: 10_000 }).catch(() => undefined)
  for (const person of everyone.filter((each) => each !== model)) {
    await Person.reach(person, ['claimable'], 90)
    await Person.claim(person, 'payout')
  }
  const settled = await history()
  expect(settled.settlement).toMatchObject({ punished: true, utilities: [] })
  const { dues } = History.owed(settled)
  expect(dues.filter(({ role }) => role === 'data').every(({ parts }) => parts.share > 0n)).toBe(true)
}, 400_000)

/** Whose deposit a stranger filled, and whose ether is gone. */
async function withdraws({ page }: Person.Person, account: Codec.Address): Promise<void> {
  const client = connect()
  const { market, token } = stack.config
  const amount = 3n * 10n ** 18n
  await client.impersonateAccount({ address: account })
  await client.setBalance({ address: account, value: 10n ** 18n })
  for (const call of [Token.approve(token, market, amount), Market.deposit(market, token, amount)]) {
    const hash = await client.sendTransaction({ account, to: call.to, data: call.data, chain: null })
    await client.waitForTransactionReceipt({ hash })
  }
  await client.setBalance({ address: account, value: 0n })
  await page.evaluate(() => (location.hash = '#/account'))
  await page.getByRole('button', { name: /^Take 3 .* out of the deposit$/ }).click()
  await page.getByText('The deposit is in your account').waitFor({ timeout: 60_000 })
  const args = [token, account] as const
  const free = { address: market, abi: Market.abi, functionName: 'deposits', args } as const
  expect(await client.readContract(free)).toBe(0n)
  await page.goBack()
}

async function history(): Promise<History.History> {
  const { market, deployBlock } = stack.config
  const logs = await connect().getLogs({ address: market, fromBlock: BigInt(deployBlock) })
  return History.of(logs.flatMap((log) => Market.parseLog(log) ?? []))
}

function connect() {
  return createTestClient({ mode: 'anvil', transport: http(stack.rpcUrl), pollingInterval: 200 })
    .extend(publicActions)
    .extend(walletActions)
}

/** For people who want to see it: where PICTURES names a folder. */
async function picture(page: Person.Person['page']): Promise<void> {
  const pictures = process.env['PICTURES']
  if (pictures === undefined) return
  mkdirSync(pictures, { recursive: true })
  for (const width of [390, 1280]) {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.setViewportSize({ width, height: 900 })
      await page.emulateMedia({ colorScheme })
      await page.screenshot({ path: join(pictures, `silence-${width}-${colorScheme}.png`), fullPage: true })
    }
  }
}
