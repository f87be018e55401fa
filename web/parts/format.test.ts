// What people read is what the session holds.
import { expect, test } from 'vitest'
import * as Format from './format.ts'

const token = { symbol: 'GLX', decimals: 6 }

test('numbers carry their units', () => {
  expect(Format.tokens(1_234_500_000n, token)).toBe('1,234.5\u00a0GLX')
  expect(Format.tokens(1n, token)).toBe('under 0.0001\u00a0GLX')
  expect(Format.tokens(0n, token)).toBe('0\u00a0GLX')
  expect(Format.bytes(263_000)).toBe('263\u00a0kB')
  expect(Format.bytes(12)).toBe('12\u00a0bytes')
  expect(Format.bytes(999_900)).toBe('1\u00a0MB')
  expect(Format.percent(9123)).toBe('91.2\u00a0%')
  expect(Format.seconds(3.04)).toBe('3.0\u00a0s')
  expect(Format.counted(1, 'round')).toBe('1\u00a0round')
  expect(Format.counted(2, 'class', 'classes')).toBe('2\u00a0classes')
  expect([17.5, -0.25, 0, 1200].map(Format.change)).toEqual(['+17.5', '-0.3', '0', '+1,200'])
  expect([Format.range(3, 16), Format.range(4, 4)]).toEqual(['3 to 16', '4'])
  expect(Format.remaining(100, 40)).toBe('60\u00a0s left')
  expect(Format.remaining(40, 100)).toBe('time is up')
})
