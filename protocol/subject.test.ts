// What a job that scores is about comes back as it was sealed, and only as the job names it.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as Codec from './codec.ts'
import type { Hex } from './codec.ts'
import * as Subject from './subject.ts'

const filled = (byte: string): Hex => `0x${byte.repeat(32)}`
const digestOf = (encoded: Uint8Array) => Codec.digestOf(Codec.cidOf(encoded))
const subject: Subject.Subject = {
  v: 1,
  sealed: Uint8Array.of(1, 2, 3),
  shards: [filled('01'), filled('02')],
  salt: new Uint8Array(32).fill(3),
}
const sum = fc.record({
  levels: fc.uint32Array({ maxLength: 20 }).map((levels) => new Uint32Array(levels)),
  samples: fc.array(fc.nat(), { maxLength: 5 }),
})
const content: fc.Arbitrary<Subject.Content> = fc.record({
  global: fc.float32Array({ maxLength: 20 }).map((weights) => new Float32Array(weights)),
  sums: fc.array(fc.option(sum, { nil: undefined }), { maxLength: 4 }),
  coalitions: fc.array(fc.nat(2 ** 32 - 1), { maxLength: 16 }),
})

test('exports', () => {
  expect(Object.keys(Subject)).toMatchInlineSnapshot(`
    [
      "encode",
      "decode",
      "encodeContent",
      "decodeContent",
      "DigestError",
      "TestSetError",
    ]
  `)
})

describe('a subject', () => {
  test('comes back from its bytes, which are the same everywhere', () => {
    const encoded = Subject.encode(subject)
    expect(digestOf(encoded)).toMatchInlineSnapshot(
      `"0x99cb4a238c39167907cf9017c3f6c26a18188d9c89599d696c370e6b1e6a57cf"`,
    )
    expect(Subject.decode(encoded, digestOf(encoded))).toEqual(subject)
  })

  test('is refused where a job names another', () => {
    const other = Subject.encode({ ...subject, sealed: Uint8Array.of(1, 2, 4) })
    expect(() => Subject.decode(other, digestOf(Subject.encode(subject)))).toThrow(Subject.DigestError)
  })

  test.each([
    ['a short salt', { salt: new Uint8Array(31) }],
    ['no shard', { shards: [] }],
    ['too many shards', { shards: Array.from({ length: 2049 }, () => filled('01')) }],
    ['another version', { v: 2 }],
  ])('is refused with %s', (_, change) => {
    const encoded = Codec.encode({ ...subject, ...change })
    expect(() => Subject.decode(encoded, digestOf(encoded))).toThrow(Codec.MalformedError)
  })
})

describe('its content', () => {
  test('comes back to the bit, with sums that were discarded as such', () => {
    fc.assert(
      fc.property(content, (each) => {
        expect(Subject.decodeContent(Subject.encodeContent(each))).toEqual(each)
      }),
    )
  })

  test('is the same bytes everywhere', () => {
    const encoded = Subject.encodeContent({
      global: Float32Array.of(0.5, -1),
      sums: [undefined, { levels: Uint32Array.of(7, 2 ** 32 - 1), samples: [20, 300] }],
      coalitions: [0, 1, 2, 3],
    })
    expect(digestOf(encoded)).toMatchInlineSnapshot(
      `"0x5b7618c2af798c1a6c31a68e06d2a027c0e5f850e070a512fc05a4e015466e5a"`,
    )
  })

  test('is refused where it is something else', () => {
    for (const other of [{ v: 1 }, { v: 1, global: 'a', sums: [], coalitions: [] }])
      expect(() => Subject.decodeContent(Codec.encode(other))).toThrow(Codec.MalformedError)
    expect(() => Subject.decodeContent(Uint8Array.of(255))).toThrow(Codec.MalformedError)
  })
})
