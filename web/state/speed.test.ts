import { expect, test } from 'vitest'
import * as Speed from './speed.ts'

const plain = (text: string) => text.replaceAll('\u00a0', ' ')

test('speeds have three digits and the unit that keeps them short', () => {
  expect(plain(Speed.words({ training: 3219, matmul: 812, additions: 45_678 }))).toBe(
    'trains 3.22 k samples/s, multiplies 812 MFLOP/s, adds 45.7 M values/s',
  )
  expect(plain(Speed.words({ training: 812_345, matmul: 12_000_000, additions: 0 }))).toBe(
    'trains 812 k samples/s, multiplies 12 TFLOP/s, adds 0 k values/s',
  )
})
