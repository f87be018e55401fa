// A wallet that shows another struct than the contract hashes would sign nothing that counts.
import { hashTypedData } from 'viem/utils'
import { expect, test } from 'vitest'
import * as Typed from './typed.ts'

const domain = { chainId: 31_337, market: `0x${'11'.repeat(20)}` } as const
const common = {
  account: `0x${'22'.repeat(20)}`,
  device: `0x${'33'.repeat(20)}`,
  box: `0x${'44'.repeat(32)}`,
} as const
const token = `0x${'55'.repeat(20)}` as const
const dataSignature = `0x${'66'.repeat(32)}` as const
const task = `0x${'77'.repeat(32)}` as const

test.each([
  Typed.dataOffer(domain, {
    ...common,
    schemaId: task,
    quality: 8000,
    samples: 900,
    dataSignature,
    token,
    floor: 5n,
    expires: 1_900_000_000,
  }),
  Typed.computeOffer(domain, {
    ...common,
    adapter: 'a',
    training: 7,
    matmul: 8,
    additions: 9,
    hours: 0xf0f0f0,
    token,
    price: 3n,
    expires: 1_900_000_000,
  }),
  Typed.dataAcceptance(domain, task, task, {
    ...common,
    payee: token,
    floor: 5n,
    samples: 900,
    quality: 8000,
    compute: 1,
    dataSignature,
  }),
  Typed.computeAcceptance(domain, task, { ...common, payee: token, price: 3n }),
  Typed.withdrawal(domain, {
    token,
    account: common.account,
    amount: 5n,
    nonce: 2n,
    deadline: 1_900_000_000,
  }),
])('$typed.primaryType hashes to the digest of protocol', ({ typed, digest }) => {
  expect(hashTypedData(typed)).toBe(digest)
})
