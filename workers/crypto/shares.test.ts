import { hexToBytes } from '@noble/hashes/utils.js'
import * as fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import type { Hex } from '../../protocol/codec.ts'
import * as Masks from '../../protocol/masks.ts'
import * as Box from './box.ts'
import * as Shares from './shares.ts'

const account = (n: number): Hex => `0x${n.toString(16).padStart(40, '0')}`
const task: Hex = `0x${'7a'.repeat(32)}`
const place: Masks.Place = { chainId: 31_337, market: account(1), task, round: 3 }
const provider = account(2)
const secrets: Shares.Secrets = { seed: random(), key: Box.secretKey() }
const keys = Array.from({ length: 4 }, () => Box.secretKey())
const members = keys.map((key, seat) => ({ seat, account: account(16 + seat), key: Box.publicKey(key) }))
let dealt: readonly Masks.Share[]

beforeAll(async () => {
  dealt = await Shares.deal(secrets, place, provider, members, 3)
})

test('each member opens its shares, which are what their hashes say', async () => {
  for (const kind of ['seed', 'key'] as const) {
    const opened = await Promise.all(dealt.map((share, seat) => open(share, seat, { kind })))
    for (const [seat, each] of opened.entries())
      expect(Masks.shareHash(kind, each!.share, each!.salt)).toBe(dealt[seat]?.[`${kind}Hash`])
    const shares = opened.map((each) => each!.share)
    for (let missing = 0; missing < 4; missing++) {
      const three = shares.filter((_, seat) => seat !== missing)
      expect(await Shares.restore(three, 3)).toEqual(secrets[kind])
    }
    expect(await Shares.restore(shares.slice(2), 3)).toBeUndefined()
    expect(await Shares.restore(shares.slice(2), 2)).not.toEqual(secrets[kind])
  }
})

test('a transplanted share opens nowhere else', async () => {
  const [share] = dealt
  expect(await open(share!, 0, {})).toBeDefined()
  const elsewhere = [
    { place: { ...place, chainId: 1 } },
    { place: { ...place, market: account(9) } },
    { place: { ...place, task: `0x${'7b'.repeat(32)}` as const } },
    { place: { ...place, round: 4 } },
    { provider: account(3) },
    { member: account(17) },
    { kind: 'key' as const, sealed: share!.seed },
    { kind: 'seed' as const, sealed: share!.key },
    { secret: keys[1] },
    { sealed: `${share!.seed.slice(0, -2)}00` as Hex },
    { sealed: `0x${'00'.repeat(32)}${share!.seed.slice(66)}` as Hex },
    { sealed: dealt[1]!.seed },
    { sealed: '0x' as Hex },
    { sealed: '0x0' as Hex },
  ]
  for (const change of elsewhere)
    expect(await open(share!, 0, change), JSON.stringify(change)).toBeUndefined()
})

test('t − 1 shares are as likely for any secret: every coordinate of a share takes every value', async () => {
  const counts = new Uint32Array(256)
  const shown = new Uint8Array(32)
  for (let i = 0; i < 100; i++) {
    const [share] = await Shares.deal({ seed: shown, key: shown }, place, provider, members.slice(0, 2), 2)
    const opened = await open(share!, 0, {})
    for (const byte of hexToBytes(opened!.share.slice(2)).subarray(0, 32))
      counts[byte] = (counts[byte] ?? 0) + 1
  }
  const expected = (100 * 32) / 256
  const statistic = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
  // 255 degrees of freedom: beyond 380 in fewer than one of a million runs.
  expect(statistic).toBeLessThan(380)
})

test('any t of k give the secret back', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 16 }).chain((k) => fc.tuple(fc.constant(k), fc.integer({ min: 1, max: k }))),
      async ([k, t]) => {
        const many = Array.from({ length: k }, (_, i) => i)
        const own = many.map(() => Box.secretKey())
        const committee = many.map((i) => ({
          seat: 15 - i,
          account: account(32 + i),
          key: Box.publicKey(own[i]!),
        }))
        const shares = await Shares.deal(secrets, place, provider, committee, t)
        expect(shares.map(({ seat }) => seat)).toEqual(many.map((i) => 16 - k + i))
        const opened = await Promise.all(
          many.map((i) =>
            Shares.open(
              shares.find(({ seat }) => seat === 15 - i)!.seed,
              own[i]!,
              place,
              provider,
              account(32 + i),
              'seed',
            ),
          ),
        )
        const chosen = opened.map((each) => each!.share).slice(k - t)
        expect(await Shares.restore(chosen, t)).toEqual(secrets.seed)
      },
    ),
    { numRuns: 8 },
  )
})

test('members that cannot hold a threshold, and keys that protect nothing, are refused', async () => {
  const deal = (list: readonly Shares.Member[], threshold: number) =>
    Shares.deal(secrets, place, provider, list, threshold)
  await expect(deal(members, 5)).rejects.toThrow(Shares.MembersError)
  await expect(deal(members, 0)).rejects.toThrow(Shares.MembersError)
  await expect(deal([...members.slice(0, 3), members[0]!], 3)).rejects.toThrow(Shares.MembersError)
  const low = { ...members[3]!, key: `0x${'00'.repeat(32)}` as const }
  await expect(deal([...members.slice(0, 3), low], 3)).rejects.toThrow(Masks.KeyError)
})

function open(
  share: Masks.Share,
  seat: number,
  change: {
    readonly place?: Masks.Place
    readonly provider?: Hex
    readonly member?: Hex
    readonly kind?: Masks.Kind
    readonly secret?: Uint8Array | undefined
    readonly sealed?: Hex
  },
) {
  const kind = change.kind ?? 'seed'
  return Shares.open(
    change.sealed ?? share[kind],
    change.secret ?? keys[seat]!,
    change.place ?? place,
    change.provider ?? provider,
    change.member ?? members[seat]!.account,
    kind,
  )
}

function random(): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(32))
}
