import { expect, test } from 'vitest'
import * as Share from './share.ts'

test('exports', () => {
  expect(Object.keys(Share)).toEqual(['kinds', 'hash'])
})

test('a share is known by its hash, which another salt changes', () => {
  const share = `0x${'05'.repeat(33)}` as const
  const salt = `0x${'07'.repeat(32)}` as const
  expect(Share.hash(share, salt)).toMatchInlineSnapshot(
    `"0x6750a5035f4714d91c496522a47c135bee8b74a0b4f6125eebb5abd81388c341"`,
  )
  expect(Share.hash(share, `0x${'08'.repeat(32)}`)).not.toBe(Share.hash(share, salt))
})
