// Updates out of what is published in a round, by a model provider who has the round's key: and what each part of the
// masks is for, by taking it away.
import 'fake-indexeddb/auto'
import { afterEach, expect, test, vi } from 'vitest'
import type { Hex } from '../../protocol/codec.ts'
import * as Masks from '../../protocol/masks.ts'
import type { Contribution } from '../../workers/crypto/api.ts'
import * as Stream from '../../workers/crypto/stream.ts'
import * as Shares from '../../workers/crypto/shares.ts'
import * as Contribute from '../../workers/crypto/contribute.ts'
import * as Crypto from '../../workers/crypto/crypto.ts'
import * as Masking from '../../workers/crypto/masking.ts'
import * as Member from '../../workers/crypto/member.ts'
import * as Records from '../../workers/crypto/records.ts'
import type { Safe } from '../../workers/crypto/safe.ts'
import * as Real from '../parties.ts'
import * as Reading from './reading.ts'
import * as Table from './table.ts'

const { spec, task: taskId, placeOf, opened, drawn } = Real
const other: Hex = `0x${'ff'.repeat(32)}`
const close = new Set([Real.close])

afterEach(() => close.forEach((each) => each()))

type Kit = typeof Real

/** The same devices and workers, with this module in the place of one of theirs. */
async function without(path: string, instead: () => Promise<object>): Promise<Kit> {
  vi.resetModules()
  vi.doMock(path, instead)
  const kit = await import('../parties.ts')
  vi.doUnmock(path)
  close.add(kit.close)
  return kit
}

/** Five data providers and four members, three of whose shares suffice; databases of their own for each name. */
async function settingOf(kit: Kit, name: string): Promise<Real.Setting> {
  const [owner, ...rest] = await Promise.all(
    Array.from({ length: 10 }, (_, at) => kit.party(`${name}-${at}`)),
  )
  return { owner: owner!, providers: rest.slice(0, 5), members: rest.slice(5), threshold: 3 }
}

async function decrypted(kit: Kit, { owner }: Real.Setting, ciphertexts: readonly Uint8Array[]) {
  const stored = await owner.safe.get(Records.rounds.id(taskId, 1))
  return (await kit.seal()).decrypt(Records.rounds.decode(stored!).secretKey, ciphertexts)
}

/** How far provider `at` moves a weight, as its sum counts it. */
function moved(kit: Kit, setting: Real.Setting, at: number, step = 1) {
  const weight = Math.min(kit.samplesOf(at), spec.sampleCap) / spec.sampleCap
  return (i: number) => kit.change(setting.providers[at]!.name, i, step) * weight
}

test('two sums of one round, of five and of four of them, tell nothing of the fifth', async ({ task }) => {
  const read = async (kit: Kit, name: string) => {
    const setting = await settingOf(kit, name)
    const { contributions, request } = await kit.played(setting)
    const four = contributions.slice(0, 4).map((each) => each!.ciphertexts)
    const smaller = await setting.owner.api.aggregate(four)
    const sums = [request.cohorts[0]!.sum, smaller.ciphertexts]
    const [five, less] = await Promise.all(sums.map((sum) => decrypted(kit, setting, sum)))
    const found = Reading.changes(Reading.difference(five!, less!), spec)
    return { setting, isRead: Reading.isRead(found, moved(kit, setting, 4), spec) }
  }
  const unmasked = await without('../../workers/crypto/stream.ts', async () => ({
    ...Stream,
    apply: async (plains: readonly Uint8Array[]) => plains.map((plain) => new Uint8Array(plain)),
  }))
  expect((await read(unmasked, 'unmasked')).isRead).toBe(true)
  const { setting, isRead } = await read(Real, 'masked')
  expect(isRead).toBe(false)

  // And no member helps to unmask the second: it gave shares for one record.
  const [member] = setting.members
  const { account } = member!.identity
  const ask = { place: placeOf(), epoch: Real.epoch, account, record: other, wanted: [] }
  await expect(member!.api.unmask(ask)).rejects.toThrow(Member.RecordError)
  Table.tell(task, {
    attack: 'subset difference: sums of 5 and of 4 in one round, under the round’s key',
    with: 'noise; a second record gets no shares',
    without: 'the fifth’s update, exactly (no masks)',
  })
})

test.for(['opened', 'cohorts'] as const)(
  'a provider that was shown another %s leaves a mask that nobody can name',
  async (digest, { task }) => {
    const open = async (kit: Kit, name: string) => {
      const setting = { ...(await settingOf(kit, name)), views: { 2: { [digest]: other } } }
      const { request } = await kit.played(setting)
      const [sum] = (await setting.owner.api.open(request)).sums
      return sum
    }
    const viewless = await without('../../protocol/masks.ts', async () => {
      const same: Masks.View = { opened, cohorts: drawn }
      const pairKey: typeof Masks.pairKey = (shared, place, _view, one, two) =>
        Masks.pairKey(shared, place, same, one, two)
      const selfKey: typeof Masks.selfKey = (seed, place, _view, peer) =>
        Masks.selfKey(seed, place, same, peer)
      return { ...Masks, pairKey, selfKey }
    })
    expect(await open(viewless, `viewless-${digest}`)).toEqual({ digest: expect.stringMatching(/^0x/) })
    expect(await open(Real, `split-${digest}`)).toEqual({ digest: null, discarded: 'guards', provider: null })
    Table.tell(task, {
      attack: `split views: one of five was shown another ${digest === 'opened' ? 'opening' : 'draw'}`,
      with: 'noise; the sum is discarded',
      without: 'the sum opens (views not in the keys)',
    })
  },
)

test('a sealed share that is moved to another provider opens nothing, so nobody gets both secrets of one', async ({
  task,
}) => {
  // A Sybil copies its victim's sealed shares of the seed into its own Ready and survives; the victim is dropped, so
  // that its key is given away. With what is taken for the Sybil's seed that makes both.
  const [victim, sybil] = [3, 4]
  const steal = async (kit: Kit, name: string) => {
    const setting = await settingOf(kit, name)
    const start = await kit.begun(setting)
    const contribution = await setting.providers[victim]!.api.contribute(start.requestOf(victim), Real.silent)
    const [from, to] = [start.masks[victim]!, start.masks[sybil]!]
    const shares = to.shares.map((share, at) => ({
      ...share,
      seed: from.shares[at]!.seed,
      seedHash: from.shares[at]!.seedHash,
    }))
    const masks = start.masks.map((each, i) => (i === sybil ? { ...each, shares } : each))
    const given = await Promise.all(
      setting.members.map((_, seat) => kit.released(setting, { ...start, masks }, seat, [0, 1, 2, sybil])),
    )
    const accountOf = (at: number) => setting.providers[at]!.identity.account
    const sharesOf = (at: number) =>
      given.flat().flatMap(({ provider, share }) => (provider === accountOf(at) ? [share] : []))
    const key = await Shares.restore(sharesOf(victim), 3)
    const seed = await Shares.restore(sharesOf(sybil), 3)
    expect(key).toBeDefined()
    const plains = await decrypted(kit, setting, contribution.ciphertexts)
    const secrets = { key: key!, seed: seed ?? new Uint8Array(32) }
    const own = { opened, account: accountOf(victim), masks: { ...from, shares: [...from.shares] }, secrets }
    const streams = await Masking.streams(own, start.requestOf(victim))
    const found = await Stream.apply(plains, streams.map(opposite))
    const isRead = Reading.isRead(Reading.changes(found, spec), moved(kit, setting, victim), spec)
    return { isRead, shares: sharesOf(sybil).length, setting, start, given }
  }
  expect(await steal(await withoutBinding(), 'unbound')).toMatchObject({ isRead: true, shares: 4 })
  expect(await steal(Real, 'bound')).toMatchObject({ isRead: false, shares: 0 })
  Table.tell(task, {
    attack: 'transplanted share: a Sybil’s Ready holds the victim’s sealed seed',
    with: 'no member opens it',
    without: 'both secrets, and the victim’s update (nothing bound)',
  })
})

test('a sealed share opens in its place alone, and a member that gives another’s is named', async ({
  task,
}) => {
  const [loose, unbound] = [await withoutBinding(), await import('../../workers/crypto/shares.ts')]
  const looseSetting = await settingOf(loose, 'loose')
  const { masks: looseMasks } = await loose.begun(looseSetting)
  expect(await opens(unbound, looseSetting, looseMasks)).toEqual([true, true, true, true, true, true])

  const setting = await settingOf(Real, 'places')
  const { request, masks } = await Real.played(setting)
  expect(await opens(Shares, setting, masks)).toEqual([true, false, false, false, false, false])

  // The first member passes off its share of the second provider's seed as one of the first's.
  const [cohort] = request.cohorts
  const [first, second, ...rest] = cohort!.members
  const [own, ...others] = first!.shares
  const moved = { ...own!, share: second!.shares[0]!.share, salt: second!.shares[0]!.salt }
  const members = [{ ...first!, shares: [moved, ...others] }, second!, ...rest]
  const result = await setting.owner.api.open({ ...request, cohorts: [{ ...cohort!, members }] })
  expect(result.wrongShares).toEqual([{ seat: 0, provider: first!.account }])
  expect(result.sums[0]?.digest).toMatch(/^0x/)
  Table.tell(task, {
    attack: 'transplanted share: to another round, task, provider, member or kind',
    with: 'opens in none of 5; the member that gives it is named',
    without: 'opens in 5 of 5 (nothing bound)',
  })
})

test('after a crash a device gives the same bytes or none, so a mask never hides two updates', async ({
  task,
}) => {
  const shown = async (safe: (real: Safe) => Safe, name: string) => {
    const setting = await settingOf(Real, name)
    const { requestOf } = await Real.begun(setting)
    const [provider] = setting.providers
    const given: Contribution[] = []
    // Each try is a start of the app; training goes another way each time, as it does on a GPU.
    for (let step = 1; step <= 3; step++) {
      const device = starting(safe(provider!.safe), provider!.name, step)
      const answer = await device.contribute(requestOf(0), Real.silent).catch(() => undefined)
      if (answer !== undefined) given.push(answer)
    }
    const plains = await Promise.all(given.map((each) => decrypted(Real, setting, each.ciphertexts)))
    return { setting, given, plains, requestOf }
  }
  const pad = async (safe: (real: Safe) => Safe, name: string) => {
    const { setting, plains, ...rest } = await shown(safe, name)
    const found = Reading.contrasts(Reading.difference(plains[0]!, plains[1] ?? plains[0]!), spec)
    const [one, two] = [moved(Real, setting, 0, 1), moved(Real, setting, 0, 2)]
    return { ...rest, setting, isRead: Reading.isRead(found, (i) => one(i) - two(i), spec, 2) }
  }

  const forgetful = await pad(
    (safe) => ({ ...safe, create: async ([first]) => new Uint8Array(first!.bytes) }),
    'forgetful',
  )
  expect(forgetful).toMatchObject({ isRead: true })

  // A crash before, and one after, the bytes are stored: then all that follow are the same.
  let crashes = 0
  const crashing = (safe: Safe): Safe => ({
    ...safe,
    create: async (records) => {
      crashes += 1
      if (crashes === 2) await safe.create(records)
      if (crashes <= 2) throw new Error('crashed')
      return safe.create(records)
    },
  })
  const kept = await pad(crashing, 'kept')
  expect(kept.isRead).toBe(false)
  expect(crashes).toBe(2)
  expect(kept.given).toHaveLength(1)
  const [provider] = kept.setting.providers
  const again = await provider!.api.contribute(kept.requestOf(0), Real.silent)
  expect(Real.brief(again)).toEqual(Real.brief(kept.given[0]))
  const changed = { ...kept.requestOf(0), cohorts: other }
  await expect(provider!.api.contribute(changed, Real.silent)).rejects.toThrow(Contribute.ConflictError)
  await provider!.safe.remove([Records.updates.id(taskId, 1)])
  await expect(provider!.api.contribute(kept.requestOf(0), Real.silent)).rejects.toThrow(
    Masking.ForgottenError,
  )
  Table.tell(task, {
    attack: 'two-time pad: crashes before and after an update is stored',
    with: 'the same bytes, or none',
    without: 'the difference of two updates, exactly (nothing stored)',
  })
})

/** Shares sealed without saying for which place, provider, member and kind. */
function withoutBinding(): Promise<Kit> {
  const sealing: typeof Masks.sealing = (shared, _place, _provider, _member, _kind, keys) =>
    Masks.sealing(shared, placeOf(), other, other, 'seed', keys)
  return without('../../protocol/masks.ts', async () => ({ ...Masks, sealing }))
}

/** Whether the first member opens its share of the first provider's seed: in its place, and in five others. */
async function opens(
  { open }: typeof Shares,
  { members, providers }: Real.Setting,
  masks: readonly Masks.Masks[],
) {
  const [member] = members
  const { account } = member!.identity
  const [first, second] = providers.map(({ identity }) => identity.account)
  const stored = await member!.safe.get(Records.sealings.id(taskId, Real.epoch))
  const secret = Records.sealings.decode(stored!).secret!
  const { seed } = masks[0]!.shares[0]!
  const found = await Promise.all([
    open(seed, secret, placeOf(), first!, account, 'seed'),
    open(seed, secret, placeOf(2), first!, account, 'seed'),
    open(seed, secret, { ...placeOf(), task: other }, first!, account, 'seed'),
    open(seed, secret, placeOf(), second!, account, 'seed'),
    open(seed, secret, placeOf(), first!, second!, 'seed'),
    open(seed, secret, placeOf(), first!, account, 'key'),
  ])
  return found.map((each) => each !== undefined)
}

/** A device as it starts again, over what it has stored. */
function starting(safe: Safe, name: string, step: number): ReturnType<typeof Crypto.create> {
  return Crypto.create({
    safe: async () => safe,
    seal: Real.seal,
    versions: Real.versions,
    train: async () => ({
      train: async ({ weights }) => {
        const moved = weights.map((weight, i) => weight + Real.change(name, i, step))
        return { weights: moved, loss: 0.5, samples: 50, seconds: 1, backend: 'cpu', notice: '' }
      },
    }),
    score: async () => Promise.reject(new Error('no scoring here')),
  })
}

function opposite({ key, sign }: Stream.Mask): Stream.Mask {
  return { key, sign: sign === 'add' ? 'subtract' : 'add' }
}
