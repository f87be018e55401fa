import { bytesToHex } from '@noble/hashes/utils.js'
import { expect, test } from 'vitest'
import type { Hex } from '../../protocol/codec.ts'
import { MalformedError } from '../../protocol/codec.ts'
import * as SealedModel from '../../protocol/sealedModel.ts'
import * as Box from './box.ts'

const task: Hex = `0x${'11'.repeat(32)}`
const place: SealedModel.Place = { task, round: 3, of: 'model' }
const weights = Float32Array.of(1.5, -2, Math.fround(1e-30))
const content = SealedModel.content(new Uint8Array(32).fill(9), weights)
const accounts: readonly Hex[] = [`0x${'aa'.repeat(20)}`, `0x${'bb'.repeat(20)}`]
const secrets = accounts.map(() => Box.secretKey())
const recipients = accounts.map((account, i) => ({ account, box: Box.publicKey(secrets[i]!) }))

test('each recipient opens the model, and finds the weights that were hashed', async () => {
  const sealed = await Box.seal(content, place, recipients)
  expect(sealed.length).toBeLessThanOrEqual(SealedModel.maximumBytes(weights.length))
  for (const [i, account] of accounts.entries()) {
    const opened = await Box.open(sealed, place, account, secrets[i]!)
    expect(SealedModel.weightsOf(opened, SealedModel.hash(content))).toEqual(weights)
  }
})

test('nobody else does, nor anybody in another round or task', async () => {
  const sealed = await Box.seal(content, place, recipients.slice(0, 1))
  const [mine, other] = accounts
  const refused = [
    () => Box.open(sealed, place, mine!, secrets[1]!),
    () => Box.open(sealed, place, other!, secrets[1]!),
    () => Box.open(sealed, { ...place, round: 4 }, mine!, secrets[0]!),
    () => Box.open(sealed, { ...place, task: `0x${'12'.repeat(32)}` }, mine!, secrets[0]!),
    () => Box.open(sealed, { ...place, of: 'subject' }, mine!, secrets[0]!),
  ]
  for (const ask of refused) await expect(ask()).rejects.toThrow(SealedModel.RecipientError)
})

test('a key moved from one recipient to another opens nothing', async () => {
  const sealed = SealedModel.decode(await Box.seal(content, place, recipients))
  const [first, second] = sealed.keys
  const swapped = SealedModel.encode({
    ...sealed,
    keys: [
      { ...first!, sealed: second!.sealed },
      { ...second!, sealed: first!.sealed },
    ],
  })
  await expect(Box.open(swapped, place, accounts[0]!, secrets[0]!)).rejects.toThrow(
    SealedModel.RecipientError,
  )
})

test('every changed byte of the content is noticed', async () => {
  const sealed = SealedModel.decode(await Box.seal(content, place, recipients))
  for (let i = 0; i < sealed.body.length; i++) {
    const changed = { ...sealed, body: sealed.body.map((byte, at) => (at === i ? byte ^ 1 : byte)) }
    const answer = Box.open(SealedModel.encode(changed), place, accounts[0]!, secrets[0]!)
    await expect(answer).rejects.toThrow(SealedModel.RecipientError)
  }
})

// Points of order 1, 2, 4 and 8 on the curve and its twist (RFC 7748, section 7).
const lowOrder = [
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
]

test.each(lowOrder)('a box key of low order gets no model: %s', async (point) => {
  const faulty = [{ account: accounts[0]!, box: `0x${point}` as const }]
  await expect(Box.seal(content, place, faulty)).rejects.toThrow(SealedModel.KeyError)
  const sealed = SealedModel.decode(await Box.seal(content, place, recipients))
  const crafted = SealedModel.encode({ ...sealed, ephemeral: Uint8Array.from(Buffer.from(point, 'hex')) })
  await expect(Box.open(crafted, place, accounts[0]!, secrets[0]!)).rejects.toThrow(SealedModel.KeyError)
})

test('a shared secret of zeros never becomes a key', () => {
  const [ephemeral, box] = [new Uint8Array(32), `0x${bytesToHex(new Uint8Array(32))}` as const]
  expect(() => SealedModel.recipientKey(new Uint8Array(32), place, accounts[0]!, ephemeral, box)).toThrow(
    SealedModel.KeyError,
  )
})

test('rubbish and a wrong digest are refused', async () => {
  await expect(Box.open(Uint8Array.of(1, 2), place, accounts[0]!, secrets[0]!)).rejects.toThrow(
    MalformedError,
  )
  expect(() => SealedModel.weightsOf(content, task)).toThrow(SealedModel.HashError)
})
