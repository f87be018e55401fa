import { expect, test } from 'vitest'
import * as Ciphertext from '../../protocol/ciphertext.ts'
import * as Adding from './adding.ts'

test('the published updates are ciphertexts, the same wherever they are made', () => {
  const updates = Adding.example()
  for (const ciphertexts of updates) ciphertexts.forEach((words, at) => Ciphertext.assert(words, at))
  const { ciphertexts, root } = Adding.add(updates)
  expect(root).toBe(Ciphertext.root(Ciphertext.sum(Adding.example())))
  expect(ciphertexts).toHaveLength(1)
  expect(root).toMatchInlineSnapshot(`"0x0a686ab8764a325a1cad277f16f72a0b047ddca01d9bd7aace5c9dffbbdbe5ec"`)
})

test('counts every coefficient that is added, in thousands a second', () => {
  let now = 0
  const clock = performance.now.bind(performance)
  // One addition of 16 · 8,192 coefficients takes 100 ms by this clock: three of them fill the time.
  performance.now = () => (now += 100) - 100
  try {
    expect(Adding.measure()).toBe(Math.floor((16 * 8192) / 100))
  } finally {
    performance.now = clock
  }
})
