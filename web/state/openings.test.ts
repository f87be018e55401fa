import { expect, test } from 'vitest'
import * as Openings from './openings.ts'

const openings = { spent: 1199, held: 1, limit: 1203, tasks: [] }

test('what is kept for rounds under way is not left, and a limit below what is spent leaves nothing', () => {
  expect(Openings.words(openings)).toBe('1,199 of 1,203 openings spent')
  expect(Openings.left(openings)).toBe(3)
  expect(Openings.left({ ...openings, limit: 10 })).toBe(0)
})

test('says nothing where a task fits, warns where it does not, and refuses where nothing is left', () => {
  expect(Openings.warning(openings, 3)).toBe('')
  expect(Openings.warning(openings, 4)).toBe(
    'Only 3 openings are left: after 3 rounds this device stops. Rounds that it does not deliver are not paid.',
  )
  expect(Openings.warning({ ...openings, held: 3 }, 4)).toContain('Only one opening is left: after one round')
  expect(Openings.warning({ ...openings, held: 4 }, 1)).toContain('you cannot agree')
})

test.each([
  ['0', 0],
  [' 1,000 ', 1000],
  ['100000', 100_000],
  ['100001', undefined],
  ['-1', undefined],
  ['2.5', undefined],
  ['1e3', undefined],
  ['', undefined],
])('reads %o as the limit %o', (text, limit) => {
  expect(Openings.parseLimit(text)).toBe(limit)
})
