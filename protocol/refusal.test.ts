// Every error that a call can end with has a sentence a person can act on.
import { encodeErrorResult, type Abi as AnyAbi } from 'viem'
import { expect, test } from 'vitest'
import * as Abi from './abi.ts'
import * as Market from './market.ts'
import * as Refusal from './refusal.ts'

const contracts: readonly AnyAbi[] = [Abi.market, Abi.testToken]
const errors = contracts.flatMap((abi) => abi.filter((item) => item.type === 'error'))

function example(type: string): unknown {
  if (type === 'address') return `0x${'ab'.repeat(20)}`
  if (type === 'bytes32') return `0x${'cd'.repeat(32)}`
  if (type === 'string') return 'text'
  if (/^u?int/.test(type)) return Number(/\d+/.exec(type)?.[0]) > 48 ? 3n : 3
  throw new Error(`no example of ${type}`)
}

test.each(errors.map((error) => [error.name, error] as const))('%s', (name, error) => {
  const data = encodeErrorResult({
    abi: [error],
    errorName: name,
    args: error.inputs.map(({ type }) => example(type)),
  })
  const sentence = Refusal.explain(new Error('execution reverted', { cause: { data } }))
  expect(sentence).toMatch(/^[A-Z0-9].*\.$/)
  expect(sentence).not.toContain('undefined')
  expect(sentence).not.toContain('The chain refused')
})

test('what is no refusal of a contract is told apart', () => {
  expect(Refusal.explain(new Error('insufficient funds for gas'))).toContain('ether')
  expect(Refusal.explain(new TypeError('fetch failed'))).toContain('did not answer')
  expect(Refusal.explain('boom')).toContain('try again')
  expect(Refusal.explain({ data: '0xdeadbeef' })).toContain('try again')
})

test('a cause that leads in a circle ends', () => {
  const error = new Error('loop')
  error.cause = error
  expect(Refusal.explain(error)).toContain('try again')
})

test('states are named by what can be done next', () => {
  const sentences = Market.states.map((_, state) =>
    Refusal.explain({
      data: encodeErrorResult({
        abi: Abi.market,
        errorName: 'WrongState',
        args: [`0x${'cd'.repeat(32)}`, state],
      }),
    }),
  )
  expect(new Set(sentences).size).toBe(Market.states.length)
})
