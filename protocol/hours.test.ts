import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as Codec from './codec.ts'
import * as Hours from './hours.ts'

const hour = fc.integer({ min: 0, max: 23 })

test('exports', () => {
  expect(Object.keys(Hours)).toEqual(['always', 'schema', 'includes', 'between', 'bounds'])
})

test('from one hour until another, over midnight too', () => {
  const there = (from: number, until: number) => {
    const hours = Hours.between(from, until)
    return Array.from({ length: 24 }, (_, at) => at).filter((at) => Hours.includes(hours, at * 3600 + 1800))
  }
  expect(there(8, 11)).toEqual([8, 9, 10])
  expect(there(22, 2)).toEqual([0, 1, 22, 23])
  expect(there(5, 5)).toHaveLength(24)
})

test('bounds are what the hours were made from', () => {
  fc.assert(
    fc.property(hour, hour, (from, until) => {
      const bounds = from === until ? { from: 0, until: 0 } : { from, until }
      expect(Hours.bounds(Hours.between(from, until))).toEqual(bounds)
    }),
  )
  expect(Hours.bounds(0)).toBeUndefined()
  expect(Hours.bounds(0b101)).toBeUndefined()
})

test.each([0x100_0000, -1, 1.5])('refuses %d', (hours) => {
  expect(() => Codec.parse(Hours.schema, hours, 'hours')).toThrow()
})
