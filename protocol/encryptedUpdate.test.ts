import { expect, test } from 'vitest'
import * as Codec from './codec.ts'
import * as EncryptedUpdate from './encryptedUpdate.ts'

test('names its blocks in order', () => {
  const blocks = [new Uint8Array(61_440).fill(1), new Uint8Array(61_440).fill(2)]
  const encoded = EncryptedUpdate.encode(blocks)
  expect(EncryptedUpdate.decode(encoded).map(String)).toEqual(
    blocks.map((block) => Codec.cidOfRaw(block).toString()),
  )
})

test('stays below its limit at the largest model', () => {
  const block = new Uint8Array(4)
  const encoded = EncryptedUpdate.encode(Array.from({ length: 489 }, () => block))
  expect(encoded.length).toBeLessThanOrEqual(EncryptedUpdate.maximumBytes)
  expect(() =>
    EncryptedUpdate.decode(EncryptedUpdate.encode(Array.from({ length: 490 }, () => block))),
  ).toThrow('at most 489')
})

test.each([
  ['no ciphertexts', Codec.encode({ v: 1, ciphertexts: [] })],
  ['another version', Codec.encode({ v: 2, ciphertexts: [] })],
  ['no CIDs', Codec.encode({ v: 1, ciphertexts: ['a'] })],
  ['rubbish', Uint8Array.of(1, 2, 3)],
])('refuses %s', (_, encoded) => {
  expect(() => EncryptedUpdate.decode(encoded)).toThrow(Codec.MalformedError)
})
