// A withdrawal's digest changes with every field. Solidity's agreement: test/vectors.
import { expect, test } from 'vitest'
import * as Withdrawal from './withdrawal.ts'

const domain = { chainId: 31337, market: `0x${'01'.repeat(20)}` } as const
const withdrawal: Withdrawal.Withdrawal = {
  token: `0x${'02'.repeat(20)}`,
  account: `0x${'03'.repeat(20)}`,
  amount: 5n,
  nonce: 0n,
  deadline: 1_800_000_000,
}

test.each<Partial<Withdrawal.Withdrawal>>([
  { token: `0x${'04'.repeat(20)}` },
  { account: `0x${'04'.repeat(20)}` },
  { amount: 6n },
  { nonce: 1n },
  { deadline: 1_800_000_001 },
])('%o is another withdrawal', (change) => {
  const digest = Withdrawal.digest(domain, withdrawal)
  expect(Withdrawal.digest(domain, { ...withdrawal, ...change })).not.toBe(digest)
  expect(Withdrawal.digest({ ...domain, chainId: 1 }, withdrawal)).not.toBe(digest)
})
