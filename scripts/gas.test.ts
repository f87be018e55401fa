// What a table of gas says of its measurements: which bounds are broken or unmeasured, and what a round costs each.
import { expect, test } from 'vitest'
import * as Gas from './gas.ts'

const task = { create: 100_000, 'commitRound, 4 signatures of 5': 100_000, 'claim, ten': 400_000 }
const snapshots: Gas.Snapshots = {
  '16+5x10': { ...task, start: 400_000, settle: 300_000 },
  '64+5x50': { ...task, start: 1_200_000, settle: 1_500_000 },
  proofs: { 'wrong sum, 8 inputs': 300_000, 'forged input': 200_000 },
}

test('a bound stands beside its call, and only beside it', () => {
  const rows = Gas.rows(snapshots)
  expect(rows).toContainEqual({ group: '16+5x10', call: 'start', gas: 400_000, bound: 450_000 })
  expect(rows).toContainEqual({ group: 'proofs', call: 'forged input', gas: 200_000 })
  expect(rows.filter(Gas.isBroken)).toEqual([])
})

test('one unit above the bound breaks it', () => {
  const start = (gas: number) =>
    Gas.rows({ ...snapshots, '16+5x10': { ...task, start: gas, settle: 1 } }).filter(Gas.isBroken).length
  expect([start(450_000), start(450_001)]).toEqual([0, 1])
})

test('a bound that nobody measured is an error', () => {
  expect(() => Gas.rows({ ...snapshots, proofs: {} })).toThrow(
    'contracts/snapshots/proofs.json does not say what "wrong sum, 8 inputs" costs.',
  )
})

test('a round costs each data provider its part of start, rounds, settlement and claims', () => {
  expect(Gas.shares(snapshots).map(({ gas }) => gas)).toEqual([
    Math.round((400_000 + 10 * 100_000 + 300_000 + 22 * 40_000) / 160),
    Math.round((1_200_000 + 50 * 100_000 + 1_500_000 + 70 * 40_000) / 3200),
  ])
})
