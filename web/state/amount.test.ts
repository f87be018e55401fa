// What a field shows is what it reads back.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import * as Amount from './amount.ts'

const token = { symbol: 'GLX', decimals: 6 }

test('an amount that a field shows is read back to the unit', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 10n ** 24n }),
      fc.integer({ min: 0, max: 18 }),
      (amount, decimals) => {
        const some = { symbol: 'X', decimals }
        expect(Amount.parse(Amount.text(amount, some), some)).toBe(amount)
      },
    ),
  )
})

test('amounts finer than the token, signs and words are refused', () => {
  for (const text of ['', '-1', '1e6', '1,000', '0.1234567', 'ten', '.5']) {
    expect(Amount.parse(text, token)).toBeUndefined()
  }
  expect(Amount.parse(' 1.50 ', token)).toBe(1_500_000n)
  expect(Amount.parse('2.', token)).toBe(2_000_000n)
})
