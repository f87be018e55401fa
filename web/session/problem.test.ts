// Whatever is thrown, a screen can say what happened, what is safe and what to do.
import { expect, test } from 'vitest'
import { BaseError } from '../../protocol/errors.ts'
import * as Problem from './problem.ts'
import * as Problems from './problems.ts'

test('an error of a worker keeps the advice that crossed the port with it', () => {
  const crossed = Object.assign(new Error('The disk is full.'), {
    name: 'Vault.QuotaError',
    advice: 'Free some space.',
    safe: 'Your data is untouched.',
  })
  expect(Problem.from(crossed, 5)).toEqual({
    name: 'Vault.QuotaError',
    message: 'The disk is full.',
    advice: 'Free some space.',
    safe: 'Your data is untouched.',
    at: 5,
  })
  expect(Problem.toError(crossed)).toMatchObject({ name: 'Vault.QuotaError', advice: 'Free some space.' })
})

test.each([new Error('bare'), 'a string', undefined])('%s becomes a problem with advice', (thrown) => {
  const problem = Problem.from(thrown)
  expect(problem.advice).not.toBe('')
  expect(problem.safe).not.toBe('')
  expect(Problem.toError(thrown)).toBeInstanceOf(BaseError)
})

test('the same problem is listed once, newest first, until it is over', () => {
  let changes = 0
  const log = Problems.make(() => (changes += 1))
  log.add(new Error('one'))
  log.add(new Error('two'))
  log.add(new Error('one'))
  expect(log.list().map(({ message }) => message)).toEqual(['one', 'two'])
  log.over('Error')
  log.over('Error')
  expect(log.list()).toEqual([])
  expect(changes).toBe(4)
})
