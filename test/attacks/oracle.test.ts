// A ciphertext made so that its decryption is the secret key: what it opens under one key for all, and under ours.
import 'fake-indexeddb/auto'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import * as Ciphertext from '../../protocol/ciphertext.ts'
import * as He from '../../protocol/he.ts'
import * as Packing from '../../protocol/packing.ts'
import * as Prng from '../../protocol/prng.ts'
import * as Records from '../../workers/crypto/records.ts'
import * as Round from '../../workers/crypto/round.ts'
import * as Parties from '../parties.ts'
import * as Table from './table.ts'

const laneBytes = 8
const polynomialBytes = Ciphertext.bytes / 2
/** Coefficients that are decrypted by hand: each takes 4,096 multiplications. */
const shown = 64
const t = BigInt(He.t)

let setting: Parties.Setting

beforeEach(async () => {
  const [owner, ...rest] = await Parties.committee(8)
  setting = { owner: owner!, providers: rest.slice(0, 4), members: rest.slice(4), threshold: 3 }
})
afterEach(Parties.close)

/** (0, ⌊q ÷ t⌉), which decrypts to ⌊(t ÷ q) · ⌊q ÷ t⌉ · s⌉ = s. */
function crafted(): Uint8Array<ArrayBuffer> {
  const words = new Uint8Array(Ciphertext.bytes)
  new DataView(words.buffer).setBigUint64(polynomialBytes, He.q / t, true)
  return words
}

/** (⌊q ÷ t⌉ · m, 0): everybody reads m, and whoever decrypts it "decrypts" what it was given. */
function transparent(): Uint8Array<ArrayBuffer> {
  const words = new Uint8Array(Ciphertext.bytes)
  new DataView(words.buffer).setBigUint64(0, (He.q / t) * 7n, true)
  return words
}

/** The secret key's coefficients, as a plaintext shows them: -1 is t − 1. Undefined where it is not ternary. */
function ternary(plain: Uint8Array): readonly bigint[] | undefined {
  const found = [...coefficients(plain)].map((value) => (value === t - 1n ? -1n : value))
  return found.every((value) => value >= -1n && value <= 1n) ? found : undefined
}

/** The first coefficients of ⌊(t ÷ q) · (c0 + c1 · s)⌉ modulo t: decryption, by whoever knows s. */
function decrypted(words: Uint8Array, secret: readonly bigint[]): readonly bigint[] {
  const [c0, c1] = [coefficients(words.slice(0, polynomialBytes)), coefficients(words.slice(polynomialBytes))]
  return Array.from({ length: shown }, (_, k) => {
    let sum = c0[k] ?? 0n
    secret.forEach((s, i) => {
      if (s !== 0n) sum += (i <= k ? s : -s) * (c1[(k - i + He.degree) % He.degree] ?? 0n)
    })
    const value = ((sum % He.q) + He.q) % He.q
    return ((value * t + He.q / 2n) / He.q) % t
  })
}

function coefficients(bytes: Uint8Array): BigUint64Array {
  return new BigUint64Array(new Uint8Array(bytes).buffer)
}

function plaintext(seed: number): Uint8Array<ArrayBuffer> {
  const prng = Prng.from(seed)
  const words = new DataView(new ArrayBuffer(Packing.plainBytes))
  for (let at = 0; at < Packing.plainBytes; at += laneBytes)
    words.setBigUint64(at, (BigInt(prng()) << 12n) ^ BigInt(prng() & 4095), true)
  return new Uint8Array(words.buffer)
}

async function keyOf(round: number): Promise<Uint8Array> {
  const stored = await setting.owner.safe.get(Records.rounds.id(Parties.task, round))
  return Records.rounds.decode(stored!).secretKey
}

test('one decryption of a crafted ciphertext is the secret key, which opens all that one key protects', async ({
  task,
}) => {
  const seal = await Parties.seal()
  const { secretKey, publicKey } = seal.keyPair()
  const plain = plaintext(1)
  const [before] = seal.encrypt(publicKey, [plain])
  const [answer] = seal.decrypt(secretKey, [crafted()])
  const secret = ternary(answer!)
  expect(secret).toBeDefined()
  expect(new Set(secret)).toEqual(new Set([-1n, 0n, 1n]))
  expect(decrypted(before!, secret!)).toEqual([...coefficients(plain)].slice(0, shown))

  // Ours: a key for each round, so what one round's key is worth ends with the round.
  const openings = [
    await Parties.prepared(setting.owner, setting.providers, 1),
    await Parties.prepared(setting.owner, setting.providers, 2),
  ]
  const [first, second] = openings.map((opening) => opening.publicKey)
  expect(first).not.toEqual(second)
  const [stolen] = seal.decrypt(await keyOf(1), [crafted()])
  const [next] = seal.encrypt(second!, [plain])
  const found = decrypted(next!, ternary(stolen!)!)
  expect(found.filter((value, i) => value === coefficients(plain)[i])).toEqual([])
  Table.tell(task, {
    attack: 'decryption oracle: (0, ⌊q/t⌉) under the key of one round',
    with: `opens 0 of ${shown} coefficients of the next round`,
    without: `opens ${shown} of ${shown} (one key for all rounds)`,
  })
})

test('a crafted ciphertext in the place of a sum is not decrypted', async ({ task }) => {
  const { request } = await Parties.played(setting)
  const [cohort] = request.cohorts
  const sum = [crafted(), ...cohort!.sum.slice(1)]
  const swapped = { ...request, cohorts: [{ ...cohort!, sum }] }
  await expect(setting.owner.api.open(swapped)).rejects.toThrow(Round.RootError)
  expect(setting.owner.seen.opened).toEqual([])
  const [answer] = (await Parties.seal()).decrypt(await keyOf(1), sum)
  expect(ternary(answer!)).toBeDefined()
  Table.tell(task, {
    attack: 'decryption oracle: in the place of a committed sum',
    with: 'refused before decryption',
    without: 'the secret key (no comparison with the commit)',
  })
})

test('as an update it spoils its sum, of which nothing is told', async ({ task }) => {
  const start = await Parties.begun(setting)
  const contributions = []
  for (const [i, { api }] of setting.providers.entries())
    contributions.push(await api.contribute(start.requestOf(i), Parties.silent))
  const sybil = contributions[3]!
  contributions[3] = { ...sybil, ciphertexts: sybil.ciphertexts.map(crafted) }
  const request = await Parties.asked(setting, start, contributions, [0, 1, 2, 3])
  const before = await setting.owner.api.exportModel(Parties.task, Parties.encodedSpec)
  const result = await setting.owner.api.open(request)
  expect(result.sums).toEqual([{ digest: null, discarded: 'guards', provider: null }])
  expect(await setting.owner.api.exportModel(Parties.task, Parties.encodedSpec)).toEqual(before)
  Table.tell(task, {
    attack: 'decryption oracle: as one of four updates',
    with: 'the sum is discarded, the model stays',
    without: '–',
  })
})

test('members refuse a ciphertext without a second polynomial, which SEAL decrypts', async ({ task }) => {
  const [member] = setting.members
  const update = [transparent()]
  await expect(member!.api.check(update)).rejects.toThrow(Ciphertext.StructureError)
  await expect(member!.api.aggregate([update, update])).rejects.toThrow(Ciphertext.StructureError)

  vi.resetModules()
  vi.doMock('../../protocol/ciphertext.ts', async () => ({ ...Ciphertext, assert: () => undefined }))
  const unchecked = await import('../parties.ts')
  vi.doUnmock('../../protocol/ciphertext.ts')
  const seal = await unchecked.seal()
  const [answer] = seal.decrypt(seal.keyPair().secretKey, update)
  expect(coefficients(answer!)[0]).toBe(7n)
  Table.tell(task, {
    attack: 'decryption oracle: a ciphertext with c1 = 0',
    with: 'refused by members',
    without: 'SEAL decrypts it under any key (no check)',
  })
})
