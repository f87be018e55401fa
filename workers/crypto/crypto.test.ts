// A device's keys, its backups and the models it holds.
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Hex } from '../../protocol/codec.ts'
import * as Backbone from '../../protocol/backbone.ts'
import * as Eip712 from '../../protocol/eip712.ts'
import * as Model from '../../protocol/model.ts'
import * as Parties from '../../test/parties.ts'
import type { Contribution } from './api.ts'
import * as Backup from './backup.ts'
import * as Crypto from './crypto.ts'
import * as Round from './round.ts'
import * as Safetensors from './safetensors.ts'

const { encodedSpec, party, prepared, spec, task } = Parties
const digest: Hex = `0x${'4'.repeat(64)}`
const parameters = Model.parameterCount(spec.model)
let owner: Parties.Party
let providers: readonly Parties.Party[]
let members: readonly Parties.Party[]

beforeEach(async () => {
  const [first, ...rest] = await Parties.committee(8)
  owner = first!
  providers = rest.slice(0, 4)
  members = rest.slice(4)
})
afterEach(Parties.close)

const played = () => Parties.played({ owner, providers, members, threshold: 2 })

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

test('keys are made once, sign recoverably, and survive a restart', async () => {
  const { name } = await party()
  const [a, b] = await Promise.all([party(name), party(name)])
  expect(a.identity).toEqual(b.identity)
  for (const key of ['account', 'device'] as const) {
    const signature = await a.api.sign(key, digest)
    expect(Eip712.recover(digest, signature)).toBe(a.identity[key])
    expect(await b.api.sign(key, digest)).toBe(signature)
  }
  await expect(a.api.sign('account', '0x12')).rejects.toThrow('This digest is malformed')
})

test('nothing in the database is readable without the browser’s key', async () => {
  await played()
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
  const { request, opening } = await played()
  const file = await owner.api.backup('a long passphrase')
  const safe = await Parties.safeOf()
  const { versions } = Parties
  const means = { seal: Parties.seal, versions, train: async () => Promise.reject(new Error('none')) }
  const score = async () => ({ evaluate: async () => ({ correct: [1], total: 2, seconds: 0 }) })
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
  await b!.api.sign('device', digest)
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

test('an exported model makes a backbone, which training and scoring are given', async () => {
  const setting = { owner, providers, members, threshold: 2 }
  const start = await Parties.begun(setting)
  const backbone = await owner.api.backbone(await owner.api.exportModel(task, encodedSpec))
  expect(Backbone.decode(backbone)).toEqual({ model: spec.model, weights: Model.initialise(spec.model, 5) })
  const contributions: Contribution[] = []
  for (const [i, { api }] of providers.entries())
    contributions.push(await api.contribute({ ...start.requestOf(i), backbone }, Parties.silent))
  const request = await Parties.asked(setting, start, contributions, [0, 1, 2, 3])
  await owner.api.open({ ...request, backbone })
  for (const { seen } of [owner, ...providers]) expect(seen.backbones).toEqual([backbone])
})

test('the head of a model is no backbone', async () => {
  const head: Model.Spec = {
    ...{ template: 'head', inputs: 9, features: 4, multiplyAdds: 36, hidden: [], classes: 2 },
    backbone: digest,
  }
  const file = Safetensors.encode(head, Model.initialise(head, 1))
  await expect(owner.api.backbone(file)).rejects.toThrow(Safetensors.HeadError)
})

async function weightsOf({ api }: Parties.Party): Promise<Float32Array> {
  const file = await api.exportModel(task, encodedSpec)
  return new Float32Array(new Uint8Array(file.slice(file.length - 4 * parameters)).buffer)
}
