// The checked-in masks are what Node's own cryptography makes of the rules, and what the workers make.
import { readFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { x25519 } from '@noble/curves/ed25519.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { describe, expect, test } from 'vitest'
import * as v from 'valibot'
import type { Hex } from '../../protocol/codec.ts'
import * as Masks from '../../protocol/masks.ts'
import * as Box from '../../workers/crypto/box.ts'
import * as Masking from '../../workers/crypto/masking.ts'
import * as Stream from '../../workers/crypto/stream.ts'
import { vectors } from './masks.ts'

const hexText = v.custom<Hex>((value) => typeof value === 'string' && value.startsWith('0x'))
const schema = v.object({
  place: v.object({ chainId: v.number(), market: hexText, task: hexText, round: v.number() }),
  view: v.object({ opened: hexText, cohorts: hexText }),
  plains: v.number(),
  shares: v.object({ share: hexText, salt: hexText, seed: hexText, key: hexText }),
  cohort: v.array(
    v.object({
      account: hexText,
      key: hexText,
      seed: hexText,
      ephemeral: hexText,
      seedHash: hexText,
      selfKey: hexText,
      pairKeys: v.array(v.object({ account: hexText, key: hexText })),
      firstNumbers: v.string(),
      masked: hexText,
    }),
  ),
})
const file: unknown = JSON.parse(readFileSync(new URL('masks.json', import.meta.url), 'utf8'))
const golden = v.parse(schema, file)

const bytes = (hex: string) =>
  new Uint8Array(Buffer.from(hex.replace(/^0x/, '').replaceAll(/\s/g, ''), 'hex'))
const text = (buffer: Uint8Array) => Buffer.from(buffer).toString('hex')

test('masks.json is what Node computes (if a change is meant: node test/vectors/masks.ts --write)', () => {
  expect(vectors()).toEqual(file)
})

test('workers derive the same keys, numbers and masked plaintexts', async () => {
  const { place, view, cohort, plains: count } = golden
  const modulus = 2n ** 44n
  const numbers = BigUint64Array.from({ length: count * 4096 }, (_, i) => (BigInt(i) ** 4n + 5n) % modulus)
  const plains = Array.from(
    { length: count },
    (_, i) => new Uint8Array(numbers.slice(i * 4096, (i + 1) * 4096).buffer),
  )
  const sum = new BigUint64Array(numbers.length)
  for (const me of cohort) {
    expect(Box.publicKey(bytes(me.key))).toBe(me.ephemeral)
    expect(Masks.seedHash(bytes(me.seed))).toBe(me.seedHash)
    const own = Masks.selfKey(bytes(me.seed), place, view, me)
    expect(text(own)).toBe(me.selfKey.slice(2))
    const pairs = me.pairKeys.map(({ account, key }) => {
      const peer = cohort.find((each) => each.account === account)!
      const mask = Masking.pair(bytes(me.key), place, view, me, peer)
      expect(text(mask.key)).toBe(key.slice(2))
      expect(mask.sign).toBe(me.account < account ? 'add' : 'subtract')
      return mask
    })
    const masks: Stream.Mask[] = [{ key: own, sign: 'add' }, ...pairs]
    const masked = await Stream.apply(plains, masks)
    const joined = Buffer.concat(masked)
    expect(text(createHash('sha256').update(joined).digest())).toBe(me.masked.slice(2))
    const first = new BigUint64Array(masked[0]!.slice(0, 32).buffer)
    const numbersOf = [...first].map((number, i) => (number - (numbers[i] ?? 0n) + modulus) % modulus)
    expect(numbersOf.join(' ')).toBe(me.firstNumbers)
    const opposite = masks.map(({ key, sign }): Stream.Mask => ({
      key,
      sign: sign === 'add' ? 'subtract' : 'add',
    }))
    expect(Buffer.concat(await Stream.apply(masked, opposite)).equals(Buffer.concat(plains))).toBe(true)
    const unselved = await Stream.apply(masked, [{ key: own, sign: 'subtract' }])
    unselved.forEach((plain, at) => {
      new BigUint64Array(plain.buffer).forEach((number, i) => {
        const place = at * 4096 + i
        sum[place] = ((sum[place] ?? 0n) + number) % modulus
      })
    })
  }
  const expected = numbers.map((number) => (number * BigInt(cohort.length)) % modulus)
  expect(Buffer.from(sum.buffer).equals(Buffer.from(expected.buffer))).toBe(true)
})

test('a share has another hash as a share of the other kind', () => {
  const { share, salt, seed, key } = golden.shares
  expect(Masks.shareHash('seed', share, salt)).toBe(seed)
  expect(Masks.shareHash('key', share, salt)).toBe(key)
})

describe('published vectors', () => {
  test('X25519, RFC 7748 section 5.2', () => {
    const cases = [
      [
        'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
        'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
        'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
      ],
      [
        '4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d',
        'e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493',
        '95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957',
      ],
    ] as const
    for (const [scalar, point, result] of cases)
      expect(text(x25519.scalarMult(bytes(scalar), bytes(point)))).toBe(result)
    let k: Uint8Array = bytes(`09${'00'.repeat(31)}`)
    let u = k
    for (let i = 0; i < 1000; i++) [k, u] = [x25519.scalarMult(k, u), k]
    expect(text(k)).toBe('684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51')
  })

  test('X25519, RFC 7748 section 6.1', () => {
    const alice = bytes('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a')
    const bob = bytes('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb')
    const [alices, bobs] = [Box.publicKey(alice), Box.publicKey(bob)]
    expect(alices).toBe('0x8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a')
    expect(bobs).toBe('0xde9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f')
    const shared = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742'
    expect(text(x25519.getSharedSecret(alice, bytes(bobs)))).toBe(shared)
    expect(text(x25519.getSharedSecret(bob, bytes(alices)))).toBe(shared)
  })

  test('HKDF-SHA256, RFC 5869 appendix A.1 to A.3', () => {
    const range = (from: number, to: number) => Uint8Array.from({ length: to - from + 1 }, (_, i) => from + i)
    const ikm = new Uint8Array(22).fill(0x0b)
    expect(text(hkdf(sha256, ikm, range(0, 0x0c), range(0xf0, 0xf9), 42))).toBe(
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    )
    expect(text(hkdf(sha256, range(0, 0x4f), range(0x60, 0xaf), range(0xb0, 0xff), 82))).toBe(
      'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c' +
        '59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
    )
    expect(text(hkdf(sha256, ikm, undefined, new Uint8Array(), 42))).toBe(
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    )
  })

  test('AES-256-CTR, NIST SP 800-38A F.5.5', async () => {
    const key = bytes('603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4')
    const plain = bytes(
      '6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51' +
        '30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710',
    )
    const imported = await crypto.subtle.importKey('raw', key, 'AES-CTR', false, ['encrypt'])
    const counter = bytes('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff')
    const made = await crypto.subtle.encrypt({ name: 'AES-CTR', counter, length: 64 }, imported, plain)
    expect(text(new Uint8Array(made))).toBe(
      '601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5' +
        '2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6',
    )
  })
})
