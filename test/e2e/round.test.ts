// A whole private round in real browsers, behind the vault's own headers: what is opened is the sum of those who
// stayed, to the bit, and a single update opens to noise.
import 'fake-indexeddb/auto'
import { createServer, type Server } from 'node:http'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Remote } from 'comlink'
import type { Browser, Page } from 'playwright'
import { build, preview, type PreviewServer } from 'vite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as Ciphertext from '../../protocol/ciphertext.ts'
import type { Hex } from '../../protocol/codec.ts'
import type * as Masks from '../../protocol/masks.ts'
import * as He from '../../protocol/he.ts'
import * as Model from '../../protocol/model.ts'
import * as Packing from '../../protocol/packing.ts'
import * as Schema from '../../protocol/schema.ts'
import * as SealedModel from '../../protocol/sealedModel.ts'
import * as TaskSpec from '../../protocol/taskSpec.ts'
import * as Update from '../../protocol/update.ts'
import type { Masked, OpenRequest } from '../../workers/crypto/api.ts'
import * as Backup from '../../workers/crypto/backup.ts'
import * as Records from '../../workers/crypto/records.ts'
import * as Safe from '../../workers/crypto/safe.ts'
import * as Seal from '../../workers/crypto/seal.ts'
import * as Stream from '../../workers/crypto/stream.ts'
import * as Unmask from '../../workers/crypto/unmask.ts'
import type { Frame } from '../../workers/frame/api.ts'
import { idxPair } from '../digits.ts'
import { launch } from './browser.ts'

const root = join(import.meta.dirname, '../..')
const task: Hex = `0x${'5e'.repeat(32)}`
const opened: Hex = `0x${'01'.repeat(32)}`
const cohortsDigest: Hex = `0x${'02'.repeat(32)}`
const record: Hex = `0x${'04'.repeat(32)}`
const place: Masks.Place = { chainId: 31_337, market: `0x${'6a'.repeat(20)}`, task, round: 1 }
const modulus = 2n ** 44n
const threshold = 3
const model: TaskSpec.TaskSpec['model'] = { template: 'mlp', inputs: 784, hidden: [41], classes: 10 }
const parameters = Model.parameterCount(model)
const spec: TaskSpec.TaskSpec = {
  v: 1,
  title: 'Digits',
  description: '',
  schemaId: Schema.id(Schema.digits),
  model,
  training: { epochs: 1, batchSize: 16, learningRate: 0.1, momentum: 0.5, seed: 11 },
  he: He.parametersFor(16, 64),
  clip: 4,
  range: Update.rangeFor(4, parameters),
  sampleCap: 200,
  minimumQuality: 0,
  rounds: 2,
  targetAccuracy: 0,
  testSet: { commitment: `0x${'03'.repeat(32)}`, samples: 100 },
  timeouts: { ready: 1, update: 1, commit: 1 },
  warmStart: null,
  scoring: 'own',
}
const encodedSpec = TaskSpec.encode(spec)
const rules: Update.Rules = { he: spec.he, clip: spec.clip, range: spec.range, sampleCap: spec.sampleCap }

/** What the page of the app's origin keeps in its global scope. */
type Host = { readonly frame: Remote<Frame> & Frame; readonly proxy: <value>(value: value) => value }
declare const host: Host

let browser: Browser
let app: Server
let vault: PreviewServer
let folder: string
let appUrl: string
const complaints: string[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-vault-'))
  app = createServer((request, response) => {
    void serve(request.url ?? '/').then(([type, body]) => response.setHeader('Content-Type', type).end(body))
  })
  await new Promise<void>((resolve) => app.listen(0, 'localhost', resolve))
  const address = app.address()
  if (address === null || typeof address === 'string') throw new Error('The host page has no port.')
  appUrl = `http://localhost:${address.port}`
  process.env['VITE_APP_ORIGINS'] = appUrl
  const shared = { configFile: join(root, 'vite.config.ts'), mode: 'vault', logLevel: 'error' as const }
  await build({ ...shared, build: { outDir: folder } })
  vault = await preview({ ...shared, build: { outDir: folder }, preview: { port: 0, strictPort: false } })
  browser = await launch()
})

afterAll(async () => {
  delete process.env['VITE_APP_ORIGINS']
  await browser.close()
  await vault.close()
  app.closeAllConnections()
  app.close()
  await rm(folder, { recursive: true, force: true })
})

async function serve(path: string): Promise<[string, string]> {
  if (path === '/comlink.mjs')
    return [
      'text/javascript',
      await readFile(join(root, 'node_modules/comlink/dist/esm/comlink.mjs'), 'utf8'),
    ]
  const vaultUrl = vault.resolvedUrls?.local[0] ?? ''
  const script = `
    import * as Comlink from '/comlink.mjs'
    const frame = document.createElement('iframe')
    frame.src = ${JSON.stringify(vaultUrl)}
    frame.onload = () => {
      const { port1, port2 } = new MessageChannel()
      frame.contentWindow.postMessage({ galaxy: 'vault' }, new URL(frame.src).origin, [port2])
      globalThis.host = { frame: Comlink.wrap(port1), proxy: Comlink.proxy }
    }
    document.body.append(frame)`
  return ['text/html', `<!doctype html><title>host</title><body><script type="module">${script}</script>`]
}

/** A person with a browser of their own. */
async function party(): Promise<Page> {
  const page = await (await browser.newContext()).newPage()
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.goto(appUrl)
  await page.waitForFunction(() => 'host' in globalThis)
  return page
}

async function imports(page: Page, count: number, seed: number): Promise<{ id: string; dataSignature: Hex }> {
  const files = await Promise.all(
    idxPair(count, seed).map(async (file) => ({ name: file.name, bytes: await bytesOf(file) })),
  )
  return page.evaluate(
    async ({ files, schemaId }) => {
      const picked = files.map(
        ({ name, bytes }) => new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name),
      )
      const { id, dataSignature } = await host.frame.vault.import(
        { name: 'digits', schemaId, files: picked },
        host.proxy(() => undefined),
      )
      return { id, dataSignature }
    },
    { files, schemaId: spec.schemaId },
  )
}

async function bytesOf(file: File): Promise<string> {
  return Buffer.from(await file.arrayBuffer()).toString('base64')
}

test('a round of four providers, who are its committee too, opens the exact sum of the three that stay', async () => {
  const pages = await Promise.all([party(), party(), party(), party(), party()])
  const [owner, ...providers] = pages
  const testSet = await imports(owner, 100, 3)
  const dataSets = await Promise.all(providers.map((page, i) => imports(page, 100 + 20 * i, i)))
  await Promise.all(providers.map((page) => page.evaluate(() => host.frame.train.probe('wasm'))))
  const recipients = await Promise.all(
    providers.map((page) =>
      page.evaluate(async () => {
        const { account, box } = await host.frame.crypto.identity()
        return { account, box }
      }),
    ),
  )
  const members = await Promise.all(
    providers.map(async (page, seat) => ({
      ...{ seat, account: recipients[seat]?.account ?? task },
      key: await page.evaluate((task) => host.frame.crypto.sealingKey({ task, epoch: 0 }), task),
    })),
  )
  const masks = await Promise.all(
    providers.map((page, i) =>
      page.evaluate((request) => host.frame.crypto.ready(request), {
        ...{ place, opened, account: recipients[i]?.account ?? task, members, threshold },
        ...{ dataSet: dataSets[i]?.id ?? '', dataSignature: dataSets[i]?.dataSignature ?? task },
      }),
    ),
  )
  const peers = masks.map(({ ephemeral }, i) => ({ account: recipients[i]?.account ?? task, ephemeral }))

  const round = await owner.evaluate((request) => host.frame.crypto.prepare(request), {
    ...{ task, round: 1, spec: encodedSpec, recipients },
  })
  const staying = providers.slice(0, 3)
  const updates: Uint8Array[][] = []
  for (const [i, page] of staying.entries()) {
    const { id = '', dataSignature = task } = dataSets[i] ?? {}
    const { ciphertexts, root, ...contribution } = await page.evaluate(
      (request) =>
        host.frame.crypto.contribute(
          request,
          host.proxy(() => undefined),
        ),
      {
        ...{ place, account: recipients[i]?.account ?? task, peers, spec: encodedSpec, dataSet: id },
        ...{ dataSignature, ...round, samples: 100 + 20 * i, opened, cohorts: cohortsDigest },
      },
    )
    expect(contribution.samples).toBe(100 + 20 * i)
    expect(Ciphertext.root(ciphertexts)).toBe(root)
    expect(ciphertexts.length * Ciphertext.bytes).toBe(4 * 65_536)
    expect(contribution.backend).toBe('wasm')
    updates.push([...ciphertexts])
  }
  const counts = await Promise.all(
    providers.map((page, i) =>
      page.evaluate(
        async ({ place, ...version }) => {
          const { spent, held, limit } = await host.frame.crypto.openings(version)
          await host.frame.crypto.limitOpenings({ ...version, from: limit, to: 1 })
          const request = { ...version, place: { ...place, round: 2 }, opened: place.task }
          const ready = { ...request, account: place.market, members: [], threshold: 1 }
          const name = await host.frame.crypto.ready(ready).then(
            () => 'ready',
            (thrown: unknown) => (thrown instanceof Error ? thrown.name : ''),
          )
          return { spent, held, name }
        },
        { place, dataSet: dataSets[i]?.id ?? '', dataSignature: dataSets[i]?.dataSignature ?? task },
      ),
    ),
  )
  expect(counts).toEqual(
    providers.map((_, i) => ({
      ...(i < staying.length ? { spent: 1, held: 0 } : { spent: 0, held: 1 }),
      name: 'Ledger.LimitError',
    })),
  )
  const [aggregator] = providers
  const sum = await aggregator.evaluate((updates) => host.frame.crypto.aggregate(updates), updates)

  const released = await Promise.all(
    providers.map((page, seat) => {
      const wanted = masks.map(({ shares }, i) => {
        const kind = i < staying.length ? ('seed' as const) : ('key' as const)
        const share = shares.find((each) => each.seat === seat)
        return {
          ...{ provider: recipients[i]?.account ?? task, kind },
          ...{ sealed: share?.[kind] ?? '0x', hash: share?.[`${kind}Hash`] ?? '0x' },
        }
      })
      return page.evaluate((request) => host.frame.crypto.unmask(request), {
        ...{ place, epoch: 0, account: recipients[seat]?.account ?? task, record, wanted },
      })
    }),
  )
  const cohort = masks.map(({ ephemeral, seedHash, shares }, i): Masked => {
    const [account, survived] = [recipients[i]?.account ?? task, i < staying.length]
    return {
      ...{ account, ephemeral, seedHash, samples: 100 + 20 * i, survived },
      shares: shares.slice(0, threshold).flatMap((each) => {
        const own = released[each.seat]?.find(({ provider }) => provider === account)
        const hash = survived ? each.seedHash : each.keyHash
        return own === undefined ? [] : [{ seat: each.seat, hash, share: own.share, salt: own.salt }]
      }),
    }
  })
  const backup = await owner.evaluate(() => host.frame.crypto.backup('a long passphrase'))
  const request: OpenRequest = {
    ...{ place, spec: encodedSpec, testSet: testSet.id, opened, cohortsDigest, threshold },
    cohorts: [{ sum: sum.ciphertexts, sumRoot: sum.root, members: cohort }],
    coalitions: [0, 1],
  }
  const answer = await owner.evaluate((request) => host.frame.crypto.open(request), request)
  expect(answer).toMatchObject({ wrongShares: [], sums: [{ digest: expect.stringMatching(/^0x/) }] })

  const { levels, global } = await independently(backup, updates, cohort)
  const samples = staying.map((_, i) => 100 + 20 * i)
  const expected = Update.next(global, [{ levels, samples }], rules)
  const file = await owner.evaluate(({ task, spec }) => host.frame.crypto.exportModel(task, spec), {
    task,
    spec: encodedSpec,
  })
  const weights = file.slice(file.length - 4 * parameters)
  expect(Buffer.compare(weights, new Uint8Array(expected.buffer))).toBe(0)
  expect(answer.total).toBe(100)
  const [before = 0, after] = answer.worth
  expect(after).toBe(answer.correct)
  expect(answer.correct).toBeGreaterThan(before)
  expect(complaints).toEqual([])

  const inside = owner.frames().find((frame) => frame.url() !== owner.url() && frame.url() !== 'about:blank')
  await expect(inside?.evaluate(() => fetch('/'))).rejects.toThrow('Failed to fetch')
})

/**
 * Opens every provider's update by itself with the model provider's key, finds nothing in it, adds the integers here,
 * and takes the masks off in Node.
 */
async function independently(
  backup: Uint8Array,
  updates: readonly Uint8Array[][],
  cohort: readonly Masked[],
) {
  const safe = await Safe.open('elsewhere')
  await Backup.restore(safe, backup, 'a long passphrase')
  const [record, current] = await Promise.all([
    safe.get(Records.rounds.id(task, 1)),
    safe.get(Records.models.id(task)),
  ])
  safe.close()
  if (record === undefined || current === undefined) throw new Error('The backup lacks the round.')
  const { secretKey, modelHash } = Records.rounds.decode(record)
  const global = SealedModel.weightsOf(Records.models.decode(current).content, modelHash)
  const seal = await Seal.load(await readFile(join(root, 'node_modules/node-seal/dist/seal_throws.wasm')))
  const sums: bigint[][] = []
  for (const update of updates) {
    const plains = seal.decrypt(secretKey, update)
    expect(() => Packing.unpack(plains, parameters, spec.he)).toThrow(Packing.GuardError)
    plains.forEach((plain, at) => {
      const sum = (sums[at] ??= [])
      new BigUint64Array(new Uint8Array(plain).buffer).forEach((number, i) => {
        sum[i] = ((sum[i] ?? 0n) + number) % modulus
      })
    })
  }
  const { of } = await Unmask.restore(cohort, threshold, 1)
  const masks = Unmask.streams(cohort, of, place, { opened, cohorts: cohortsDigest })
  const masked = sums.map((numbers) => new Uint8Array(BigUint64Array.from(numbers).buffer))
  const levels = Packing.unpack(await Stream.apply(masked, masks), parameters, spec.he)
  return { levels, global }
}
