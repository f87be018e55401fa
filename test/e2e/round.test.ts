// A whole encrypted round in real browsers, behind the vault's own headers: what is opened is the sum, to the bit.
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
import * as He from '../../protocol/he.ts'
import * as Model from '../../protocol/model.ts'
import * as Packing from '../../protocol/packing.ts'
import * as Schema from '../../protocol/schema.ts'
import * as SealedModel from '../../protocol/sealedModel.ts'
import * as TaskSpec from '../../protocol/taskSpec.ts'
import * as Update from '../../protocol/update.ts'
import type { Frame } from '../../workers/api.ts'
import * as Backup from '../../workers/crypto/backup.ts'
import * as Records from '../../workers/crypto/records.ts'
import * as Safe from '../../workers/crypto/safe.ts'
import * as Seal from '../../workers/crypto/seal.ts'
import { idxPair } from '../digits.ts'
import { launch } from './browser.ts'

const root = join(import.meta.dirname, '../..')
const task: Hex = `0x${'5e'.repeat(32)}`
const opened: Hex = `0x${'01'.repeat(32)}`
const cohortsDigest: Hex = `0x${'02'.repeat(32)}`
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

test('a round of four providers opens their exact sum', async () => {
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

  const round = await owner.evaluate((request) => host.frame.crypto.prepare(request), {
    ...{ task, round: 1, spec: encodedSpec, recipients },
  })
  const before = await scored(owner, testSet.id)
  const updates: Uint8Array[][] = []
  for (const [i, page] of providers.entries()) {
    const { id = '', dataSignature = task } = dataSets[i] ?? {}
    const { ciphertexts, root, ...contribution } = await page.evaluate(
      (request) =>
        host.frame.crypto.contribute(
          request,
          host.proxy(() => undefined),
        ),
      {
        ...{ task, round: 1, spec: encodedSpec, dataSet: id, dataSignature, ...round },
        ...{ samples: 100 + 20 * i, opened, cohorts: cohortsDigest },
      },
    )
    expect(contribution.samples).toBe(100 + 20 * i)
    expect(Ciphertext.root(ciphertexts)).toBe(root)
    expect(ciphertexts.length * Ciphertext.bytes).toBe(4 * 65_536)
    expect(contribution.backend).toBe('wasm')
    updates.push([...ciphertexts])
  }
  const [aggregator] = providers
  const sum = await aggregator.evaluate((updates) => host.frame.crypto.aggregate(updates), updates)
  const backup = await owner.evaluate(() => host.frame.crypto.backup('a long passphrase'))
  const samples = providers.map((_, i) => 100 + 20 * i)
  const answer = await owner.evaluate((request) => host.frame.crypto.open(request), {
    ...{ task, round: 1, spec: encodedSpec, testSet: testSet.id },
    cohorts: [{ sum: sum.ciphertexts, sumRoot: sum.root, samples }],
  })

  const { levels, global } = await independently(backup, updates)
  const expected = Update.next(global, [{ levels, samples }], rules)
  const file = await owner.evaluate(({ task, spec }) => host.frame.crypto.exportModel(task, spec), {
    task,
    spec: encodedSpec,
  })
  const weights = file.slice(file.length - 4 * parameters)
  expect(Buffer.compare(weights, new Uint8Array(expected.buffer))).toBe(0)
  expect(answer.total).toBe(100)
  expect(answer.correct).toBeGreaterThan(before.correct)
  expect(complaints).toEqual([])

  const inside = owner.frames().find((frame) => frame.url() !== owner.url() && frame.url() !== 'about:blank')
  await expect(inside?.evaluate(() => fetch('/'))).rejects.toThrow('Failed to fetch')
})

/** Opens every provider's update by itself with the model provider's key, and adds the integers here. */
async function independently(backup: Uint8Array, updates: readonly Uint8Array[][]) {
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
  const levels = new Uint32Array(parameters)
  for (const update of updates) {
    const single = Packing.unpack(seal.decrypt(secretKey, update), parameters, spec.he)
    single.forEach((level, i) => {
      levels[i] = (levels[i] ?? 0) + level
    })
  }
  return { levels, global }
}

function scored(page: Page, testSet: string) {
  return page.evaluate(({ task, spec, testSet }) => host.frame.crypto.score(task, spec, testSet), {
    task,
    spec: encodedSpec,
    testSet,
  })
}
