// The vault's ledger as the app meets it: a refused Ready ends the round, and nobody agrees to what cannot be given.
import { afterEach, expect, test } from 'vitest'
import * as DataProvider from '../../protocol/roles/dataProvider.ts'
import * as Talk from '../../test/conversation.ts'
import * as Parties from '../../test/parties.ts'
import * as Ledger from '../../workers/crypto/ledger.ts'
import type { Frame } from '../../workers/frame/api.ts'
import type { DataSet } from '../../workers/vault/api.ts'
import * as DataSets from './dataSets.ts'
import * as EffectsOfMasks from './effectsOfMasks.ts'
import type { Participant } from './participant.ts'
import * as Privacy from './privacy.ts'

const { task, version } = Parties
const place = { chainId: 31_337, market: `0x${'6a'.repeat(20)}` } as const
const dataSet: DataSet = {
  id: version.dataSet,
  name: 'Irises',
  schemaId: task,
  samples: 50,
  quality: 9000,
  dataSignature: version.dataSignature,
  version: 1,
  bytes: 1,
  importedAt: 0,
  released: false,
  perClass: [],
}
const openings = { spent: 3, held: 1, limit: 5, tasks: [{ task, openings: 3 }] }
afterEach(Parties.close)

test('a Ready that the vault refuses is refused for good, also when its rows are gone', async () => {
  const { api, identity } = await Parties.party()
  const members = await Parties.committee(3)
  const keys = members.map(({ identity: { account, box } }, seat) => ({ seat, account, key: box }))
  const { terms, spec } = Talk
  const { account } = identity
  const participant: Participant = {
    id: 'a',
    task,
    role: 'data',
    account,
    spec,
    terms,
    dataSet: version.dataSet,
  }
  const effect = {
    ...({ id: 'ready:1', type: 'prepareReady', round: 1, opened: Parties.opened } as const),
    ...{ members: keys, threshold: 2, dataSignature: version.dataSignature },
  } as const
  const answer = () => EffectsOfMasks.carryOut(api, place, participant, effect)
  expect(await answer()).toMatchObject({ type: 'masked', effect: 'ready:1' })

  await api.limitOpenings({ ...version, from: Ledger.usualLimit, to: 0 })
  await expect(answer()).rejects.toSatisfy(({ name }: Error) =>
    EffectsOfMasks.isRefused('prepareReady', name),
  )
  await expect(
    EffectsOfMasks.carryOut(api, place, { ...participant, dataSet: undefined }, effect),
  ).rejects.toSatisfy(({ name }: Error) => EffectsOfMasks.isRefused('prepareReady', name))
  expect(EffectsOfMasks.isRefused('open', 'Vault.UnknownError')).toBe(false)
  expect(EffectsOfMasks.isRefused('prepareReady', 'Safe.FullError')).toBe(false)
})

test('counts of a task what the vault counts, and the chain where it knows of more', () => {
  const name = 'data 0'
  const rules = { consent: true, claim: true }
  const asked = DataProvider.create(
    {
      ...{ me: Talk.me(name), rules, place: Talk.place, id: Talk.task, terms: Talk.terms, spec: Talk.spec },
      ...{ offer: Talk.dataOffer(name), request: Talk.request(name), computes: [], records: {} },
    },
    Talk.now,
  )
  const most = { mostOpenings: Talk.terms.maxRounds }
  expect(Privacy.of(asked, openings)).toMatchObject({ ...most, openings: 0, dataSet: openings })
  const counted = { ...openings, tasks: [{ task: Talk.task, openings: 2 }] }
  expect(Privacy.of(asked, counted)).toMatchObject({ ...most, openings: 2, dataSet: counted })
  expect(Privacy.of(asked, undefined)).toMatchObject({ ...most, openings: 0, dataSet: undefined })
})

test('nobody agrees for a data set that has no opening left, neither its owner nor a standing rule', () => {
  const rules = { consent: true, claim: true }
  for (const left of [undefined, openings]) {
    expect(Privacy.within(rules, left, { scoring: 'own' })).toEqual(rules)
    expect(() => Privacy.assertLeft(left)).not.toThrow()
  }
  const full = { ...openings, held: 2 }
  expect(Privacy.within(rules, full, { scoring: 'own' })).toEqual({ consent: false, claim: true })
  expect(Privacy.within(rules, undefined, { scoring: 'committee' })).toEqual({ consent: false, claim: true })
  expect(() => Privacy.assertLeft(full)).toThrow(Privacy.SpentError)
  expect(() => Privacy.assertLeft({ ...openings, limit: 1 })).toThrow('no opening left (4 of 1 spent or kept')
})

test('shows what the vault counts, and again after a limit was set; a data set that cannot be read is no obstacle', async () => {
  const { api } = await Parties.party()
  const broken = { ...dataSet, id: 'broken' }
  const frame = frameOf(
    {
      ...api,
      openings: (each) =>
        each.dataSet === broken.id ? Promise.reject(new Error('damaged')) : api.openings(each),
    },
    [dataSet, broken],
  )
  const shelf = DataSets.open(frame, () => undefined)
  await shelf.refresh()
  expect(shelf.view().list.length).toBe(2)
  expect(shelf.view().openings).toEqual({ a: { spent: 0, held: 0, limit: 200, tasks: [] } })
  await shelf.limit('a', 200, 7)
  expect(shelf.openings('a')?.limit).toBe(7)
  await expect(shelf.limit('a', 200, 900)).rejects.toThrow('it is 7 now')
  expect(shelf.openings('a')?.limit).toBe(7)
  await expect(shelf.limit('gone', 1, 2)).rejects.toThrow(DataSets.MissingError)
  expect(shelf.openings(undefined)).toBeUndefined()
})

function frameOf(crypto: Frame['crypto'], list: readonly DataSet[]): Frame {
  const refuse = () => Promise.reject(new Error('not here'))
  return {
    crypto,
    vault: {
      list: async () => list,
      storage: async () => ({ usedBytes: 0, quotaBytes: 0, persisted: true }),
      import: refuse,
      remove: refuse,
      commitment: refuse,
      release: refuse,
    },
    train: {
      warmStart: refuse,
      checkWarmStart: refuse,
      probe: refuse,
      benchmark: refuse,
      abort: refuse,
    },
    persist: async () => true,
  }
}
