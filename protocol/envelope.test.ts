import { secp256k1 } from '@noble/curves/secp256k1.js'
import * as fc from 'fast-check'
import { hashTypedData, keccak256 } from 'viem/utils'
import { describe, expect, test } from 'vitest'
import * as Codec from './codec.ts'
import type { Address, Hex } from './codec.ts'
import * as Eip712 from './eip712.ts'
import * as Envelope from './envelope.ts'

const key = secp256k1.utils.randomSecretKey(new Uint8Array(48).fill(7))
const device = Eip712.addressOf(key)
const hex = (bytes: number) =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map((of): Hex => `0x${Buffer.from(of).toString('hex')}`)
const uint32 = fc.nat(0xffff_ffff)
const unsigned: fc.Arbitrary<Envelope.Unsigned> = fc.record({
  chainId: fc.nat(),
  market: hex(20),
  task: hex(32),
  round: uint32,
  kind: fc.stringMatching(/^[a-zA-Z]{1,32}$/),
  slot: uint32,
  sender: hex(20),
  body: fc.uint8Array({ maxLength: 300 }),
})
const example: Envelope.Unsigned = {
  chainId: 31337,
  market: `0x${'a1'.repeat(20)}`,
  task: `0x${'01'.repeat(32)}`,
  round: 3,
  kind: 'ready',
  slot: 0,
  sender: `0x${'b2'.repeat(20)}`,
  body: Codec.encode({ said: 'hello' }),
}

function sign(envelope: Envelope.Unsigned): Envelope.Envelope {
  return { v: 1, ...envelope, signature: Eip712.sign(Envelope.digest(envelope), key) }
}

test('exports', () => {
  expect(Object.keys(Envelope)).toMatchInlineSnapshot(`
    [
      "maximumBytes",
      "noTask",
      "digest",
      "encode",
      "decode",
      "signer",
      "assertSigner",
      "assertPlace",
      "SignatureError",
      "ForeignError",
      "OversizeError",
    ]
  `)
})

describe('an envelope', () => {
  test('comes back from its bytes as it was', () => {
    fc.assert(
      fc.property(unsigned, fc.option(hex(65), { nil: undefined }), hex(65), (envelope, once, signature) => {
        const whole = { v: 1 as const, ...envelope, signature, ...(once === undefined ? {} : { once }) }
        expect(Envelope.decode(Envelope.encode(whole))).toEqual(whole)
      }),
    )
  })

  test('has the digest that wallets and contracts compute', () => {
    fc.assert(
      fc.property(unsigned, (envelope) => {
        const { chainId, market, body, ...rest } = envelope
        const expected = hashTypedData({
          domain: { name: 'Galaxy', version: '1', chainId, verifyingContract: market },
          types: {
            Envelope: [
              { name: 'v', type: 'uint8' },
              { name: 'task', type: 'bytes32' },
              { name: 'round', type: 'uint32' },
              { name: 'kind', type: 'string' },
              { name: 'slot', type: 'uint32' },
              { name: 'sender', type: 'address' },
              { name: 'bodyDigest', type: 'bytes32' },
            ],
          },
          primaryType: 'Envelope',
          message: { v: 1, ...rest, bodyDigest: keccak256(body) },
        })
        expect(Envelope.digest(envelope)).toBe(expected)
      }),
      { numRuns: 30 },
    )
  })

  test('is known to be from the device that signed it', () => {
    expect(Envelope.signer(sign(example), Eip712.recover)).toBe(device)
    expect(() => {
      Envelope.assertSigner(sign(example), device, Eip712.recover)
    }).not.toThrow()
  })

  test.each<[string, Partial<Envelope.Envelope>]>([
    ['round', { round: 4 }],
    ['task', { task: `0x${'02'.repeat(32)}` }],
    ['kind', { kind: 'receipt' }],
    ['slot', { slot: 1 }],
    ['sender', { sender: `0x${'b3'.repeat(20)}` }],
    ['body', { body: new Uint8Array([0xa0]) }],
    ['chain', { chainId: 1 }],
  ])('with another %s is not signed any more', (_, change) => {
    const changed = { ...sign(example), ...change }
    expect(() => {
      Envelope.assertSigner(changed, device, Eip712.recover)
    }).toThrow(Envelope.SignatureError)
  })

  test('with a signature that nobody can have made is refused', () => {
    const envelope = { ...sign(example), signature: `0x${'00'.repeat(65)}` as const }
    expect(() => Envelope.signer(envelope, Eip712.recover)).toThrow(Envelope.SignatureError)
  })

  test('of another chain or market does not count here', () => {
    const here = { chainId: example.chainId, market: example.market }
    const elsewhere: Address = `0x${'a2'.repeat(20)}`
    expect(() => {
      Envelope.assertPlace(sign(example), here)
    }).not.toThrow()
    expect(() => {
      Envelope.assertPlace(sign(example), { ...here, chainId: 1 })
    }).toThrow(Envelope.ForeignError)
    expect(() => {
      Envelope.assertPlace(sign(example), { ...here, market: elsewhere })
    }).toThrow(Envelope.ForeignError)
  })

  test.each<[string, unknown, string]>([
    ['v', 2, 'v: expected version 1'],
    ['round', -1, 'round: expected 0 or more'],
    ['slot', 2 ** 32, 'slot: expected less than 2^32'],
    ['sender', '0x12', 'sender: expected a 20-byte address'],
    ['task', 'x', 'task: expected 32 bytes in lower-case hexadecimal'],
    ['body', 'x', 'body: expected bytes'],
    ['signature', '0x', 'signature: expected a 65-byte signature in lower-case hexadecimal'],
    ['surprise', 1, 'surprise: Invalid key'],
  ])('with a malformed %s is refused by its name', (field, value, message) => {
    const bytes = Codec.encode({ ...sign(example), [field]: value })
    expect(() => Envelope.decode(bytes)).toThrow(message)
  })

  test('that is too large is refused before it is parsed, and never made', () => {
    const body = new Uint8Array(Envelope.maximumBytes + 1)
    expect(() => Envelope.decode(body)).toThrow(Envelope.OversizeError)
    expect(() => Envelope.encode(sign({ ...example, body }))).toThrow(Envelope.OversizeError)
  })

  test('made of any bytes is refused with an error, never a crash', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => Envelope.decode(bytes)).toThrow(Codec.MalformedError)
      }),
    )
  })
})
