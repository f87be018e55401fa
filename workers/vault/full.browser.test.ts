import { afterAll, beforeAll, expect, it } from 'vitest'
import { cdp } from 'vitest/browser'
import * as Digits from '../../test/digits.ts'
import * as Schema from '../../protocol/schema.ts'
import * as Vault from './vault.ts'

const ignore = (): void => undefined
const { origin } = location

function digits(count: number, seed: number) {
  return { name: 'bands', schemaId: Schema.id(Schema.digits), files: Digits.idxPair(count, seed) }
}

beforeAll(async () => {
  const { usage = 0 } = await navigator.storage.estimate()
  await cdp().send('Storage.overrideQuotaForOrigin', { origin, quotaSize: usage + 4_000_000 })
})

afterAll(async () => {
  await cdp().send('Storage.overrideQuotaForOrigin', { origin })
})

it('keeps everything from before when the disk is full', async () => {
  const vault = await Vault.open('vault-on-a-full-disk')
  const kept = await vault.import(digits(300, 1), ignore)
  const big = digits(20_000, 2)
  // Chromium looks at the quota afresh only every half minute or so; an import before that may still get through.
  await expect
    .poll(
      async () => {
        try {
          await vault.remove((await vault.import(big, ignore)).id)
          return undefined
        } catch (error) {
          return error
        }
      },
      { timeout: 90_000, interval: 1000 },
    )
    .toMatchObject({ name: 'Vault.FullError', message: expect.stringContaining('no room left') })
  expect(await vault.list()).toEqual([kept])
  expect(await vault.commitment(kept.id)).toMatch(/^0x/)
  await cdp().send('Storage.overrideQuotaForOrigin', { origin })
  expect((await vault.import(big, ignore)).samples).toBe(20_000)
  expect((await vault.list()).length).toBe(2)
})
