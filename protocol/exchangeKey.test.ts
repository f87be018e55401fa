import { x25519 } from '@noble/curves/ed25519.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { expect, test } from 'vitest'
import * as ExchangeKey from './exchangeKey.ts'

// The small-order points and their other spellings, as in RFC 7748's security considerations and in Wycheproof.
const low = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'cdeb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880',
  '4c9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7',
  'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
]

test('exports', () => {
  expect(Object.keys(ExchangeKey)).toEqual(['isLowOrder'])
})

test.each(low)('%s is of low order exactly if an exchange with it gives nothing', (key) => {
  const exchange = () => x25519.getSharedSecret(new Uint8Array(32).fill(7), hexToBytes(key))
  let gives = true
  try {
    gives = exchange().some((byte) => byte !== 0)
  } catch {
    gives = false
  }
  expect(ExchangeKey.isLowOrder(`0x${key}`)).toBe(!gives)
})

test('keys of secrets are not of low order', () => {
  for (let fill = 0; fill < 50; fill++) {
    const key = x25519.getPublicKey(new Uint8Array(32).fill(fill))
    expect(ExchangeKey.isLowOrder(`0x${bytesToHex(key)}`)).toBe(false)
  }
})
