// Every invited account has a path to the root and nobody else has one. Solidity's agreement: test/vectors.
import fc from 'fast-check'
import { concat, encodeAbiParameters, keccak256, numberToHex } from 'viem'
import { expect, test } from 'vitest'
import type { Hex } from './codec.ts'
import * as Invitation from './invitation.ts'

const account = (at: number): Hex => numberToHex(at, { size: 20 })
const accounts = fc.uniqueArray(fc.integer({ min: 1, max: 10_000 }), { minLength: 1, maxLength: 40 })

function climb(leaf: Hex, proof: readonly Hex[]): Hex {
  return proof.reduce((node, other) => keccak256(concat(node < other ? [node, other] : [other, node])), leaf)
}

function leafOf(of: Hex): Hex {
  return keccak256(keccak256(encodeAbiParameters([{ type: 'address' }], [of])))
}

test('every path leads to the root, in any order and with repetitions', () => {
  fc.assert(
    fc.property(accounts, (drawn) => {
      const invited = drawn.map(account)
      const root = Invitation.root(invited)
      for (const each of invited) expect(climb(leafOf(each), Invitation.proof(invited, each))).toBe(root)
      expect(Invitation.root([...invited.toReversed(), account(drawn[0] ?? 0)])).toBe(root)
    }),
    { numRuns: 30 },
  )
})

test('one account alone is the root', () => {
  expect(Invitation.root([account(7)])).toBe(leafOf(account(7)))
  expect(Invitation.proof([account(7)], account(7))).toEqual([])
})

test('nobody, and those left out, are told so', () => {
  expect(() => Invitation.root([])).toThrow(Invitation.NobodyError)
  expect(() => Invitation.proof([account(1), account(2)], account(3))).toThrow(Invitation.NotInvitedError)
})
