// In a browser because what is compiled from runes runs there.
import { expect, test } from 'vitest'
import * as Schema from '../../protocol/schema.ts'
import * as Draft from '../session/draft.ts'
import { TaskForm } from './taskForm.svelte.ts'

const token = { symbol: 'GLX', decimals: 6, address: '0x' } as const

function form(local: boolean, released: readonly string[] = []): TaskForm {
  const draft = Draft.initial(Schema.id(Schema.digits), token.decimals, local)
  const made = new TaskForm(draft, token, (id) => released.includes(id))
  made.title = 'Digits'
  made.testSet = 'test'
  return made
}

test('complains only once somebody tried to create the task, and no longer than it is wrong', () => {
  const typed = form(true)
  typed.title = ''
  typed.testSet = ''
  expect(typed.errors).toEqual({})
  expect(typed.read()).toBeUndefined()
  expect(Object.keys(typed.errors)).toEqual(['title', 'testSet'])
  typed.title = 'Digits'
  expect(Object.keys(typed.errors)).toEqual(['testSet'])
  typed.testSet = 'test'
  expect(typed.errors).toEqual({})
  expect(typed.read()?.title).toBe('Digits')
})

test.each([true, false])('a warm start fits into what the form proposes (local: %s)', (local) => {
  const typed = form(local)
  typed.warmSet = 'released'
  expect(typed.read()?.warmStart).toEqual({ dataSet: 'released', epochs: 1 })
})

test('refuses a warm start for which the longest silence leaves no room', () => {
  const typed = form(true)
  typed.warmSet = 'released'
  // Twice 30, 300 and 120 seconds of a round, five times 300 to train and to check it, and 120 to hear of it.
  typed.numbers['idleWindow'] = '2519'
  expect(typed.read()).toBeUndefined()
  expect(Object.keys(typed.errors)).toEqual(['idleWindow'])
  typed.numbers['idleWindow'] = '2520'
  expect(typed.read()?.idleWindow).toBe(2520)
  typed.numbers['idleWindow'] = '2519'
  typed.warmSet = ''
  expect(typed.read()?.idleWindow).toBe(2519)
})

test('has the committee count only where the rows of the test set were given away', () => {
  const typed = form(true, ['open'])
  typed.plan = 'proportional'
  typed.byCommittee = true
  expect(typed.read()?.scoring).toBe('own')
  typed.testSet = 'open'
  expect(typed.read()?.scoring).toBe('committee')
})

test('says what goes into escrow, in base units', () => {
  const typed = form(true)
  expect(typed.escrow).toBe(160_000_000n)
  typed.numbers['bond'] = 'much'
  expect(typed.escrow).toBeUndefined()
})
