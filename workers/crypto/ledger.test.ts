// What the vault counts of each data set: at least what was given out, whatever crashes, restarts or is restored.
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Hex } from '../../protocol/codec.ts'
import * as Parties from '../../test/parties.ts'
import type { Crypto as Api, Version } from './api.ts'
import * as Crypto from './crypto.ts'
import * as Ledger from './ledger.ts'
import * as Records from './records.ts'
import type { Safe } from './safe.ts'

const { opened, placeOf, silent, task, version } = Parties
const later: Hex = `0x${'04'.repeat(32)}`
const otherTask: Hex = `0x${'7b'.repeat(32)}`
let setting: Parties.Setting
let provider: Parties.Party

beforeEach(async () => {
  const [owner, ...rest] = await Parties.committee(6)
  setting = { owner: owner!, providers: rest.slice(0, 3), members: rest.slice(3), threshold: 2 }
  provider = setting.providers[0]!
})
afterEach(Parties.close)

const counts = async ({ api }: { api: Api } = provider, of: Version = version) => {
  const { spent, held, limit } = await api.openings(of)
  return { spent, held, limit }
}
const limitTo = (to: number, from = Ledger.usualLimit) => provider.api.limitOpenings({ ...version, from, to })

test('an opening is kept room for when Ready is made, and counted once with the update, however often it is asked for', async () => {
  const { requestOf } = await Parties.begun(setting)
  expect(await counts()).toEqual({ spent: 0, held: 1, limit: 200 })
  await provider.api.contribute(requestOf(0), silent)
  expect(await counts()).toEqual({ spent: 1, held: 0, limit: 200 })
  await provider.api.contribute(requestOf(0), silent)
  const restarted = await Parties.party(provider.name)
  await restarted.api.contribute(requestOf(0), silent)
  expect(await counts(restarted)).toEqual({ spent: 1, held: 0, limit: 200 })
  expect((await restarted.api.openings(version)).tasks).toEqual([{ task, openings: 1 }])
  const again = await Parties.begun({ ...setting, round: 2 })
  await provider.api.contribute(again.requestOf(0), silent)
  expect((await provider.api.openings(version)).tasks).toEqual([{ task, openings: 2 }])
})

test('the count is there in the very write that stores the update, and no crash parts them', async () => {
  const { requestOf } = await Parties.begun(setting)
  const before = crashing(provider, 'before')
  await expect(before.contribute(requestOf(0), silent)).rejects.toThrow('crashed')
  expect(await counts()).toEqual({ spent: 0, held: 1, limit: 200 })
  const after = crashing(provider, 'after')
  await expect(after.contribute(requestOf(0), silent)).rejects.toThrow('crashed')
  expect(await provider.safe.get(Records.updates.id(task, 1))).toBeDefined()
  expect(await counts()).toEqual({ spent: 1, held: 0, limit: 200 })
})

test('a round without an update costs nothing once it is forgotten; one with an update stays counted', async () => {
  const { requestOf } = await Parties.begun(setting)
  await Parties.begun({ ...setting, round: 2 })
  await provider.api.contribute(requestOf(0), silent)
  expect(await counts()).toEqual({ spent: 1, held: 1, limit: 200 })
  await provider.api.forget({ task: otherTask })
  expect(await counts()).toEqual({ spent: 1, held: 1, limit: 200 })
  for (const round of [1, 2]) await provider.api.forget({ task, round })
  expect(await counts()).toEqual({ spent: 1, held: 0, limit: 200 })
  await provider.api.forget({ task })
  expect(await counts()).toEqual({ spent: 1, held: 0, limit: 200 })
})

test('a new version of a data set inherits what was spent and its limit; another data set does not', async () => {
  const { requestOf } = await Parties.begun(setting)
  await provider.api.contribute(requestOf(0), silent)
  await limitTo(7)
  const of: { [signature: Hex]: Hex } = { [later]: version.dataSignature }
  const grown = Crypto.create({
    ...means(provider),
    versions: async () => ({ origin: async (_, dataSignature) => of[dataSignature] ?? dataSignature }),
  })
  const newest = { dataSet: 'a', dataSignature: later } as const
  expect(await grown.openings(newest)).toEqual(await provider.api.openings(version))
  const other = { dataSet: 'b', dataSignature: opened }
  expect(await grown.openings(other)).toEqual({ spent: 0, held: 0, limit: 200, tasks: [] })
})

test('with the limit reached, Ready is refused in words and nothing is kept of that round', async () => {
  const { requestOf, keys } = await Parties.begun(setting)
  await provider.api.contribute(requestOf(0), silent)
  await limitTo(1)
  const ready = { ...readyRequest(keys), place: placeOf(2) }
  await expect(provider.api.ready(ready)).rejects.toMatchObject({
    name: 'Ledger.LimitError',
    message: 'This data set has no opening left (1 of 1 spent or kept for rounds under way).',
    safe: 'No update was made in this round, and what you earned in others stays yours.',
    advice:
      'Nothing has to be done: rounds go on without this device. Raise the limit of the data set only if you want to give more.',
  })
  expect(await provider.safe.get(Records.maskings.id(task, 2))).toBeUndefined()
  expect(await counts()).toEqual({ spent: 1, held: 0, limit: 1 })
  await limitTo(2, 1)
  expect((await provider.api.ready(ready)).shares.length).toBe(2)
})

test('tabs that want the last opening for different rounds at once: one gets it', async () => {
  const keys = await sealingKeys()
  await limitTo(1)
  const tabs = await Promise.all(Array.from({ length: 4 }, () => Parties.party(provider.name)))
  const answers = await Promise.allSettled(
    tabs.map(({ api }, i) => api.ready({ ...readyRequest(keys), place: placeOf(i + 1) })),
  )
  expect(answers.map(({ status }) => status).sort()).toEqual([
    'fulfilled',
    'rejected',
    'rejected',
    'rejected',
  ])
  expect(await counts()).toEqual({ spent: 0, held: 1, limit: 1 })
})

test('tabs that make the update of one round at once count it once', async () => {
  const { requestOf } = await Parties.begun(setting)
  const tabs = await Promise.all([Parties.party(provider.name), Parties.party(provider.name)])
  await Promise.all(tabs.map(({ api }) => api.contribute(requestOf(0), silent)))
  expect(await counts()).toEqual({ spent: 1, held: 0, limit: 200 })
})

test('a limit that is lowered after Ready holds at once: no update is made', async () => {
  const { requestOf } = await Parties.begun(setting)
  await limitTo(0)
  await expect(provider.api.contribute(requestOf(0), silent)).rejects.toThrow(Ledger.LimitError)
  expect(provider.seen.trainings).toBe(0)
  await limitTo(1, 0)
  const lowering = Crypto.create({
    ...means(provider),
    train: async () => ({
      train: async ({ weights }) => {
        await limitTo(0, 1)
        return { weights: weights.slice(), loss: 0, samples: 50, seconds: 1, backend: 'cpu', notice: '' }
      },
    }),
  })
  await expect(lowering.contribute(requestOf(0), silent)).rejects.toThrow(Ledger.LimitError)
  expect(await provider.safe.get(Records.updates.id(task, 1))).toBeUndefined()
  expect(await counts()).toEqual({ spent: 0, held: 1, limit: 0 })
})

test('an update of another data set than Ready was said for is counted where it belongs', async () => {
  const { requestOf } = await Parties.begun(setting)
  const other = { dataSet: 'b', dataSignature: later } as const
  await provider.api.limitOpenings({ ...other, from: 200, to: 0 })
  const request = { ...requestOf(0), ...other }
  await expect(provider.api.contribute(request, silent)).rejects.toThrow(Ledger.LimitError)
  await provider.api.limitOpenings({ ...other, from: 0, to: 1 })
  await provider.api.contribute(request, silent)
  expect(await counts(provider, other)).toEqual({ spent: 1, held: 0, limit: 1 })
})

test('a limit is changed from what its owner saw, to a count', async () => {
  expect(await limitTo(5)).toEqual({ spent: 0, held: 0, limit: 5, tasks: [] })
  await expect(limitTo(900)).rejects.toThrow('it is 5 now')
  for (const to of [-1, 1.5, 100_001]) await expect(limitTo(to, 5)).rejects.toThrow()
  expect(await counts()).toEqual({ spent: 0, held: 0, limit: 5 })
})

test('a backup holds the ledger, and restoring it lowers no count and changes no limit', async () => {
  const { requestOf } = await Parties.begun(setting)
  await provider.api.contribute(requestOf(0), silent)
  await limitTo(50)
  const file = await provider.api.backup('a long passphrase')
  const { requestOf: next } = await Parties.begun({ ...setting, round: 2 })
  await provider.api.contribute(next(0), silent)
  await limitTo(2, 50)
  await provider.api.restore(file, 'a long passphrase')
  expect(await counts()).toEqual({ spent: 2, held: 0, limit: 2 })

  const elsewhere = await Parties.party()
  await elsewhere.api.restore(file, 'a long passphrase')
  expect(await counts(elsewhere)).toEqual({ spent: 1, held: 0, limit: 50 })
}, 120_000)

type Keys = Awaited<ReturnType<typeof sealingKeys>>

function readyRequest(members: Keys) {
  const { account } = provider.identity
  return { ...version, place: placeOf(), opened, account, members, threshold: 2 }
}

function sealingKeys() {
  return Promise.all(
    setting.members.map(async ({ api, identity }, seat) => ({
      seat,
      account: identity.account,
      key: await api.sealingKey({ task, epoch: Parties.epoch }),
    })),
  )
}

function means({ safe }: Parties.Party): Crypto.Means {
  return {
    safe: async () => safe,
    seal: Parties.seal,
    versions: Parties.versions,
    train: async () => ({
      train: async ({ weights }) => {
        const moved = weights.map((weight) => weight + 0.001)
        return { weights: moved, loss: 0.5, samples: 50, seconds: 1, backend: 'cpu', notice: '' }
      },
    }),
    score: async () => Promise.reject(new Error('no scoring here')),
  }
}

/** The device, whose safe crashes when it is to store an update. */
function crashing(party: Parties.Party, when: 'before' | 'after'): Api {
  const create: Safe['create'] = async (records) => {
    if (records[0]?.id.startsWith(Records.updates.prefix) !== true) return party.safe.create(records)
    if (when === 'after') await party.safe.create(records)
    throw new Error('crashed')
  }
  return Crypto.create({ ...means(party), safe: async () => ({ ...party.safe, create }) })
}
