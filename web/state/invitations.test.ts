// Whoever mistypes an account learns which line it is on, before money moves.
import { expect, test } from 'vitest'
import * as Invitations from './invitations.ts'

const [a, b] = [`0x${'ab'.repeat(20)}`, `0x${'cd'.repeat(20)}`]

test('accounts are read one a line, whatever their capitals', () => {
  expect(Invitations.read(`  0x${'AB'.repeat(20)}\n\n${b}\n`, 2)).toEqual({ accounts: [a, b] })
})

test('nothing invites everyone', () => {
  expect(Invitations.read(' \n', 3)).toEqual({ accounts: [] })
})

test.each([
  [`${a}\n0x12`, 'Line 2 is no account'],
  [`${a}, ${b}`, 'Line 1 is no account'],
  [`${a}\n\n${a}`, 'Line 3 repeats an account'],
  [a, 'Name 2 accounts or more'],
])('%j is refused', (text, sentence) => {
  expect(Invitations.read(text, 2)).toMatchObject({ error: expect.stringContaining(sentence) })
})
