// What `npm run task -- show` prints of a task on a real chain, and how it says what is wrong with a question.
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { createTestClient, http, publicActions, walletActions } from 'viem'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Hex } from '../protocol/codec.ts'
import * as History from '../protocol/history.ts'
import * as Market from '../protocol/market.ts'
import * as Payout from '../protocol/payout.ts'
import * as Terms from '../protocol/terms.ts'
import * as Token from '../protocol/token.ts'
import { tasks } from '../test/tasks.ts'
import * as Chain from './chain.ts'
import { deploy, type Deployed } from './deploy.ts'
import * as Processes from './processes.ts'
import * as Task from './task.ts'
import * as TaskReport from './taskReport.ts'

let folder = ''
let chain: Chain.Chain | undefined
let deployed: Deployed | undefined
let task: Hex = '0x'

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-task-'))
  chain = await Chain.startAnvil(await Processes.freePort(), folder)
  deployed = await deploy({ rpcUrl: chain.rpc })
  const { market, token } = deployed
  const client = createTestClient({ mode: 'anvil', transport: http(chain.rpc), pollingInterval: 20 })
    .extend(publicActions)
    .extend(walletActions)
  const [account] = await client.getAddresses()
  const [drawn] = fc.sample(tasks, 1)
  if (account === undefined || drawn === undefined) throw new Error('nobody there')
  const startBy = Number((await client.getBlock()).timestamp) + 3_600
  const modelProvider: Hex = `0x${account.slice(2).toLowerCase()}`
  const windows = { idleWindow: 86_400, challengeWindow: 86_400 }
  const terms = { ...drawn.terms, modelProvider, token, startBy, ...windows, maxComputes: 1, paidRounds: 3 }
  task = Terms.id(market, terms)
  const calls = [
    Token.mint(token, modelProvider, Terms.funding(terms)),
    Token.approve(token, market, Terms.funding(terms)),
    Market.create(market, terms),
    Market.cancel(market, terms),
  ]
  for (const { to, data } of calls) {
    const hash = await client.sendTransaction({ account, to, data, chain: null })
    expect((await client.waitForTransactionReceipt({ hash })).status).toBe('success')
  }
})

afterAll(async () => {
  await chain?.process.stop()
  await rm(folder, { recursive: true, force: true })
})

type Answer = { readonly code: number; readonly out: string; readonly err: string }

async function run(...words: readonly string[]): Promise<Answer> {
  const script = fileURLToPath(new URL('task.ts', import.meta.url))
  return new Promise((resolve) => {
    execFile(process.execPath, [script, ...words], (error, out, err) => {
      resolve({ code: error === null ? 0 : 1, out, err })
    })
  })
}

const place = () => ['--rpc', chain?.rpc ?? '', '--market', deployed?.market ?? '']

test('a task is shown with its timeline, what each is owed and why', async () => {
  const { code, out, err } = await run('show', task, ...place())
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toContain(`Task ${task}\ncancelled; nothing more can happen`)
  expect(out).toMatch(/created by 0x[0-9a-f]{40}: data pool [\d,]+/)
  expect(out).toContain('cancelled, everything refunded to free deposits')
  expect(out).toMatch(/model provider\s+0x[0-9a-f]{40}\s+[\d,]+\s+refunded/)
  const { out: json } = await run('show', task.toUpperCase().replace('0X', '0x'), ...place(), '--json')
  expect(JSON.parse(json)).toMatchObject({ task, state: 'cancelled', owed: { basis: 'cancelled' } })
})

test.each([
  [[], 'Nothing was asked.'],
  [['tell'], '“tell” is unknown.'],
  [['show'], 'One task’s id is expected'],
  [['show', '0x12'], '0x12 is no task id.'],
  [['show', `0x${'ab'.repeat(32)}`, '--loud'], '--loud'],
  [['show', `0x${'ab'.repeat(32)}`, '--market', '0x12'], 'expected a 20-byte address'],
])('%j is answered by a sentence', async (words, sentence) => {
  const { code, out, err } = await run(...words)
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err).toContain(sentence)
  expect(err).not.toContain('    at ')
})

test('an unknown task, another chain and a silent one are told apart', async () => {
  const unknown = await run('show', `0x${'ab'.repeat(32)}`, ...place())
  expect(unknown.err).toContain('has told nothing of the creation of task 0xabab')
  const late = await run('show', task, ...place(), '--from-block', '999999')
  expect(late.err).toContain('the block from which its events were read')
  const empty = await run('show', task, ...place().slice(0, 2), '--market', `0x${'cd'.repeat(20)}`)
  expect(empty.err).toContain('there is no contract at 0xcdcd')
  const silent = await run('show', task, '--rpc', 'http://127.0.0.1:9', ...place().slice(2))
  expect(silent.err).toContain('The chain at http://127.0.0.1:9 did not answer.')
  const { rpc } = chain ?? { rpc: '' }
  const source = { rpc, market: deployed?.market ?? '0x', fromBlock: 0, chainId: 1 }
  await expect(Task.read(source, task)).rejects.toThrow('it is chain 31337, the deployment is on chain 1')
})

test('every state of every task can be written', () => {
  fc.assert(
    fc.property(tasks, (drawn) => {
      const common = { task, logIndex: 0, transaction: task }
      const { terms, computes, datas, absent, rounds, utilities, punished } = drawn
      const { root } = Payout.compute({ ...drawn, rounds: History.tallies({ rounds }) })
      const events: readonly Market.Event[] = [
        { ...common, block: 1, name: 'TaskCreated', modelProvider: terms.modelProvider, terms },
        { ...common, block: 2, name: 'TaskStarted', computes, datas, absent, deadline: 1 },
        ...rounds.map(({ record, signers }) => ({
          ...common,
          block: 2 + record.round,
          name: 'RoundCommitted' as const,
          round: record.round,
          record,
          signers,
          deadline: 2,
        })),
        { ...common, block: 300, name: 'Slashed', round: 1, seats: 1 },
        { ...common, block: 301, name: 'TaskSettled', root, punished, utilities, deadline: 3 },
      ]
      const faulted: Market.Event = { ...common, block: 302, name: 'TaskFaulted', round: 1 }
      for (let end = 1; end <= events.length + 1; end++) {
        const history = History.of(end <= events.length ? events.slice(0, end) : [...events, faulted])
        const text = TaskReport.text({ history, times: new Map() })
        expect(text).not.toMatch(/undefined|NaN|\[object/)
      }
    }),
    { numRuns: 10 },
  )
})
