// What is wrong is told plainly and loses nothing: files, offers, messages, a full disk, a chain that is down.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decode, encode } from '@ipld/dag-cbor'
import { MemoryBlockstore } from 'blockstore-core'
import type { Browser, BrowserContext, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as Envelope from '../../protocol/envelope.ts'
import * as Topic from '../../protocol/topic.ts'
import * as Person from '../../scripts/demo/person.ts'
import { type Stack, startStack } from '../../scripts/stack.ts'
import type { Network } from '../../workers/network/api.ts'
import * as NetworkDoor from '../../workers/network/network.ts'
import { launch } from './browser.ts'
import * as Play from './play.ts'

/** One transparent pixel. */
const dot = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

let folder: string
let stack: Stack
let browser: Browser
let stranger: Network
let dana: Person.Person

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'galaxy-bad-'))
  stack = await startStack({ folder: join(folder, 'stack') })
  browser = await launch()
  dana = await arrive('Dana')
  stranger = NetworkDoor.create(new MemoryBlockstore())
  await stranger.start({ relays: [...stack.config.relays] })
})

afterAll(async () => {
  await stranger.stop()
  await browser.close()
  await stack.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe('a file that cannot be imported', () => {
  test('because its pictures break off, is named, and another can be chosen', async () => {
    const [pictures = '', labels = ''] = await Play.digits(join(folder, 'short'), 50, 1)
    writeFileSync(pictures, readFileSync(pictures).subarray(0, 10_000))
    const told = await refusal('Handwritten digits, 28 × 28', [pictures, labels])
    expect(told).toMatch(/images-idx3-ubyte is not a usable IDX file/)
    expect(told).toMatch(/Choose the file of pictures and the file of labels/)
  })

  test('because it is rubbish under the right name, is named', async () => {
    const [pictures = '', labels = ''] = await Play.digits(join(folder, 'rubbish'), 50, 1)
    writeFileSync(pictures, Buffer.alloc(40_000, 'rubbish'))
    expect(await refusal('Handwritten digits, 28 × 28', [pictures, labels])).toMatch(/ubyte/)
  })

  test('because a label is missing, is named', async () => {
    const [pictures = ''] = await Play.digits(join(folder, 'more'), 50, 1)
    const [, labels = ''] = await Play.digits(join(folder, 'fewer'), 49, 1)
    expect(await refusal('Handwritten digits, 28 × 28', [pictures, labels])).toMatch(/49|50/)
  })

  test('because its columns are wrong, is told which it needs', async () => {
    const path = file('flowers.csv', 'height,colour\n1,red\n2,blue\n')
    const told = await refusal('Flower measurements', [path])
    expect(told).toMatch(/flowers.csv has the wrong columns/)
    expect(told).toMatch(/Its first row must name the columns/)
  })

  test('because a picture has the wrong size, is told which it needs', async () => {
    const told = await refusal('Handwritten digits, 28 × 28', [file('7-dot.png', dot)])
    expect(told).toMatch(/7-dot.png is 1 × 1 pixels, expected 28 × 28/)
    expect(told).toMatch(/Resize or leave out that picture/)
  })

  test('leaves nothing behind, and a good one goes in afterwards', async () => {
    await dana.page.evaluate(() => (location.hash = '#/data'))
    await dana.page.getByText('None yet. Pictures of digits').waitFor()
    await Person.importFiles(dana, 'Good digits', await Play.digits(join(folder, 'good'), 120, 1))
    await dana.page.evaluate(() => (location.hash = '#/data'))
    await expect.poll(() => dana.page.getByRole('article').count()).toBe(1)
  })
})

test('a full disk is told while what was imported before stays', async () => {
  const context = await browser.newContext()
  const page = await context.newPage()
  const session = await context.newCDPSession(page)
  await session.send('Storage.overrideQuotaForOrigin', { origin: stack.vaultUrl, quotaSize: 6_000_000 })
  await page.goto(stack.appUrl)
  await page.getByText(/Connected to \d/).waitFor()
  const full = { name: 'Fred', role: 'data', phone: false, page, context, complaints: [] } as const
  const stays = { leave: () => page.close(), comeBack: () => Promise.resolve() }
  await Person.importFiles(
    { ...full, ...stays, complaints: [] },
    'Few',
    await Play.digits(join(folder, 'few'), 100, 1),
  )
  const many = await Play.digits(join(folder, 'many'), 20_000, 2)
  const told = await refusal('Handwritten digits, 28 × 28', many, page)
  expect(told).toMatch(/no room left/)
  await page.evaluate(() => (location.hash = '#/data'))
  await expect.poll(() => page.getByRole('article').count()).toBe(1)
  await session.send('Storage.overrideQuotaForOrigin', { origin: stack.vaultUrl })
  await context.close()
})

describe('on the market', () => {
  let mona: Person.Person

  beforeAll(async () => {
    mona = await arrive('Mona')
    await Person.addTestFunds(mona)
    await Person.importFiles(mona, 'Tests', await Play.digits(join(folder, 'tests'), 100, 9), 'test')
    await Person.createTask(mona, {
      ...{
        title: 'Bands',
        description: 'Finds the band.',
        testSet: 'Tests',
        rounds: 1,
        datas: 3,
        computes: 2,
      },
    })
    await Person.backUp(mona, 'correct horse battery staple', folder)
    await mona.page.getByText('No matching offers yet').waitFor()
  })

  test('rubbish is refused by the relay, which says what is wrong', async () => {
    const rubbish = stranger.post(Topic.market(stack.config), Uint8Array.from([1, 2, 3]))
    await expect(rubbish).rejects.toMatchObject({
      name: 'Relay.RefusedError',
      failure: { code: 'malformed' },
    })
  })

  test('an offer that expired is not offered, an altered one is not believed, and a good one is', async () => {
    const late = await arriveInThePast('Lena', 2 * 86_400)
    await Person.importFiles(late, 'Late digits', await Play.digits(join(folder, 'late'), 110, 2))
    await offer(late, '3', '1 hour')

    const offers = await heardOnMarket()
    await Person.importFiles(dana, 'More digits', await Play.digits(join(folder, 'dana'), 130, 3))
    await offer(dana, '5', '1 day')
    await expect.poll(() => offers.length, { timeout: 30_000 }).toBeGreaterThanOrEqual(2)
    for (const message of offers) await stranger.post(Topic.market(stack.config), altered(message))

    const choices = mona.page.getByRole('group', { name: 'Matching data offers' }).getByRole('checkbox')
    await choices.first().waitFor()
    await settledAfter(mona.page)
    expect(await choices.count()).toBe(1)
    expect(await mona.page.getByText('9,999').count()).toBe(0)
    expect(await mona.page.getByText('130 samples').count()).toBe(1)
    expect(await mona.page.getByRole('alert').count()).toBe(0)

    await late.page.evaluate(() => (location.hash = '#/data'))
    await late.page.getByText('valid until').waitFor()
    await late.page.evaluate(() => Object.assign(globalThis, { shift: 0 }))
    await late.page.getByText('Expired', { exact: true }).waitFor()
    await late.context.close()
  })
})

test('a chain that is down is told, and is over when it answers again', async () => {
  const { page } = dana
  await page.getByText(/Chain at block/).waitFor()
  await stack.chain.kill()
  await page.getByText('Chain not reached').waitFor()
  const alert = page.getByRole('alert').filter({ hasText: 'The chain cannot be reached.' })
  await alert.waitFor()
  expect(await alert.innerText()).toMatch(/nothing was sent twice/)
  expect(await alert.innerText()).toMatch(/tried again every second/)
  await stack.chain.restart()
  await page.getByText(/Chain at block/).waitFor()
  await alert.waitFor({ state: 'detached' })
  await Person.addTestFunds(dana)
})

function arrive(name: string): Promise<Person.Person> {
  return Play.arrive({ appUrl: stack.appUrl, browser, folder }, name, 'data')
}

/** Somebody whose clock is so many seconds late until the page sets `shift` to 0. */
function arriveInThePast(name: string, seconds: number): Promise<Person.Person> {
  const prepare = async (context: BrowserContext) => {
    await context.addInitScript((seconds) => {
      Object.assign(globalThis, { shift: seconds * 1000 })
      const now = Date.now.bind(Date)
      Date.now = () => now() - Number(Reflect.get(globalThis, 'shift'))
    }, seconds)
  }
  return Play.arrive({ appUrl: stack.appUrl, browser, folder, prepare }, name, 'data')
}

/** Tries to import and gives what the screen says; it has to say what happened, what is safe, and what to do. */
async function refusal(schema: string, files: readonly string[], page = dana.page): Promise<string> {
  await page.evaluate(() => (location.hash = '#/data'))
  await page.getByRole('link', { name: 'Import a data set' }).click()
  await page.getByLabel('Name').fill('Bad')
  await page.getByLabel('Schema').selectOption({ label: schema })
  await page.getByLabel('Files').setInputFiles([...files])
  await page.getByRole('button', { name: 'Import', exact: true }).click()
  const alert = page.getByRole('alert')
  await alert.waitFor()
  const sentences = await alert.locator('p').allInnerTexts()
  expect(sentences).toHaveLength(3)
  for (const sentence of sentences) expect(sentence).toMatch(/^\S.+\.$/)
  return sentences.join('\n')
}

async function offer(person: Person.Person, price: string, validFor: string): Promise<void> {
  const { page } = person
  await page.getByRole('link', { name: 'Make an offer with it' }).click()
  await page.getByLabel('Asking price per task').fill(price)
  await page.getByLabel('Valid for').selectOption({ label: validFor })
  await page.getByRole('button', { name: 'Sign and publish the offer' }).click()
  await page.getByText('Offer published', { exact: true }).waitFor()
}

/** Collects data offers that the market's topic holds and gets. */
async function heardOnMarket(): Promise<Uint8Array[]> {
  const heard: Uint8Array[] = []
  await stranger.subscribe(Topic.market(stack.config), 0, ({ message }) => {
    if (Envelope.decode(message).kind === 'dataOffer') heard.push(message)
  })
  return heard
}

/** The same offer with more samples than its owner signed for. */
function altered(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const envelope = Envelope.decode(message)
  const body = decode<{ offer: object }>(envelope.body)
  const offer = { ...body.offer, samples: 9_999 }
  return Envelope.encode({ ...envelope, body: new Uint8Array(encode({ ...body, offer })) })
}

/** Resolves when a message that was posted after all others has arrived: a second of blocks later. */
async function settledAfter(page: Page): Promise<void> {
  const line = page.getByText(/Chain at block/)
  const before = await line.innerText()
  await expect.poll(() => line.innerText(), { timeout: 20_000 }).not.toBe(before)
}

function file(name: string, content: string | Buffer): string {
  mkdirSync(join(folder, 'files'), { recursive: true })
  const path = join(folder, 'files', name)
  writeFileSync(path, content)
  return path
}
