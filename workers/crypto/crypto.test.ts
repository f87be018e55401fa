import 'fake-indexeddb/auto'
import { readFile } from 'node:fs/promises'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Hex } from '../../protocol/codec.ts'
import * as Eip712 from '../../protocol/eip712.ts'
import * as He from '../../protocol/he.ts'
import * as Model from '../../protocol/model.ts'
import * as Packing from '../../protocol/packing.ts'
import * as SealedModel from '../../protocol/sealedModel.ts'
import * as TaskSpec from '../../protocol/taskSpec.ts'
import * as Update from '../../protocol/update.ts'
import type { ContributeRequest, Contribution, OpenRequest, Progress } from '../api.ts'
import * as Backup from './backup.ts'
import * as Contribute from './contribute.ts'
import * as Crypto from './crypto.ts'
import * as Round from './round.ts'
import * as Safe from './safe.ts'
import * as Seal from './seal.ts'

const task: Hex = `0x${'7a'.repeat(32)}`
const hashes: readonly Hex[] = Array.from({ length: 8 }, (_, i): Hex => `0x${`${i}`.repeat(64)}`)
const silent: Progress = () => undefined
const spec: TaskSpec.TaskSpec = {
  v: 1,
  title: 'Irises',
  description: '',
  schemaId: `0x${'01'.repeat(32)}`,
  model: { template: 'mlp', inputs: 40, hidden: [20], classes: 10 },
  training: { epochs: 1, batchSize: 8, learningRate: 0.1, momentum: 0, seed: 5 },
  he: He.parametersFor(16, 64),
  clip: 2,
  range: Update.rangeFor(2, 1030),
  sampleCap: 100,
  minimumQuality: 0,
  rounds: 3,
  targetAccuracy: 0,
  testSet: { commitment: `0x${'02'.repeat(32)}`, samples: 10 },
  timeouts: { ready: 1, update: 1, commit: 1 },
}
const encodedSpec = TaskSpec.encode(spec)
const parameters = Model.parameterCount(spec.model)

let seal: Seal.Seal
const safes: Safe.Safe[] = []
let parties = 0

beforeAll(async () => {
  seal = await Seal.load(await readFile('node_modules/node-seal/dist/seal_throws.wasm'))
})
afterEach(() => {
  for (const safe of safes.splice(0)) safe.close()
})

type Party = Awaited<ReturnType<typeof party>>

/** A device of its own, whose training moves every weight by a known amount and counts how often it ran. */
async function party(name = `party-${parties++}`) {
  const safe = await Safe.open(name)
  safes.push(safe)
  const seen = {
    trainings: 0,
    plains: [] as (readonly Uint8Array[])[],
    opened: [] as (readonly Uint8Array[])[],
    scored: 0,
  }
  const watched: Seal.Seal = {
    keyPair: () => seal.keyPair(),
    encrypt: (key, plains, progress) => {
      seen.plains.push(plains)
      return seal.encrypt(key, plains, progress)
    },
    decrypt: (key, ciphertexts) => {
      const plains = seal.decrypt(key, ciphertexts)
      seen.opened.push(plains)
      return plains
    },
  }
  const api = Crypto.create({
    safe: async () => safe,
    seal: async () => watched,
    train: async () => ({
      train: async ({ weights }) => {
        seen.trainings += 1
        const step = seen.trainings
        const moved = weights.map((weight, i) => weight + 0.03 * Math.sin(i * step + name.length))
        return { weights: moved, loss: 0.5, samples: 50, seconds: 1, backend: 'cpu', notice: '' }
      },
    }),
    score: async () => ({
      evaluate: async () => {
        seen.scored += 1
        return { correct: 7, total: 10, seconds: 0.1 }
      },
    }),
  })
  return { api, safe, seen, name, identity: await api.identity() }
}

async function prepared(owner: Party, providers: readonly Party[], round = 1) {
  const recipients = providers.map(({ identity: { account, box } }) => ({ account, box }))
  return owner.api.prepare({ task, round, spec: encodedSpec, recipients })
}

function requestOf(
  { modelHash, sealedModel, publicKey }: Awaited<ReturnType<typeof prepared>>,
  samples = 50,
  round = 1,
): ContributeRequest {
  const [opened = task, cohorts = task] = hashes
  const dataSignature: Hex = `0x${'03'.repeat(32)}`
  return {
    ...{ task, round, spec: encodedSpec, dataSet: 'a', dataSignature, sealedModel },
    ...{ modelHash, publicKey, samples, opened, cohorts },
  }
}

let owner: Party
let providers: Party[]
beforeEach(async () => {
  owner = await party()
  providers = await Promise.all([party(), party(), party(), party()])
})

async function roundOf(round = 1) {
  const opening = await prepared(owner, providers, round)
  const samples = providers.map((_, i) => 20 + 40 * i)
  const contributions: Contribution[] = []
  for (const [i, { api }] of providers.entries())
    contributions.push(await api.contribute(requestOf(opening, samples[i], round), silent))
  const sum = await owner.api.aggregate(contributions.map(({ ciphertexts }) => ciphertexts))
  const cohorts = [{ sum: sum.ciphertexts, sumRoot: sum.root, samples }]
  const request: OpenRequest = { task, round, spec: encodedSpec, testSet: 't', cohorts }
  return { opening, contributions, sum, request, samples }
}

test('four providers’ updates are summed without being opened, exact in every coefficient', async () => {
  const { request, opening, samples } = await roundOf()
  const before = new Float32Array(Model.initialise(spec.model, 5))
  const opened = await owner.api.open(request)
  expect(opened).toMatchObject({ correct: 7, total: 10 })

  const words = (plains: readonly Uint8Array[] = []) => [
    ...new BigUint64Array(Uint8Array.from(Buffer.concat(plains)).buffer),
  ]
  const expected = providers
    .map(({ seen }) => words(seen.plains[0]))
    .reduce((sum, each) => sum.map((word, i) => word + (each[i] ?? 0n)))
  expect(expected.length).toBe(Packing.count(parameters, spec.he) * 4096)
  expect(words(owner.seen.opened[0])).toEqual(expected)
  expect(owner.seen.opened.length).toBe(1)

  const weights = await weightsOf(owner)
  const divisor = samples.reduce((sum, each) => sum + Math.min(each, 100) / 100, 0)
  weights.forEach((weight, i) => {
    const change = providers.reduce(
      (sum, { name }, k) => sum + (0.03 * Math.sin(i + name.length) * Math.min(samples[k] ?? 0, 100)) / 100,
      0,
    )
    expect(Math.abs(weight - (before[i] ?? 0) - change / divisor)).toBeLessThan(
      (4 * Update.step(spec)) / divisor + 1e-6,
    )
  })
  expect((await prepared(owner, providers, 2)).modelHash).toBe(opened.nextModelHash)
  expect(opening.modelHash).not.toBe(opened.nextModelHash)
})

test('asked again, a contribution is the same bytes, also after a restart, and trains once', async () => {
  const opening = await prepared(owner, providers)
  const provider = providers[0]!
  const request = requestOf(opening)
  const [first, second] = await Promise.all([
    provider.api.contribute(request, silent),
    provider.api.contribute(request, silent),
  ])
  expect(second).toEqual(first)
  expect(provider.seen.trainings).toBe(1)
  const restarted = await party(provider.name)
  expect(await restarted.api.contribute(request, silent)).toEqual(first)
  expect(restarted.seen.trainings).toBe(0)
  expect(await restarted.api.check(first.ciphertexts)).toEqual({ root: first.root })
})

test('one round never gets two updates from a device', async () => {
  const opening = await prepared(owner, providers)
  const { api, seen } = providers[0]!
  const request = requestOf(opening)
  const other = { ...request, cohorts: hashes[5]! }
  await api.contribute(request, silent)
  await expect(api.contribute(other, silent)).rejects.toThrow(Contribute.ConflictError)
  await expect(api.contribute({ ...request, opened: hashes[5]! }, silent)).rejects.toThrow(
    Contribute.ConflictError,
  )
  expect(seen.trainings).toBe(1)

  const twice = providers[1]!
  const answers = await Promise.allSettled([
    twice.api.contribute(request, silent),
    twice.api.contribute(other, silent),
  ])
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
  expect(twice.seen.trainings).toBe(1)
})

test('a provider trains only the model that was committed to, and only if it was sealed to it', async () => {
  const opening = await prepared(owner, providers.slice(1))
  const [stranger, invited] = providers
  const request = requestOf(opening)
  await expect(stranger!.api.contribute(request, silent)).rejects.toThrow(SealedModel.RecipientError)
  const wrong = { ...request, modelHash: hashes[3]! }
  await expect(invited!.api.contribute(wrong, silent)).rejects.toThrow(SealedModel.HashError)
  await expect(invited!.api.contribute({ ...request, round: 2 }, silent)).rejects.toThrow(
    SealedModel.RecipientError,
  )
  const cut = { ...request, publicKey: request.publicKey.slice(1) }
  await expect(invited!.api.contribute(cut, silent)).rejects.toThrow('public key is malformed')
  expect(stranger!.seen.trainings).toBe(0)
  expect((await invited!.api.contribute(request, silent)).samples).toBe(50)
})

test('a round is announced once: same bytes again, never other participants', async () => {
  const first = await prepared(owner, providers)
  expect(await prepared(owner, providers)).toEqual(first)
  const restarted = await party(owner.name)
  expect(await prepared(restarted, providers)).toEqual(first)
  await expect(prepared(owner, providers.slice(1))).rejects.toThrow(Round.RepeatedError)
  const second = await prepared(owner, providers, 2)
  expect(second.modelHash).toBe(first.modelHash)
  expect(second.publicKey).not.toEqual(first.publicKey)
})

test('a sum moves the model once, however often it is opened', async () => {
  const { request } = await roundOf()
  const first = await owner.api.open(request)
  const weights = await weightsOf(owner)
  expect(await owner.api.open(request)).toEqual(first)
  expect(await weightsOf(owner)).toEqual(weights)
  expect(owner.seen.scored).toBe(1)
  await expect(prepared(owner, providers.slice(1), 1)).rejects.toThrow(Round.RepeatedError)
})

test('scoring that failed is repeated without moving the model again', async () => {
  const { request } = await roundOf()
  const failing = Crypto.create({
    safe: async () => owner.safe,
    seal: async () => seal,
    train: async () => Promise.reject(new Error('no training here')),
    score: async () => ({ evaluate: async () => Promise.reject(new Error('out of memory')) }),
  })
  await expect(failing.open(request)).rejects.toThrow('out of memory')
  const weights = await weightsOf(owner)
  expect(weights).not.toEqual(Model.initialise(spec.model, 5))
  expect((await owner.api.open(request)).correct).toBe(7)
  expect(await weightsOf(owner)).toEqual(weights)
})

test('only the committed sum is opened', async () => {
  const { request, contributions } = await roundOf()
  const [cohort] = request.cohorts
  const single = { ...request, cohorts: [{ ...cohort!, sum: contributions[0]!.ciphertexts }] }
  await expect(owner.api.open(single)).rejects.toThrow(Round.RootError)
  expect(owner.seen.opened).toEqual([])
  await expect(owner.api.open({ ...request, round: 9 })).rejects.toThrow(Round.UnknownError)
  await expect(owner.api.open({ ...request, cohorts: [] })).rejects.toThrow(Round.UnknownError)
})

test('a spoilt sum is discarded by its guards or its norm, and the model stays', async () => {
  const { opening, contributions } = await roundOf()
  const before = await weightsOf(owner)
  const zero = Update.zeroPoint(spec.he)
  const spoils = [
    { levels: new Uint32Array(parameters + 8).fill(1), error: Packing.GuardError },
    { levels: new Uint32Array(parameters).fill(2 * zero), error: Update.NormError },
  ]
  for (const { levels, error } of spoils) {
    const spoilt = seal.encrypt(opening.publicKey, Packing.pack(levels, spec.he))
    const all = [...contributions.slice(1).map(({ ciphertexts }) => ciphertexts), spoilt]
    const { ciphertexts: sum, root: sumRoot } = await owner.api.aggregate(all)
    const cohorts = [{ sum, sumRoot, samples: [60, 100, 140, 1] }]
    const request = { task, round: 1, spec: encodedSpec, testSet: 't', cohorts }
    await expect(owner.api.open(request)).rejects.toThrow(error)
  }
  expect(await weightsOf(owner)).toEqual(before)
})

test('keys are made once, sign recoverably, and survive a restart', async () => {
  const name = `party-${parties++}`
  const [a, b] = await Promise.all([party(name), party(name)])
  expect(a.identity).toEqual(b.identity)
  const digest = hashes[4]!
  for (const key of ['account', 'device'] as const) {
    const signature = await a.api.sign(key, digest)
    expect(Eip712.recover(digest, signature)).toBe(a.identity[key])
    expect(await b.api.sign(key, digest)).toBe(signature)
  }
  await expect(a.api.sign('account', '0x12')).rejects.toThrow('This digest is malformed')
})

test('nothing in the database is readable without the browser’s key', async () => {
  await roundOf()
  const stored = await new Promise<unknown[]>((resolve, reject) => {
    const opening = indexedDB.open(owner.name)
    opening.onsuccess = () => {
      const all = opening.result.transaction('records').objectStore('records').getAll()
      all.onsuccess = () => resolve(all.result)
      all.onerror = () => reject(new Error('unreadable'))
    }
  })
  expect(stored.length).toBe(3)
  const weight = new Uint8Array(Model.initialise(spec.model, 5).buffer).slice(0, 16)
  for (const row of stored) {
    expect(Object.keys(row as object).sort()).toEqual(['id', 'iv', 'sealed'])
    const { sealed } = row as { sealed: Uint8Array }
    expect(Buffer.from(sealed).includes(Buffer.from(weight))).toBe(false)
    expect(Buffer.from(sealed).includes(Buffer.from('secretKey'))).toBe(false)
  }
})

test('a backup moves keys and models to another device, and a round begun on one is opened on the other', async () => {
  const { request, opening } = await roundOf()
  const file = await owner.api.backup('a long passphrase')
  const safe = await Safe.open(`party-${parties++}`)
  safes.push(safe)
  const means = { seal: async () => seal, train: async () => Promise.reject(new Error('none')) }
  const score = async () => ({ evaluate: async () => ({ correct: 1, total: 2, seconds: 0 }) })
  const other = Crypto.create({ ...means, score, safe: async () => safe })
  await expect(other.restore(file, 'a wrong passphrase')).rejects.toThrow(Backup.PassphraseError)
  expect(await other.restore(file, 'a long passphrase')).toEqual(owner.identity)
  expect(await other.restore(file, 'a long passphrase')).toEqual(owner.identity)
  const recipients = providers.map(({ identity: { account, box } }) => ({ account, box }))
  expect(await other.prepare({ task, round: 1, spec: encodedSpec, recipients })).toEqual(opening)
  expect((await other.open(request)).correct).toBe(1)
})

test('keys that were made by opening the app, and signed nothing yet, give way to a backup', async () => {
  const [a, b] = providers
  const file = await a!.api.backup('a long passphrase')
  expect(await b!.api.restore(file, 'a long passphrase')).toEqual(a!.identity)
  expect(await b!.api.identity()).toEqual(a!.identity)
  expect(await b!.safe.ids('aside/')).toEqual([`aside/${b!.identity.account}`])
  const other = await owner.api.backup('a long passphrase')
  await expect(b!.api.restore(other, 'a long passphrase')).rejects.toThrow(Backup.ConflictError)
})

test('a backup is refused where it would replace keys in use, or where it is damaged', async () => {
  const [a, b] = providers
  const file = await a!.api.backup('a long passphrase')
  await b!.api.sign('device', hashes[4]!)
  await expect(b!.api.restore(file, 'a long passphrase')).rejects.toThrow(Backup.ConflictError)
  expect(await b!.api.identity()).toEqual(b!.identity)
  await expect(a!.api.restore(file.slice(1), 'a long passphrase')).rejects.toThrow('This backup is malformed')
  await expect(a!.api.backup('short')).rejects.toThrow(Backup.PassphraseError)
})

test('the exported model is a safetensors file of the current weights', async () => {
  await prepared(owner, providers)
  const file = await owner.api.exportModel(task, encodedSpec)
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true))
  const header: unknown = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)))
  expect(header).toMatchObject({
    'dense_0.kernel': { dtype: 'F32', shape: [40, 20], data_offsets: [0, 3200] },
    'dense_0.bias': { dtype: 'F32', shape: [20], data_offsets: [3200, 3280] },
    'dense_1.bias': { dtype: 'F32', shape: [10], data_offsets: [4080, 4120] },
  })
  expect((8 + length) % 8).toBe(0)
  expect(file.length).toBe(8 + length + 4 * parameters)
  expect(await weightsOf(owner)).toEqual(Model.initialise(spec.model, 5))
  await expect(providers[0]!.api.exportModel(task, encodedSpec)).rejects.toThrow('no model of this task')
})

async function weightsOf({ api }: Party): Promise<Float32Array> {
  const file = await api.exportModel(task, encodedSpec)
  return new Float32Array(new Uint8Array(file.slice(file.length - 4 * parameters)).buffer)
}
