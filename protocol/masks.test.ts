import { x25519 } from '@noble/curves/ed25519.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { expect, test } from 'vitest'
import * as Codec from './codec.ts'
import type { Hex } from './codec.ts'
import * as Masks from './masks.ts'

const account = (n: number): Hex => `0x${n.toString(16).padStart(40, '0')}`
const hash = (byte: string): Hex => `0x${byte.repeat(32)}`
const key = (secret: number): Hex => `0x${bytesToHex(x25519.getPublicKey(new Uint8Array(32).fill(secret)))}`
const place: Masks.Place = { chainId: 1, market: account(1), task: hash('7a'), round: 2 }
const view: Masks.View = { opened: hash('0e'), cohorts: hash('0d') }
const sealed: Hex = `0x${'5e'.repeat(Masks.sealedBytes)}`
const share = (seat: number) => ({
  seat,
  keyHash: hash('01'),
  seedHash: hash('02'),
  key: sealed,
  seed: sealed,
})
const masks: Masks.Masks = { ephemeral: key(7), seedHash: hash('03'), shares: [share(0), share(2)] }

/** Of low order, in every spelling that 32 bytes have. */
const low = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
].flatMap((text) => [text, `${text.slice(0, 62)}${(parseInt(text.slice(62), 16) | 0x80).toString(16)}`])

test('exports', () => {
  expect(Object.keys(Masks).sort()).toMatchInlineSnapshot(`
    [
      "KeyError",
      "assertPeers",
      "isUsable",
      "pairKey",
      "releasedSchema",
      "releasedToWire",
      "saltBytes",
      "schema",
      "sealedBytes",
      "sealing",
      "seedHash",
      "selfKey",
      "shareBytes",
      "shareHash",
      "toWire",
    ]
  `)
})

test('what is encoded is read back, and has no more bytes than shares need', () => {
  const encoded = Codec.encode(Masks.toWire(masks))
  expect(Codec.decode(Masks.schema, encoded, 'masks')).toEqual(masks)
  const full = { ...masks, shares: Array.from({ length: 16 }, (_, seat) => share(seat)) }
  expect(Codec.encode(Masks.toWire(full)).length).toBeLessThan(6000)
  const released: Masks.Released = {
    provider: account(4),
    kind: 'key',
    share: `0x${'01'.repeat(Masks.shareBytes)}`,
    salt: hash('09'),
  }
  const wire = Codec.encode(Masks.releasedToWire(released))
  expect(Codec.decode(Masks.releasedSchema, wire, 'share')).toEqual(released)
})

test.each([
  { shares: [] },
  { shares: [share(2), share(0)] },
  { shares: [share(1), share(1)] },
  { shares: [share(16)] },
  { shares: [{ ...share(0), key: sealed.slice(0, -2) as Hex }] },
  { ephemeral: hash('ff') },
  { ephemeral: hash('00') },
])('malformed masks are refused: %o', (change) => {
  const encoded = Codec.encode(Masks.toWire({ ...masks, ...change }))
  expect(() => Codec.decode(Masks.schema, encoded, 'masks')).toThrow(Codec.MalformedError)
})

test('keys of low order, and second spellings of a key, are of no use', () => {
  for (const point of low) {
    expect(() => x25519.getSharedSecret(new Uint8Array(32).fill(9), hexToBytes(point))).toThrow()
    expect(Masks.isUsable(`0x${point}`), point).toBe(false)
  }
  const spelt = hexToBytes(key(7).slice(2))
  spelt[31] = (spelt[31] ?? 0) | 0x80
  expect(Masks.isUsable(`0x${bytesToHex(spelt)}`)).toBe(false)
  for (let secret = 1; secret < 20; secret++) expect(Masks.isUsable(key(secret))).toBe(true)
})

test('a cohort in which two have one key is refused', () => {
  const peers = [1, 2, 3].map((n) => ({ account: account(n), ephemeral: key(n) }))
  expect(() => Masks.assertPeers(peers)).not.toThrow()
  expect(() => Masks.assertPeers([...peers, { account: account(4), ephemeral: key(2) }])).toThrow(
    `it is also that of ${account(2)}`,
  )
  expect(() => Masks.assertPeers([...peers, { account: account(4), ephemeral: hash('00') }])).toThrow(
    'it protects nothing',
  )
})

test('keys of masks depend on all that two providers must agree on, and on nothing else', () => {
  const shared = new Uint8Array(32).fill(5)
  const [one, other] = [1, 2].map((n) => ({ account: account(n), ephemeral: key(n) })) as [
    Masks.Peer,
    Masks.Peer,
  ]
  const pair = Masks.pairKey(shared, place, view, one, other)
  expect(Masks.pairKey(shared, place, view, other, one)).toEqual(pair)
  const self = Masks.selfKey(shared, place, view, one)
  const others = [
    [{ ...place, chainId: 2 }, view],
    [{ ...place, market: account(2) }, view],
    [{ ...place, task: hash('7b') }, view],
    [{ ...place, round: 3 }, view],
    [place, { ...view, opened: hash('0f') }],
    [place, { ...view, cohorts: hash('0f') }],
    [place, { opened: view.cohorts, cohorts: view.opened }],
  ] as const
  const keys = others.flatMap(([where, seen]) => [
    Masks.pairKey(shared, where, seen, one, other),
    Masks.selfKey(shared, where, seen, one),
  ])
  keys.push(
    pair,
    self,
    Masks.pairKey(shared, place, view, { ...one, ephemeral: key(3) }, other),
    Masks.pairKey(shared, place, view, one, { ...other, account: account(3) }),
    Masks.selfKey(shared, place, view, { ...one, account: account(3) }),
  )
  expect(new Set(keys.map(bytesToHex)).size).toBe(keys.length)
})
