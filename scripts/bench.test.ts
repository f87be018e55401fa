import { expect, test } from 'vitest'
import * as Report from '../test/bench/report.ts'
import * as Bench from './bench.ts'

const machine = {
  processor: 'An abacus',
  cores: 2,
  loadBefore: 0.25,
  loadAfter: 1,
  browser: 'Chrome',
  adapter: 'none',
  isolated: false,
}

test('a row holds the median, the least and the most', () => {
  expect(Report.row('client', 'ours', 's', [3, 1, 2])).toMatchObject({ median: 2, least: 1, most: 3 })
  expect(Report.row('client', 'ours', 's', [4, 1, 2, 3])).toMatchObject({ median: 2.5, least: 1, most: 4 })
})

test('a limit is broken by more than it, a floor by less, and both by what is not a number', () => {
  const broken = (found: number[]) => Report.isBroken(Report.row('client', 'ours', 'x', found, 0.6))
  expect([broken([0.6]), broken([0.61]), broken([NaN]), broken([])]).toEqual([false, true, true, true])
  const low = (found: number[]) =>
    Report.isBroken(Report.atLeast(Report.row('CNN [32]', 'ours', 'x', found), 15))
  expect([low([15]), low([14.9]), low([NaN]), low([])]).toEqual([false, true, true, true])
  const free = (found: number[]) => Report.isBroken(Report.row('CNN [32]', 'ours', 'x', found))
  expect([free([15]), free([NaN])]).toEqual([false, false])
})

const wire = Report.row('wire', 'ours', 'bytes', [7.5], 7.6)

test('the table names the machine and every limit that is not met', () => {
  const rows = [wire, Report.row('client', 'ours', 'x', [0.7, 0.9, 0.8], 0.6)]
  const printed = Bench.table([{ part: 'encryption', rows, sizes: { parameters: 1000 } }], machine)
  expect(printed).toContain('An abacus, 2 cores')
  expect(printed).toContain('0.800  0.700 to 0.900  x      at most 0.600 BROKEN')
  expect(printed).toContain('limits not met: client, ours')
  expect(Bench.table([{ part: 'encryption', rows: [wire], sizes: {} }], machine)).toContain(
    'all limits are met',
  )
})

test('the table says why there is no figure, and of which part a row is where there are several', () => {
  const row = Report.row('CNN [32]', 'tfjs wasm', 'samples/s', [])
  const rows = [
    Report.atLeast(Report.row('CNN [32]', 'ours', 'x', [14]), 15),
    Report.noted(row, 'has no such kernel'),
  ]
  const measured = [
    { part: 'training', rows, sizes: { rounds: 5 } },
    { part: 'encryption', rows: [wire], sizes: { rounds: 7 } },
  ] as const
  const printed = Bench.table(measured, machine)
  expect(printed).toMatch(/tfjs wasm +- +samples\/s +has no such kernel/)
  expect(printed).toMatch(/at least 15 BROKEN/)
  expect(printed).toContain('training: rounds    5')
  expect(printed).toContain('limits not met: training: CNN [32], ours')
})
