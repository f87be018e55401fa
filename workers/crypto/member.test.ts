// A committee member keeps one sealing key an epoch, and gives of every provider one kind of share, ever.
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Hex } from '../../protocol/codec.ts'
import * as Masks from '../../protocol/masks.ts'
import * as Parties from '../../test/parties.ts'
import type { UnmaskRequest } from './api.ts'
import * as Crypto from './crypto.ts'
import { ForgottenError } from './masking.ts'
import * as Member from './member.ts'
import * as Records from './records.ts'

const { task, placeOf, epoch, record } = Parties
const other: Hex = `0x${'ff'.repeat(32)}`
let setting: Parties.Setting
let member: Parties.Party
let masks: readonly Masks.Masks[]

beforeEach(async () => {
  const [owner, ...rest] = await Parties.committee(7)
  setting = { owner: owner!, providers: rest.slice(0, 3), members: rest.slice(3), threshold: 3 }
  member = setting.members[1]!
  masks = (await Parties.begun(setting)).masks
})
afterEach(Parties.close)

const accountOf = (i: number) => setting.providers[i]!.identity.account
function wanted(i: number, kind: Masks.Kind): UnmaskRequest['wanted'][number] {
  const share = masks[i]!.shares[1]!
  return { provider: accountOf(i), kind, sealed: share[kind], hash: share[`${kind}Hash`] }
}
function request(...list: UnmaskRequest['wanted']): UnmaskRequest {
  return { place: placeOf(), epoch, account: member.identity.account, record, wanted: list }
}

test('a sealing key is made once an epoch, also by two tabs, and erased for good', async () => {
  const restarted = await Parties.party(member.name)
  const both = await Promise.all([member, restarted].map(({ api }) => api.sealingKey({ task, epoch: 5 })))
  expect(both[1]).toBe(both[0])
  expect(Masks.isUsable(both[0]!)).toBe(true)
  expect(await member.api.sealingKey({ task, epoch: 6 })).not.toBe(both[0])
  for (let times = 0; times < 2; times++) await restarted.api.forget({ task, epoch: 5 })
  await expect(member.api.sealingKey({ task, epoch: 5 })).rejects.toThrow(ForgottenError)
  await restarted.api.forget({ task, epoch: 7 })
  await expect(member.api.sealingKey({ task, epoch: 7 })).rejects.toThrow(ForgottenError)
  await expect(member.api.sealingKey({ task, epoch: 6 })).resolves.toMatch(/^0x/)
})

test('shares are what their hashes say, and the same bytes when asked again, also after a restart', async () => {
  const asked = request(wanted(0, 'seed'), wanted(1, 'key'), wanted(2, 'seed'))
  const given = await member.api.unmask(asked)
  expect(given.map(({ provider, kind }) => ({ provider, kind }))).toEqual(
    asked.wanted.map(({ provider, kind }) => ({ provider, kind })),
  )
  for (const [i, { kind, share, salt }] of given.entries())
    expect(Masks.shareHash(kind, share, salt)).toBe(asked.wanted[i]?.hash)
  expect(await member.api.unmask(asked)).toEqual(given)
  const restarted = await Parties.party(member.name)
  expect(await restarted.api.unmask(asked)).toEqual(given)
  expect(await restarted.api.unmask(request(wanted(1, 'key')))).toEqual([given[1]])
})

test('both kinds of one provider are never given, in one question or in two, by one tab or by two', async () => {
  const { api } = member
  await expect(api.unmask(request(wanted(0, 'seed'), wanted(0, 'key')))).rejects.toThrow(Member.BothError)
  const [seed] = await api.unmask(request(wanted(0, 'seed')))
  const restarted = await Parties.party(member.name)
  await expect(restarted.api.unmask(request(wanted(1, 'seed'), wanted(0, 'key')))).rejects.toThrow(
    Member.BothError,
  )
  const capitals = { ...wanted(0, 'key'), provider: `0x${accountOf(0).slice(2).toUpperCase()}` as const }
  await expect(restarted.api.unmask(request(capitals))).rejects.toThrow(Member.BothError)
  await api.forget({ task, round: 1 })
  await expect(api.unmask(request(wanted(0, 'key')))).rejects.toThrow(Member.BothError)
  expect(await api.unmask(request(wanted(0, 'seed')))).toEqual([seed])

  const race = await Promise.allSettled([
    api.unmask(request(wanted(2, 'seed'))),
    restarted.api.unmask(request(wanted(2, 'key'))),
  ])
  expect(race.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
})

test('a round is released for one record', async () => {
  await member.api.unmask(request(wanted(0, 'seed')))
  const again = { ...request(wanted(1, 'seed')), record: other }
  await expect(member.api.unmask(again)).rejects.toThrow(Member.RecordError)
  await expect(member.api.unmask({ ...request(wanted(1, 'seed')), epoch: 1 })).rejects.toThrow(
    Member.RecordError,
  )
})

test('a crash between storing and giving leaves the kind decided', async () => {
  const broken = Crypto.create({
    safe: async () => ({
      ...member.safe,
      create: async (records) => {
        const stored = await member.safe.create(records)
        if (records[0]?.id.startsWith(Records.shares.prefix)) throw new Error('crashed')
        return stored
      },
    }),
    seal: Parties.seal,
    train: async () => Promise.reject(new Error('no training here')),
    versions: Parties.versions,
    score: async () => Promise.reject(new Error('no scoring here')),
  })
  await expect(broken.unmask(request(wanted(0, 'key')))).rejects.toThrow('crashed')
  const restarted = await Parties.party(member.name)
  await expect(restarted.api.unmask(request(wanted(0, 'seed')))).rejects.toThrow(Member.BothError)
  expect(await restarted.api.unmask(request(wanted(0, 'key')))).toHaveLength(1)
})

test('shares that are not what their Ready says are left out, as are those of others', async () => {
  const transplanted = { ...wanted(0, 'seed'), provider: accountOf(1) }
  const swapped = { ...wanted(0, 'seed'), sealed: masks[0]!.shares[1]!.key }
  const another = { ...wanted(0, 'seed'), sealed: masks[0]!.shares[2]!.seed }
  const hashed = { ...wanted(0, 'seed'), hash: other }
  for (const each of [transplanted, swapped, another, hashed])
    expect(await member.api.unmask(request(each))).toEqual([])
  const elsewhere = { ...request(wanted(0, 'seed')), place: placeOf(2) }
  expect(await member.api.unmask(elsewhere)).toEqual([])
  expect(await member.api.unmask(request(wanted(0, 'seed'), transplanted))).toHaveLength(1)
})

test('an epoch that is forgotten leaves no key and no share', async () => {
  await member.api.unmask(request(wanted(0, 'seed')))
  await member.api.forget({ task, epoch: 1 })
  expect(await member.safe.ids(Records.shares.prefix)).toHaveLength(1)
  await member.api.forget({ task, epoch })
  expect(await member.safe.ids(Records.shares.prefix)).toEqual([])
  const stored = await member.safe.get(Records.sealings.id(task, epoch))
  expect(Records.sealings.decode(stored!).secret).toBeNull()
  await expect(member.api.unmask(request(wanted(0, 'key')))).rejects.toThrow(ForgottenError)
  await expect(member.api.unmask(request(wanted(0, 'seed')))).rejects.toThrow(ForgottenError)
})

test('a task that is forgotten leaves no secret of it', async () => {
  const played = await Parties.played({ ...setting, round: 2 })
  await setting.owner.api.open(played.request)
  const devices = [setting.owner, ...setting.members, ...setting.providers]
  for (const { api, safe } of devices) {
    await api.forget({ task })
    for (const id of await safe.ids(Records.maskings.prefix))
      expect(Records.maskings.decode((await safe.get(id))!).secrets).toBeNull()
    for (const id of await safe.ids(Records.sealings.prefix))
      expect(Records.sealings.decode((await safe.get(id))!).secret).toBeNull()
    for (const id of await safe.ids(Records.rounds.prefix))
      expect(Records.rounds.decode((await safe.get(id))!).secretKey.length).toBe(0)
    expect(await safe.ids(Records.shares.prefix)).toEqual([])
    expect(await safe.ids(Records.updates.prefix)).toEqual([])
  }
  const { owner, providers } = setting
  expect(await owner.api.open(played.request)).toMatchObject({ correct: 7 })
  await expect(owner.api.open({ ...played.request, place: placeOf(1) })).rejects.toThrow(ForgottenError)
  expect((await Parties.prepared(owner, providers, 2)).publicKey).toEqual(played.opening.publicKey)
})
