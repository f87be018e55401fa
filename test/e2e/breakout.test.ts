// Code that sees rows cannot reach the network: every way out is tried, in a real browser, on the origins as served.
import type { Browser, Frame, Page, Worker } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Stack, startStack } from '../../scripts/stack.ts'
import { type Attack, inDocuments, inWorkers } from './attacks.ts'
import { launch } from './browser.ts'
import { type Listener, listen } from './listener.ts'

/** Milliseconds in which an attempt that got through is heard. */
const patience = 1_500

let stack: Stack
let browser: Browser
let listener: Listener

beforeAll(async () => {
  stack = await startStack()
  browser = await launch()
  listener = await listen()
})

afterAll(async () => {
  await listener.stop()
  await browser.close()
  await stack.stop()
})

describe('the listener', () => {
  test('hears a request from outside the vault', async () => {
    await fetch(`${listener.origin}/control`)
    expect(listener.take()).toContain('control')
  })

  describe('on a page without the headers', () => {
    let reached = new Set<string>()
    beforeAll(async () => {
      reached = await heardFrom(inDocuments, () => fresh(`${listener.origin}/control.html`))
    })
    test.each(inDocuments.filter(({ uncontrolled }) => !uncontrolled))('hears $name', ({ name, heardAs }) => {
      expect(reached).toContain(heardAs ?? name)
    })
  })
})

describe('the vault’s document', () => {
  let reached = new Set<string>()
  beforeAll(async () => {
    reached = await heardFrom(inDocuments, async () => vaultFrame(await fresh(stack.appUrl)))
  })
  test.each(inDocuments)('cannot use $name', ({ name, heardAs }) => {
    expect(reached).not.toContain(heardAs ?? name)
  })
  test('is not heard at all', () => expect([...reached]).toEqual([]))
})

describe('the vault’s workers', () => {
  let reached = new Set<string>()
  let workers: Worker[] = []
  beforeAll(async () => {
    const page = await fresh(stack.appUrl)
    workers = await vaultWorkers(page)
    await settle()
    listener.take()
    await Promise.all(workers.flatMap((worker) => inWorkers.map((attack) => attempt(worker, attack))))
    await settle()
    reached = listener.take()
    await page.context().close()
  })
  test('are four', () => expect(workers.length).toBe(4))
  test.each(inWorkers)('cannot use $name', ({ name, heardAs }) => {
    expect(reached).not.toContain(heardAs ?? name)
  })
  test('are not heard at all', () => expect([...reached]).toEqual([]))
})

test('the vault and its workers are isolated, so that threads may share memory; the app is not', async () => {
  const page = await fresh(stack.appUrl)
  const frame = await vaultFrame(page)
  const isolated = () => globalThis.crossOriginIsolated
  expect(await page.evaluate(isolated)).toBe(false)
  expect(await frame.evaluate(isolated)).toBe(true)
  const workers = await vaultWorkers(page)
  expect(await Promise.all(workers.map((worker) => worker.evaluate(isolated)))).toEqual(
    workers.map(() => true),
  )
  await page.context().close()
})

test('threads of the train worker start under the vault’s headers, and leave when it rests', async () => {
  const context = await browser.newContext()
  // As on a machine with four processors.
  const many = `if ('WorkerNavigator' in globalThis)
    Object.defineProperty(WorkerNavigator.prototype, 'hardwareConcurrency', { get: () => 4 });\n`
  await context.route(`${stack.vaultUrl}/**/*.js`, async (route) => {
    const response = await route.fetch()
    await route.fulfill({ response, body: many + (await response.text()) })
  })
  const page = await context.newPage()
  const threads = new Set<string>()
  page.on('worker', (worker) => {
    const told = worker.evaluate<string>(`crossOriginIsolated ? name : 'not isolated'`)
    void told.then((name) => threads.add(name)).catch(() => undefined)
  })
  await page.goto(stack.appUrl)
  for (const worker of await vaultWorkers(page)) {
    if ((await worker.evaluate<string>('name')) !== 'train') continue
    await worker.evaluate(() => {
      const argumentList = [{ type: 'RAW', value: 'wasm' }]
      const data = { id: 'asked', type: 'APPLY', path: ['probe'], argumentList }
      globalThis.dispatchEvent(new MessageEvent('message', { data }))
    })
  }
  await expect.poll(() => [...threads], { timeout: 30_000 }).toContain('thread')
  const names = () => Promise.all(page.workers().map((worker) => worker.evaluate<string>('name')))
  await expect.poll(names, { timeout: 30_000 }).not.toContain('thread')
  expect(await names()).toContain('train')
  await context.close()
})

describe('the app origin', () => {
  test('does not see what the vault stores', async () => {
    const page = await fresh(stack.appUrl)
    const frame = await vaultFrame(page)
    await frame.evaluate(plant)
    const names = () => indexedDB.databases().then((found) => found.map(({ name }) => name))
    expect(await frame.evaluate(names)).toContain('planted')
    expect(await page.evaluate(names)).not.toContain('planted')
    expect(await page.evaluate(openPlanted)).toEqual([])
    await page.context().close()
  })

  test('cannot reach into the vault’s frame', async () => {
    const page = await fresh(stack.appUrl)
    await vaultFrame(page)
    const reached = await page.evaluate(() => {
      try {
        return document.querySelector('iframe')?.contentWindow?.document.title ?? 'no document'
      } catch (error) {
        return error instanceof DOMException ? error.name : 'other'
      }
    })
    expect(reached).toMatch(/SecurityError|no document/)
    await page.context().close()
  })

  test('is the only one that may embed the vault', async () => {
    const page = await fresh(`${listener.origin}/control.html`)
    await page.evaluate((vaultUrl) => {
      const frame = document.createElement('iframe')
      frame.src = vaultUrl
      document.body.append(frame)
    }, stack.vaultUrl)
    await expect.poll(() => page.frames().length).toBe(2)
    await settle()
    const embedded = page.frames().find((frame) => frame.url().startsWith(stack.vaultUrl))
    expect(embedded).toBeUndefined()
    await page.context().close()
  })

  test('may talk to itself and to its relays only', async () => {
    const page = await fresh(stack.appUrl)
    listener.take()
    for (const attack of inDocuments.filter(({ name }) =>
      ['fetch', 'webSocket', 'beacon', 'image'].includes(name),
    )) {
      await attempt(page, attack)
    }
    await settle()
    expect([...listener.take()]).toEqual([])
    await page.context().close()
  })
})

/** What the listener heard of the attacks; those that stay share one place, those that leave get one each. */
async function heardFrom(
  attacks: readonly Attack[],
  open: () => Promise<Page | Frame>,
): Promise<Set<string>> {
  const all = new Set<string>()
  const groups = [
    attacks.filter(({ leaves }) => !leaves),
    ...attacks.filter(({ leaves }) => leaves).map((one) => [one]),
  ]
  for (const group of groups) {
    const place = await open()
    await settle()
    listener.take()
    for (const attack of group) await attempt(place, attack)
    await settle()
    for (const name of listener.take()) all.add(name)
    await ('context' in place ? place : place.page()).context().close()
  }
  return all
}

async function fresh(url: string): Promise<Page> {
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(url)
  return page
}

async function vaultFrame(page: Page): Promise<Frame> {
  const isVault = (frame: Frame) => frame.url().startsWith(stack.vaultUrl)
  const frame = page.frames().find(isVault) ?? (await page.waitForEvent('framenavigated', isVault))
  await frame.waitForLoadState()
  return frame
}

async function vaultWorkers(page: Page): Promise<Worker[]> {
  const find = () => page.workers().filter((worker) => worker.url().startsWith(stack.vaultUrl))
  while (find().length < 4) await page.waitForEvent('worker')
  return find()
}

/** Refusals are the point, so they are swallowed; only the listener judges. */
async function attempt(place: { evaluate(code: string): Promise<unknown> }, attack: Attack): Promise<void> {
  const target = {
    url: `${listener.origin}/${attack.name}`,
    origin: listener.origin,
    stunPort: listener.stunPort,
  }
  const code = `(async () => { try { await Promise.race([(${attack.run.toString()})(${JSON.stringify(target)}), new Promise((done) => setTimeout(done, 300))]) } catch (error) { return String(error) } })()`
  await place.evaluate(code).catch(() => undefined)
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, patience))
}

async function plant(): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const opening = indexedDB.open('planted', 1)
    opening.onupgradeneeded = () => opening.result.createObjectStore('rows').put('secret', 'row')
    opening.onerror = () => reject(new Error('not opened'))
    opening.onsuccess = () => {
      opening.result.close()
      resolve()
    }
  })
}

async function openPlanted(): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open('planted', 1)
    opening.onerror = () => reject(new Error('not opened'))
    opening.onsuccess = () => {
      const names = [...opening.result.objectStoreNames]
      opening.result.close()
      resolve(names)
    }
  })
}
