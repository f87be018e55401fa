// Rounds among five data providers and four members, three of whose shares suffice: what is opened, and what is not.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Hex } from '../../protocol/codec.ts'
import * as Ciphertext from '../../protocol/ciphertext.ts'
import * as Masks from '../../protocol/masks.ts'
import * as Model from '../../protocol/model.ts'
import * as Packing from '../../protocol/packing.ts'
import * as Update from '../../protocol/update.ts'
import * as Parties from '../../test/parties.ts'
import * as Reference from '../../test/vectors/masks.ts'
import type { Masked, OpenRequest } from './api.ts'
import * as Box from './box.ts'
import * as Crypto from './crypto.ts'
import * as Masking from './masking.ts'
import * as Records from './records.ts'
import * as Round from './round.ts'
import * as Stream from './stream.ts'
import * as Unmask from './unmask.ts'

const { spec, task, placeOf, opened, drawn } = Parties
const parameters = Model.parameterCount(spec.model)
const modulus = 2n ** 44n
let setting: Parties.Setting

beforeEach(async () => {
  const [owner, ...rest] = await Parties.committee(10)
  setting = { owner: owner!, providers: rest.slice(0, 5), members: rest.slice(5), threshold: 3 }
})
afterEach(Parties.close)

type Played = Awaited<ReturnType<typeof Parties.played>>

describe('a sum is exact, and moves the model by it,', () => {
  test.each([
    { name: 'when everyone is there', leaving: {} },
    { name: 'when one vanished after its Ready', leaving: { vanished: [1] } },
    { name: 'when one delivered and was dropped', leaving: { dropped: [3] } },
    { name: 'when one vanished and one was dropped', leaving: { vanished: [4], dropped: [0] } },
  ])('$name', async ({ leaving }) => {
    const round = await Parties.played(setting, leaving)
    const before = Model.initialise(spec.model, spec.training.seed)
    const result = await setting.owner.api.open(round.request)
    expect(result).toMatchObject({ correct: 7, total: 10, wrongShares: [] })
    expect(result.sums).toEqual([{ digest: expect.stringMatching(/^0x[0-9a-f]{64}$/) }])

    const levels = new Uint32Array(parameters)
    for (const i of round.survivors) {
      const own = Packing.unpack(unmasked(round, i), parameters, spec.he)
      const weight = Update.weight(Parties.samplesOf(i), spec.sampleCap)
      own.forEach((level, at) => {
        const moved = Parties.change(setting.providers[i]!.name, at) * weight
        expect(Math.abs((level - Update.zeroPoint(spec.he)) * Update.step(spec) - moved)).toBeLessThan(
          1.01 * Update.step(spec),
        )
        levels[at] = (levels[at] ?? 0) + level
      })
    }
    const samples = round.survivors.map(Parties.samplesOf)
    expect(await weightsOf(setting.owner)).toEqual(Update.next(before, [{ levels, samples }], spec))
    expect((await Parties.prepared(setting.owner, setting.providers, 2)).modelHash).toBe(result.nextModelHash)
  })
})

test('any three members suffice, fewer do not, and nothing is lost by trying', async () => {
  const start = await Parties.played(setting, { vanished: [2] })
  const ask = (seats: readonly number[]) =>
    Parties.asked(setting, start, start.contributions, start.survivors, seats)
  await expect(setting.owner.api.open(await ask([0, 3]))).rejects.toThrow(Unmask.TooFewError)
  const first = await setting.owner.api.open(await ask([1, 2, 3]))
  expect(first.sums[0]?.digest).toMatch(/^0x/)
  expect(await setting.owner.api.open(await ask([0, 1, 2]))).toEqual(first)
})

describe('what the model provider’s key opens of less than a sum is noise:', () => {
  test('one masked update, though its plaintext was plain', async () => {
    const round = await Parties.played(setting)
    for (const contribution of round.contributions) {
      const found = await decrypted(contribution!.ciphertexts)
      expect(isUniform(found)).toBe(true)
    }
    expect(isUniform(numbersOf(unmasked(round, 0)))).toBe(false)
  })

  test('a sum of some, with every share that the round released', async () => {
    const round = await Parties.played(setting, { vanished: [4] })
    const { members } = round.request.cohorts[0]!
    const { of } = await Unmask.restore(members, 3, 1)
    for (const subset of [[0], [0, 1], [0, 1, 2], [0, 1, 2, 3]]) {
      const chosen = subset.map((i) => round.contributions[i]!.ciphertexts)
      const known = members.filter(({ survived }, i) => subset.includes(i) || !survived)
      const masks = Unmask.streams(known, of, placeOf(), { opened, cohorts: drawn })
      const plains = await decryptedPlains(await keyOf(), Ciphertext.sum(chosen))
      expect(isUniform(numbersOf(await Stream.apply(plains, masks)))).toBe(subset.length < 4)
    }
  })

  test('an update that was delivered and dropped, with its key, which the round released', async () => {
    const { request, contributions, secrets, peers } = await Parties.played(setting, { dropped: [3] })
    const { members } = request.cohorts[0]!
    const { of } = await Unmask.restore(members, 3, 1)
    const [view, dropped] = [{ opened, cohorts: drawn }, members[3]!]
    const key = of.get(dropped.account)!
    const opposite = (mask: Stream.Mask): Stream.Mask => ({
      key: mask.key,
      sign: mask.sign === 'add' ? 'subtract' : 'add',
    })
    const pairs = peers
      .filter(({ account }) => account !== dropped.account)
      .map((peer) => opposite(Masking.pair(key, placeOf(), view, dropped, peer)))
    const plains = await decryptedPlains(await keyOf(), contributions[3]!.ciphertexts)
    const found = await Stream.apply(plains, pairs)
    expect(isUniform(numbersOf(found))).toBe(true)
    const self = Masks.selfKey(new Uint8Array(secrets[3]!.seed), placeOf(), view, dropped)
    const bare = await Stream.apply(found, [{ key: self, sign: 'subtract' }])
    expect(isUniform(numbersOf(bare))).toBe(false)
  })

  test('a sum of those who were shown different openings or draws', async () => {
    const view = { opened, cohorts: drawn }
    const other: Hex = `0x${'ff'.repeat(32)}`
    for (const [round, change] of [{ opened: other }, { cohorts: other }].entries()) {
      const split = { ...setting, round: round + 1, views: { 2: change } }
      const { request } = await Parties.played(split)
      const result = await setting.owner.api.open(request)
      expect(result.sums).toEqual([{ digest: null, discarded: 'guards', provider: null }])
      const { members } = request.cohorts[0]!
      const { of } = await Unmask.restore(members, 3, 1)
      const masks = Unmask.streams(members, of, placeOf(round + 1), view)
      const found = await Stream.apply(setting.owner.seen.opened.at(-1)!, masks)
      expect(isUniform(numbersOf(found))).toBe(true)
    }
  })
})

describe('who is to blame is named:', () => {
  test('a wrong share names its member, and the others’ suffice', async () => {
    const { request } = await Parties.played(setting, { vanished: [0] })
    const wrong = change(request, (member, i) => ({
      ...member,
      shares: member.shares.map((share) => (share.seat === 2 && i < 2 ? { ...share, salt: opened } : share)),
    }))
    const result = await setting.owner.api.open(wrong)
    const accounts = setting.providers.map(({ identity }) => identity.account)
    expect(result.sums[0]?.digest).toMatch(/^0x/)
    expect(result.wrongShares).toEqual([
      { seat: 2, provider: accounts[0] },
      { seat: 2, provider: accounts[1] },
    ])
  })

  test('two wrong shares of four leave too few, and nothing is opened', async () => {
    const { request } = await Parties.played(setting)
    const wrong = change(request, (member) => ({
      ...member,
      shares: member.shares.map((share) => (share.seat < 2 ? { ...share, salt: opened } : share)),
    }))
    await expect(setting.owner.api.open(wrong)).rejects.toThrow(Unmask.TooFewError)
    expect(setting.owner.seen.opened).toEqual([])
    expect((await setting.owner.api.open(request)).sums[0]?.digest).toMatch(/^0x/)
  })

  test.each([
    { whose: 'a survivor', lie: { seedHash: opened }, vanished: [], liar: 1 },
    {
      whose: 'one that vanished',
      lie: { ephemeral: Box.publicKey(new Uint8Array(32).fill(7)) },
      vanished: [1],
      liar: 1,
    },
  ])('right shares of a wrong secret name $whose', async ({ lie, vanished, liar }) => {
    const { request } = await Parties.played(setting, { vanished })
    const before = await weightsOf(setting.owner)
    const lied = change(request, (member, i) => (i === liar ? { ...member, ...lie } : member))
    const result = await setting.owner.api.open(lied)
    const { account } = setting.providers[liar]!.identity
    expect(result.sums).toEqual([{ digest: null, discarded: 'secret', provider: account }])
    expect(await weightsOf(setting.owner)).toEqual(before)
    expect(setting.owner.seen.opened).toEqual([])
    expect((await Parties.prepared(setting.owner, setting.providers, 2)).modelHash).toBe(result.nextModelHash)
  })
})

test('a spoilt sum is discarded by its guards or its norm; another cohort’s moves the model', async () => {
  const { owner, members } = setting
  const providers = [...setting.providers, await Parties.party()]
  const all = { ...setting, providers }
  const zero = Update.zeroPoint(spec.he)
  const spoils = [
    { levels: new Uint32Array(parameters + 8).fill(1), discarded: 'guards' },
    { levels: new Uint32Array(parameters).fill(2 * zero), discarded: 'norm' },
  ]
  for (const [at, { levels, discarded }] of spoils.entries()) {
    const start = await Parties.begun({ ...all, round: at + 1 })
    const contributions = await Promise.all(
      providers.map(({ api }, i) => {
        const peers = start.peers.slice(i < 3 ? 0 : 3, i < 3 ? 3 : 6)
        return api.contribute(
          { ...start.requestOf(i), peers, samples: Parties.samplesOf(i % 3) },
          Parties.silent,
        )
      }),
    )
    const spoilt = (await Parties.seal()).encrypt(start.opening.publicKey, Packing.pack(levels, spec.he))
    contributions[0] = {
      ...contributions[0]!,
      ciphertexts: Ciphertext.sum([contributions[0]!.ciphertexts, spoilt]),
    }
    const requests = await Promise.all(
      [0, 3].map((from) =>
        Parties.asked(
          { ...all, members, providers: providers.slice(from, from + 3), round: at + 1 },
          { ...start, masks: start.masks.slice(from, from + 3) },
          contributions.slice(from, from + 3),
          [0, 1, 2],
        ),
      ),
    )
    const before = await weightsOf(owner)
    const request = { ...requests[0]!, cohorts: requests.flatMap(({ cohorts }) => cohorts) }
    const result = await owner.api.open(request)
    expect(result.sums).toEqual([
      { digest: null, discarded, provider: null },
      { digest: expect.stringMatching(/^0x/) },
    ])
    const after = await weightsOf(owner)
    expect(after).not.toEqual(before)
    after.forEach((weight, i) => expect(Math.abs(weight - (before[i] ?? 0))).toBeLessThan(0.04))
  }
})

test('a sum moves the model once, however often it is opened', async () => {
  const { owner, providers } = setting
  const { request } = await Parties.played(setting)
  const first = await owner.api.open(request)
  const weights = await weightsOf(owner)
  expect(await owner.api.open(request)).toEqual(first)
  expect(await weightsOf(owner)).toEqual(weights)
  expect(owner.seen.scored).toBe(1)
  await expect(Parties.prepared(owner, providers.slice(1), 1)).rejects.toThrow(Round.RepeatedError)
})

test('scoring that failed leaves the model as it was, and all of it is done again', async () => {
  const { owner } = setting
  const { request } = await Parties.played(setting)
  const failing = Crypto.create({
    safe: async () => owner.safe,
    seal: Parties.seal,
    train: async () => Promise.reject(new Error('no training here')),
    versions: Parties.versions,
    score: async () => ({ evaluate: async () => Promise.reject(new Error('out of memory')) }),
  })
  await expect(failing.open(request)).rejects.toThrow('out of memory')
  expect(await weightsOf(owner)).toEqual(Model.initialise(spec.model, 5))
  const result = await owner.api.open(request)
  expect(result.correct).toBe(7)
  const weights = await weightsOf(owner)
  expect(weights).not.toEqual(Model.initialise(spec.model, 5))
  expect(await owner.api.open(request)).toEqual(result)
  expect(await weightsOf(owner)).toEqual(weights)
})

test('a round that was scored is not scored for other coalitions', async () => {
  const { request } = await Parties.played(setting)
  await setting.owner.api.open({ ...request, coalitions: [0, 1] })
  await expect(setting.owner.api.open(request)).rejects.toThrow(Round.RepeatedError)
})

test('only the committed sum is opened', async () => {
  const { owner } = setting
  const { request, contributions } = await Parties.played(setting)
  const [cohort] = request.cohorts
  const single = { ...request, cohorts: [{ ...cohort!, sum: contributions[0]!.ciphertexts }] }
  await expect(owner.api.open(single)).rejects.toThrow(Round.RootError)
  expect(owner.seen.opened).toEqual([])
  await expect(owner.api.open({ ...request, place: placeOf(9) })).rejects.toThrow(Round.UnknownError)
  await expect(owner.api.open({ ...request, cohorts: [] })).rejects.toThrow(Round.UnknownError)
})

/** A provider's plaintexts as they were before its masks, by the second implementation. */
function unmasked(round: Played, index: number): readonly Uint8Array[] {
  const parties = setting.providers.map(({ identity }, i): Reference.Party => ({
    account: identity.account,
    ...round.secrets[i]!,
  }))
  const plains = setting.providers[index]!.seen.plains[0]!
  const view = { opened, cohorts: drawn }
  const mask = Reference.mask(parties[index]!, parties, placeOf(), view, plains.length * 4096)
  return plains.map((plain, at) => {
    const numbers = numbersOf([plain]).map((number, i) => {
      const found = number - (mask[at * 4096 + i] ?? 0n)
      return ((found % modulus) + modulus) % modulus
    })
    return new Uint8Array(BigUint64Array.from(numbers).buffer)
  })
}

function numbersOf(plains: readonly Uint8Array[]): readonly bigint[] {
  return plains.flatMap((plain) => [...new BigUint64Array(new Uint8Array(plain).buffer)])
}

async function keyOf(): Promise<Uint8Array> {
  return Records.rounds.decode((await setting.owner.safe.get(Records.rounds.id(task, 1)))!).secretKey
}

async function decryptedPlains(key: Uint8Array, ciphertexts: readonly Uint8Array[]) {
  return (await Parties.seal()).decrypt(key, ciphertexts)
}

async function decrypted(ciphertexts: readonly Uint8Array[]): Promise<readonly bigint[]> {
  return numbersOf(await decryptedPlains(await keyOf(), ciphertexts))
}

/**
 * Whether numbers below 2^44 look uniform: every bit within 6 standard deviations of one half, the highest and the
 * lowest byte within χ² = 400 of flat (255 degrees of freedom). A uniform source fails once in ten million times.
 */
function isUniform(numbers: readonly bigint[]): boolean {
  const ones = new Uint32Array(44)
  const high = new Uint32Array(256)
  const low = new Uint32Array(256)
  for (const number of numbers) {
    if (number >= modulus) return false
    for (let bit = 0; bit < 44; bit++) if ((number >> BigInt(bit)) & 1n) ones[bit] = (ones[bit] ?? 0) + 1
    const [top, bottom] = [Number(number >> 36n), Number(number & 255n)]
    high[top] = (high[top] ?? 0) + 1
    low[bottom] = (low[bottom] ?? 0) + 1
  }
  const deviation = Math.sqrt(numbers.length) / 2
  const expected = numbers.length / 256
  const flat = (counts: Uint32Array) =>
    counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0) < 400
  return (
    ones.every((count) => Math.abs(count - numbers.length / 2) < 6 * deviation) && flat(high) && flat(low)
  )
}

function change(request: OpenRequest, alter: (member: Masked, index: number) => Masked): OpenRequest {
  return {
    ...request,
    cohorts: request.cohorts.map((cohort) => ({ ...cohort, members: cohort.members.map(alter) })),
  }
}

async function weightsOf({ api }: Parties.Party): Promise<Float32Array> {
  const file = await api.exportModel(task, Parties.encodedSpec)
  return new Float32Array(new Uint8Array(file.slice(file.length - 4 * parameters)).buffer)
}
