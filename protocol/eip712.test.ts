// Signatures are made and read the way the chain does, and nothing but one spelling of each passes.
import { secp256k1 } from '@noble/curves/secp256k1.js'
import fc from 'fast-check'
import { bytesToHex, numberToHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { expect, test } from 'vitest'
import type { Hex } from './codec.ts'
import * as Eip712 from './eip712.ts'

const privateKey = new Uint8Array(32).fill(7)
const hash: Hex = `0x${'5a'.repeat(32)}`

test('a signature is read back as the account that a wallet shows for the key', () => {
  const keys = fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .filter((bytes) => secp256k1.utils.isValidSecretKey(bytes))
  const hashes = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => bytesToHex(bytes))
  fc.assert(
    fc.property(keys, hashes, (key, digest) => {
      const signature = Eip712.sign(digest, key)
      const account = privateKeyToAccount(bytesToHex(key)).address.toLowerCase()
      expect(Eip712.addressOf(key)).toBe(account)
      expect(Eip712.recover(digest, signature)).toBe(account)
    }),
    { numRuns: 20 },
  )
})

test('wallets sign typed data to the same bytes', async () => {
  const domain: Eip712.Domain = { chainId: 31337, market: `0x${'ab'.repeat(20)}` }
  const fields = [{ name: 'task', type: 'bytes32' }]
  const signature = await privateKeyToAccount(bytesToHex(privateKey)).signTypedData({
    domain: { name: 'Galaxy', version: '1', chainId: 31337, verifyingContract: domain.market },
    types: { Example: fields },
    primaryType: 'Example',
    message: { task: hash },
  })
  const digest = Eip712.digest(domain, 'Example', fields, { task: hash })
  expect(signature).toBe(Eip712.sign(digest, privateKey))
})

test('the mirrored twin, other lengths, other recovery bytes and impossible points are refused', () => {
  const signature = Eip712.sign(hash, privateKey)
  const order = secp256k1.Point.Fn.ORDER
  const mirrored = order - BigInt(`0x${signature.slice(66, 130)}`)
  const v = signature.endsWith('1b') ? '1c' : '1b'
  const twin: Hex = `0x${signature.slice(2, 66)}${numberToHex(mirrored, { size: 32 }).slice(2)}${v}`
  const refused: Hex[] = [
    twin,
    '0x',
    `${signature}00`,
    `0x${signature.slice(2, 130)}00`,
    `0x${'ff'.repeat(32)}${signature.slice(66)}`,
    `0x${'00'.repeat(64)}1b`,
  ]
  for (const each of refused) {
    expect(() => Eip712.recover(hash, each)).toThrow(Eip712.SignatureError)
    expect(Eip712.isSignedBy(Eip712.addressOf(privateKey), hash, each)).toBe(false)
  }
  expect(Eip712.isSignedBy(Eip712.addressOf(privateKey), hash, signature)).toBe(true)
  expect(Eip712.isSignedBy(`0x${'11'.repeat(20)}`, hash, signature)).toBe(false)
})
