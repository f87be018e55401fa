// Rows stay where they are: rows planted in every data set are searched for in everything that leaves the browsers,
// where it is given to the network worker and before anything encrypts it, and in everything that the relay keeps.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as Ciphertext from '../../protocol/ciphertext.ts'
import * as He from '../../protocol/he.ts'
import * as Model from '../../protocol/model.ts'
import * as Packing from '../../protocol/packing.ts'
import type * as TaskSpec from '../../protocol/taskSpec.ts'
import * as Books from '../../scripts/demo/books.ts'
import * as Measured from '../../scripts/demo/measured.ts'
import { type Stack, startStack } from '../../scripts/stack.ts'
import { launch } from './browser.ts'
import * as Canary from './canary.ts'
import * as Parties from '../parties.ts'
import * as Play from './play.ts'
import * as Recorder from './recorder.ts'
import * as RoundKeys from './roundKeys.ts'

const perPerson = 3
const rounds = 2
const planted = Canary.rows(6 * perPerson, 20_260_101)
const search = Canary.seeker(Canary.formsOf(planted))
const [spy] = planted

let stack: Stack
let browser: Browser
let folder: string
let cast: Play.Cast
/** URLs, headers and bodies of all requests of both origins, and all frames of page sockets. */
const requests: Buffer[] = []
let requested = new Set<string>()

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'galaxy-canary-'))
  stack = await startStack({ folder: join(folder, 'stack') })
  browser = await launch()
})

afterAll(async () => {
  await browser.close()
  await stack.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe('the search', () => {
  test('finds each spelling wherever it stands', () => {
    for (const { name, of } of Canary.spellings) {
      for (const distance of [0, 1, 2, 1001]) {
        const [row] = planted
        if (row === undefined) throw new Error('No row was planted.')
        const haystack = Buffer.concat([Buffer.alloc(distance, 7), of(row), Buffer.alloc(distance, 9)])
        expect(search(haystack), name).not.toEqual([])
      }
    }
  })

  test('finds nothing in rows that were not planted', () => {
    for (const row of Canary.rows(3, 7)) {
      for (const { of } of Canary.spellings) expect(search(of(row))).toEqual([])
    }
  })
})

describe('after a whole task', () => {
  const taken = new Map<string, Buffer>()
  let watching: RoundKeys.Watch

  beforeAll(async () => {
    const play = { appUrl: stack.appUrl, browser, folder, prepare: watch }
    cast = await Play.gather(play)
    await Play.start(play, cast, {
      rounds,
      samples: 300,
      planted: (place) => planted.slice(place * perPerson, (place + 1) * perPerson),
    })
    watching = RoundKeys.watch(cast.model, stack.vaultUrl)
    await Play.finish(cast, 240)
    await watching.stop()
    for (const { name, page } of cast.everyone) taken.set(name, await Recorder.take(page))
  }, 500_000)

  test('everyone delivered and was paid', async () => {
    const books = await Books.read({ rpcUrl: stack.rpcUrl, ...stack.config })
    expect(books.rounds.map(({ survivors }) => survivors.length)).toEqual([3, 3])
    expect(books.conserved).toBe(true)
  })

  test('the recorder heard every ciphertext that the relay keeps', () => {
    const heard = Buffer.concat([...taken.values()])
    const ciphertexts = blocksOfRelay().filter((block) => block.length === Ciphertext.packedBytes)
    expect(ciphertexts.length).toBeGreaterThanOrEqual(cast.providers.length * rounds * 4)
    for (const block of ciphertexts) expect(heard.includes(block.subarray(0, 256))).toBe(true)
    for (const { name } of cast.providers) {
      expect(taken.get(name)?.length).toBeGreaterThan(rounds * 4 * Ciphertext.packedBytes)
    }
  })

  test('no row was given to the network', () => {
    for (const [name, bytes] of taken) expect(search(bytes), name).toEqual([])
  })

  test('no weights were given to the network in the clear', async () => {
    const { model, providers } = cast
    const spec = (await Measured.read(model)).state['spec'] as TaskSpec.TaskSpec
    const first = Model.initialise(spec.model, spec.training.seed)
    const downloading = model.page.waitForEvent('download')
    await model.page.getByRole('button', { name: 'Download the model' }).click()
    const last = readFileSync(await (await downloading).path()).subarray(-first.byteLength)
    const weights = Canary.seeker([
      { name: 'first weights', bytes: new Uint8Array(first.buffer) },
      { name: 'last weights', bytes: last },
    ])
    for (const [name, bytes] of taken) expect(weights(bytes), name).toEqual([])
    expect(weights(filesOfRelay())).toEqual([])

    const [provider] = providers
    if (provider === undefined) throw new Error('Nobody is there to leak.')
    await Recorder.leak(provider.page, last.subarray(1_000, 5_000))
    expect(weights(await Recorder.take(provider.page))).not.toEqual([])
  })

  test('no update can be read, not even with the secret key of its round', async () => {
    const seal = await Parties.seal()
    const pairs = [...watching.pairs.values()]
    expect(pairs).toHaveLength(rounds)
    const { state } = await Measured.read(cast.model)
    const { he, model } = state['spec'] as TaskSpec.TaskSpec
    /** By the round's key: the part of the coefficients that hold more than values. */
    const read = (words: Uint8Array) =>
      Math.min(...pairs.map(({ secretKey }) => beyondValues(seal.decrypt(secretKey, [words]), he)))

    const kept = blocksOfRelay().filter((block) => block.length === Ciphertext.packedBytes)
    for (const block of kept) expect(read(Ciphertext.unpack(block))).toBeGreaterThan(0.99)

    const bare = Packing.pack(new Uint32Array(Model.parameterCount(model)).fill(7), he)
    for (const { publicKey } of pairs) {
      for (const words of seal.encrypt(publicKey, bare)) expect(read(words)).toBe(0)
    }
  })

  test('no row went along with a request', () => {
    expect([...requested]).toEqual(expect.arrayContaining([stack.appUrl, stack.vaultUrl]))
    expect(search(Buffer.concat(requests))).toEqual([])
  })

  test('no row is stored at the app’s origin', async () => {
    for (const { name, page } of cast.everyone) {
      const kept = await Recorder.stored(page)
      expect(kept.length, name).toBeGreaterThan(1_000)
      expect(search(kept), name).toEqual([])
    }
  })

  test('no row is kept by the relay', () => {
    const kept = filesOfRelay()
    expect(kept.length).toBeGreaterThan(cast.providers.length * rounds * 4 * Ciphertext.packedBytes)
    expect(search(kept)).toEqual([])
    for (const block of blocksOfRelay()) expect(search(block)).toEqual([])
  })

  // The network worker stores what it is given and hands it to the relay: the last tests look for the leaks of the first.
  describe('a planted leak is found', () => {
    test.each(Canary.spellings)('written as $name', async ({ of }) => {
      const [provider] = cast.providers
      if (provider === undefined || spy === undefined) throw new Error('Nobody is there to leak.')
      await Recorder.take(provider.page)
      await Recorder.leak(provider.page, of(spy))
      expect(search(await Recorder.take(provider.page))).not.toEqual([])
    })

    test.each(['text', 'numbers', 'file'] as const)('deep inside a message as %s', async (how) => {
      const [provider] = cast.providers
      if (provider === undefined || spy === undefined) throw new Error('Nobody is there to leak.')
      await Recorder.take(provider.page)
      await Recorder.leakAs(provider.page, spy, how)
      expect(search(await Recorder.take(provider.page))).not.toEqual([])
    })

    test('in what the app stores', async () => {
      const [provider] = cast.providers
      await expect
        .poll(async () => provider && search(await Recorder.stored(provider.page)), { timeout: 20_000 })
        .not.toEqual([])
    })

    test('in a request', async () => {
      const before = requests.length
      const row = Buffer.from(spy ?? []).toString('hex')
      await cast.model.page.evaluate((row) => fetch(`/?${row}`), row)
      await expect.poll(() => search(Buffer.concat(requests.slice(before)))).not.toEqual([])
    })

    test('in what the relay keeps', async () => {
      await expect.poll(() => search(filesOfRelay()), { timeout: 30_000 }).not.toEqual([])
    })
  })
})

/** The part of the coefficients in which a bit is set that no single packed update sets. */
function beyondValues(
  plains: readonly Uint8Array<ArrayBuffer>[],
  { valueBits, fieldBits }: He.Parameters,
): number {
  let values = 0n
  for (let at = 0; at + fieldBits <= He.plainBits; at += fieldBits)
    values |= (2n ** BigInt(valueBits) - 1n) << BigInt(at)
  const coefficients = plains.flatMap((plain) => [...new BigUint64Array(plain.buffer)])
  return coefficients.filter((coefficient) => (coefficient & ~values) !== 0n).length / coefficients.length
}

async function watch(context: BrowserContext): Promise<void> {
  await Recorder.record(context, stack.appUrl)
  context.on('request', (request) => {
    const { origin } = new URL(request.url())
    requested = requested.add(origin)
    requests.push(Buffer.from(`${request.url()}\n${JSON.stringify(request.headers())}\n`))
    const body = request.postDataBuffer()
    if (body !== null) requests.push(body)
  })
  context.on('page', (page) => {
    page.on('websocket', (socket) => {
      socket.on('framesent', ({ payload }) => requests.push(Buffer.from(payload)))
    })
  })
}

/** Everything in the relay's folder: its database with the write-ahead log beside it. */
function filesOfRelay(): Buffer {
  const kept = join(folder, 'stack/relay')
  const files = readdirSync(kept, { recursive: true, withFileTypes: true }).filter((each) => each.isFile())
  return Buffer.concat(files.map((file) => readFileSync(join(file.parentPath, file.name))))
}

function blocksOfRelay(): Buffer[] {
  const database = new DatabaseSync(join(folder, 'stack/relay/relay.db'), { readOnly: true })
  try {
    return database
      .prepare('SELECT block FROM blocks')
      .all()
      .flatMap(({ block }) => (block instanceof Uint8Array ? [Buffer.from(block)] : []))
  } finally {
    database.close()
  }
}
