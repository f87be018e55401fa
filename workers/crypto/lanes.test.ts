// What WebAssembly does to pairs of coefficients is what the rules say of each, by big integers.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import * as He from '../../protocol/he.ts'
import * as Lanes from './lanes.ts'

const t = 2n ** BigInt(He.plainBits)
const edges = (most: bigint) => fc.constantFrom(0n, 1n, 2n, most / 2n, most / 2n + 1n, most - 2n, most - 1n)
const below = (most: bigint) => fc.oneof(fc.bigInt({ min: 0n, max: most - 1n }), edges(most))
const pairs = (a: fc.Arbitrary<bigint>, b: fc.Arbitrary<bigint>) =>
  fc.array(fc.tuple(a, b), { minLength: 1, maxLength: 40 }).map((found) => [...found, ...found])

type Operation = Exclude<keyof ReturnType<typeof Lanes.create>, 'memory'>
const lanes = Lanes.create()

function run(operation: Operation, from: readonly bigint[], to: readonly bigint[]): readonly bigint[] {
  const words = new BigUint64Array(lanes.memory.buffer)
  const middle = Lanes.middle / 8
  words.set(from, middle)
  words.set([...to, 7n], 0)
  lanes[operation](Lanes.middle, 0, from.length)
  expect(words[from.length]).toBe(7n)
  return [...words.subarray(0, from.length)]
}

test('scaling is BFV’s ⌊(q · m + t ÷ 2) ÷ t⌋, added modulo q', () => {
  fc.assert(
    fc.property(pairs(below(t), below(He.q)), (found) => {
      const [plains, words] = [found.map(([m]) => m), found.map(([, word]) => word)]
      const expected = found.map(([m, word]) => (word + (He.q * m + t / 2n) / t) % He.q)
      expect(run('scale', plains, words)).toEqual(expected)
    }),
    { numRuns: 500 },
  )
})

test('masks are added and subtracted modulo 2^44, whatever lies above', () => {
  const word = below(2n ** 64n)
  fc.assert(
    fc.property(pairs(word, word), fc.constantFrom('add' as const, 'subtract' as const), (found, sign) => {
      const [masks, words] = [found.map(([m]) => m), found.map(([, each]) => each)]
      const reduced = run('reduce', run(sign, masks, words), words)
      const expected = found.map(([m, each]) =>
        BigInt.asUintN(He.plainBits, sign === 'add' ? each + m : each - m),
      )
      expect(reduced).toEqual(expected)
    }),
    { numRuns: 500 },
  )
})
