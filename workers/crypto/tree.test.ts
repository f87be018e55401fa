import { keccak_256 } from '@noble/hashes/sha3.js'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import * as Ciphertext from '../../protocol/ciphertext.ts'
import * as He from '../../protocol/he.ts'
import * as Keccak from './keccak.ts'
import * as Tree from './tree.ts'

test('hashes what Keccak-256 hashes, one message or many', () => {
  const hasher = Keccak.create()
  for (const [length, hash] of [
    [32, hasher.hash32],
    [64, hasher.hash64],
  ] as const)
    fc.assert(
      fc.property(fc.uint8Array({ minLength: length, maxLength: 40 * length, size: 'max' }), (bytes) => {
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

test('so is the root over any number of any words', () => {
  const word = fc.bigInt({ min: 0n, max: He.q - 1n })
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.array(word, { minLength: 1, maxLength: 500, size: 'max' }),
      (count, some) => {
        const ciphertexts = Array.from({ length: count }, (_, k) => {
          const words = BigUint64Array.from(
            { length: Ciphertext.bytes / 8 },
            (_, i) => some[(i + k * 31) % some.length] ?? 0n,
          )
          return new Uint8Array(words.buffer)
        })
        expect(Tree.root(ciphertexts)).toBe(Ciphertext.root(ciphertexts))
      },
    ),
    { numRuns: 6 },
  )
})
