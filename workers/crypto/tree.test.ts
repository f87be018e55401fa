import { keccak_256 } from '@noble/hashes/sha3.js'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import * as Ciphertext from '../../protocol/ciphertext.ts'
import * as Keccak from './keccak.ts'
import * as Tree from './tree.ts'

test('hashes what Keccak-256 hashes, one message or many', () => {
  const hasher = Keccak.create()
  for (const [length, hash] of [
    [32, hasher.hash32],
    [64, hasher.hash64],
  ] as const)
    fc.assert(
      fc.property(fc.uint8Array({ minLength: length, maxLength: 8 * length }), (bytes) => {
        const count = Math.floor(bytes.length / length)
        hasher.memory.set(bytes)
        hash(0, Keccak.middle, count)
        for (let i = 0; i < count; i++)
          expect(hasher.memory.slice(Keccak.middle + 32 * i, Keccak.middle + 32 * i + 32)).toEqual(
            keccak_256(bytes.subarray(i * length, (i + 1) * length)),
          )
      }),
    )
})

test.each([1, 2, 3, 5, 8])('the root over %i ciphertexts is that of the protocol', (count) => {
  const ciphertexts = Array.from({ length: count }, (_, k) =>
    Uint8Array.from({ length: Ciphertext.bytes }, (_, i) => (Math.imul(i + 1, k + 77) >>> 5) & 255),
  )
  expect(Tree.root(ciphertexts)).toBe(Ciphertext.root(ciphertexts))
  expect(Tree.root(ciphertexts)).toBe(Tree.root(ciphertexts))
})
