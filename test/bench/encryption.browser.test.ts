// The benchmark itself, small: every step runs in a worker, sums come out exact, and stated sizes hold.
import * as Comlink from 'comlink'
import { expect, test } from 'vitest'
import * as Report from './report.ts'

test('the encryption benchmark measures all it names and keeps to sizes and memory', async () => {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  try {
    const bench = Comlink.wrap<Report.Bench>(worker)
    const { rows } = await bench.run(
      'encryption',
      'small',
      Comlink.proxy(() => undefined),
    )
    expect(rows.filter(({ median }) => !Number.isFinite(median))).toEqual([])
    expect(rows.filter(Report.isBroken)).toEqual([])
    expect(rows.filter(({ limit }) => limit !== undefined).map(({ name }) => name)).toEqual([
      '16-bit values, 2 x 22',
      '8-bit values, 4 x 11',
      '16-bit values, 2 x 22',
      '8-bit values, 4 x 11',
      'its growth after the first',
    ])
    expect(new Set(rows.map(({ group }) => group)).size).toBe(6)
    expect((await bench.machine()).adapter).not.toBe('')
  } finally {
    worker.terminate()
  }
})
