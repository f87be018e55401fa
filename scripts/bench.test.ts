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

test('a limit is broken by more than it, and by what is not a number', () => {
  const broken = (found: number[]) => Report.isBroken(Report.row('client', 'ours', 'x', found, 0.6))
  expect([broken([0.6]), broken([0.61]), broken([NaN]), broken([])]).toEqual([false, true, true, true])
})

test('the table names the machine and every limit that is not met', () => {
  const rows = [
    Report.row('wire', 'ours', 'bytes', [7.5], 7.6),
    Report.row('client', 'ours', 'x', [0.7, 0.9, 0.8], 0.6),
  ]
  const printed = Bench.table({ rows, sizes: { parameters: 1000 } }, machine)
  expect(printed).toContain('An abacus, 2 cores')
  expect(printed).toContain('0.800  0.700 to 0.900  x      at most 0.600 BROKEN')
  expect(printed).toContain('limits not met: client, ours')
  expect(Bench.table({ rows: rows.slice(0, 1), sizes: {} }, machine)).toContain('all limits are met')
})
