import { expect, test } from 'vitest'
import * as HoursOfUtc from '../../protocol/hours.ts'
import * as Hours from './hours.ts'

test('hours are told in local time, half hours included', () => {
  const hours = HoursOfUtc.between(20, 6)
  expect(Hours.words(hours, 0)).toBe('from 20:00 to 06:00')
  expect(Hours.words(hours, 120)).toBe('from 22:00 to 08:00')
  expect(Hours.words(hours, 330)).toBe('from 01:30 to 11:30')
  expect(Hours.words(hours, -300)).toBe('from 15:00 to 01:00')
  expect(Hours.words(HoursOfUtc.always, 0)).toBe('at all hours')
  expect(Hours.words(0b101, 0)).toBe('at some hours of the day')
  expect(Hours.words(0, 0)).toBe('at no hour')
})

test('there is a choice for every hour, in the order of the local day', () => {
  const options = Hours.options(-210)
  expect(options).toHaveLength(24)
  expect(options[0]).toEqual({ value: '4', text: '00:30' })
  expect(new Set(options.map(({ value }) => value)).size).toBe(24)
})
