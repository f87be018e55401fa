// Nothing is lost when anything dies in the middle of a task: everything at once, the relay, the chain, any page.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright'
import { createPublicClient, http } from 'viem'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as Abi from '../../protocol/abi.ts'
import * as Books from '../../scripts/demo/books.ts'
import * as Processes from '../../scripts/processes.ts'
import { type Ports, type Stack, startStack } from '../../scripts/stack.ts'
import { launch } from './browser.ts'
import * as Play from './play.ts'

const rounds = 5
/** Seconds in which a round ends although something died in it. */
const patience = 150

let folder: string
let browser: Browser
let first: Processes.Process
let stack: Stack | undefined
let ports: Ports
let cast: Play.Cast

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'galaxy-resume-'))
  const [app = 0, vault = 0, relay = 0, chain = 0] = await Promise.all(
    Array.from({ length: 4 }, () => Processes.freePort()),
  )
  ports = { app, vault, relay, chain }
  first = Processes.start({
    name: 'stack',
    command: process.execPath,
    parameters: [
      join(Processes.root, 'test/e2e/restartable.ts'),
      join(folder, 'stack'),
      ...[app, vault, relay, chain].map(String),
    ],
    logs: join(folder, 'logs'),
  })
  await first.line(/^serving$/m, 200)
  browser = await launch()
  const play = { appUrl: `http://localhost:${app}`, browser, folder }
  cast = await Play.gather(play)
  await Play.start(play, cast, { rounds, samples: 400 })
}, 400_000)

afterAll(async () => {
  await browser.close()
  await first.stop()
  await stack?.stop()
  rmSync(folder, { recursive: true, force: true })
})

test('a task goes on after everything was killed and started again', async () => {
  await committed(1)
  await training()
  await first.kill()
  await expect.poll(() => anyTaken(ports), { timeout: 30_000 }).toBe(false)
  stack = await startStack({ folder: join(folder, 'stack'), ports })
  await committed(2)
}, 300_000)

test('a task goes on after the relay and the chain crashed', async () => {
  await training()
  await Promise.all([stack?.relay.kill(), stack?.chain.kill()])
  await stack?.chain.restart()
  await stack?.relay.restart()
  await committed(3)
}, 300_000)

test('a task goes on after pages were reloaded in the middle of a round', async () => {
  const { model, committee, providers } = cast
  const leaving = [model, ...committee.slice(0, 1), ...providers.slice(0, 1)]
  await training()
  await Promise.all(leaving.map(({ page }) => page.reload()))
  await committed(4)
}, 300_000)

test('it ends with everyone paid, to the unit', async () => {
  await Play.finish(cast, 200)
  if (stack === undefined) throw new Error('The stack was not started again.')
  const books = await Books.read({ rpcUrl: stack.rpcUrl, ...stack.config })
  expect(books.rounds.map(({ round }) => round)).toHaveLength(rounds)
  expect(books.parties.filter(({ payout }) => payout === 0n)).toEqual([])
  expect(books.conserved).toBe(true)
}, 300_000)

/** Resolves once so many rounds are on the chain. */
async function committed(count: number): Promise<void> {
  const chain = createPublicClient({ transport: http(`http://127.0.0.1:${ports.chain}`) })
  const seen = async () => {
    const events = await chain.getContractEvents({
      abi: Abi.market,
      fromBlock: 0n,
      eventName: 'RoundCommitted',
    })
    return events.length
  }
  await expect.poll(seen, { timeout: patience * 1000, interval: 250 }).toBeGreaterThanOrEqual(count)
}

/** Resolves the moment that the first data provider's screen says that it trains. */
async function training(): Promise<void> {
  await cast.providers[0]?.page.evaluate(
    () =>
      new Promise<void>((resolve) => {
        const look = () => {
          const present = document.querySelector('[aria-current="step"]')
          if (present?.textContent.includes('Train, mask, encrypt') !== true) return
          observer.disconnect()
          resolve()
        }
        const observer = new MutationObserver(look)
        observer.observe(document.body, { subtree: true, childList: true, attributes: true })
        look()
      }),
  )
}

async function anyTaken(ports: Ports): Promise<boolean> {
  const taken = await Promise.all(Object.values(ports).map(Processes.portIsTaken))
  return taken.includes(true)
}
