// What names the weights of a warm start is read only as its result names it, and is never larger than anyone fetches.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import * as Checkpoints from './checkpoints.ts'
import * as Codec from './codec.ts'
import type { Hex } from './codec.ts'

const digest = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes): Hex => `0x${Buffer.from(bytes).toString('hex')}`)
const filled = (byte: string): Hex => `0x${byte.repeat(32)}`

test('exports', () => {
  expect(Object.keys(Checkpoints)).toMatchInlineSnapshot(`
    [
      "maximumBytes",
      "encode",
      "decode",
      "digest",
      "DigestError",
    ]
  `)
})

test('come back from their bytes in order', () => {
  fc.assert(
    fc.property(fc.array(digest, { minLength: 1, maxLength: 40 }), (ends) => {
      const encoded = Checkpoints.encode(ends)
      expect(Checkpoints.decode(encoded, Checkpoints.digest(encoded))).toEqual(ends)
    }),
  )
})

test('are the same bytes everywhere', () => {
  const encoded = Checkpoints.encode([filled('01'), filled('02')])
  expect(Checkpoints.digest(encoded)).toMatchInlineSnapshot(
    `"0x0605105a4a532de0ffe2f40784f1a7f3342b5006d5ef454c177b5f32d5cb8ca0"`,
  )
})

test('are refused under another result', () => {
  const [one, two] = [Checkpoints.encode([filled('01')]), Checkpoints.encode([filled('02')])]
  expect(() => Checkpoints.decode(one, Checkpoints.digest(two))).toThrow(Checkpoints.DigestError)
})

test.each([
  ['no segment', { v: 1, ends: [] }],
  ['more segments than a part may have', { v: 1, ends: Array.from({ length: 513 }, () => filled('01')) }],
  ['a digest that is none', { v: 1, ends: ['0x01'] }],
  ['another version', { v: 2, ends: [filled('01')] }],
  ['more than is known', { v: 1, ends: [filled('01')], more: 1 }],
])('are refused with %s', (_, content) => {
  const encoded = Codec.encode(content)
  expect(() => Checkpoints.decode(encoded, Checkpoints.digest(encoded))).toThrow(Codec.MalformedError)
})

test('fit into what is fetched, as many as there may be', () => {
  const most = Checkpoints.encode(Array.from({ length: 512 }, () => filled('ff')))
  expect(most.length).toBeLessThanOrEqual(Checkpoints.maximumBytes)
  expect(Checkpoints.decode(most, Checkpoints.digest(most))).toHaveLength(512)
})
