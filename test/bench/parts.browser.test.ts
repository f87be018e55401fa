// The other parts of the benchmark, small: all that they name is measured or said to be impossible.
import * as Comlink from 'comlink'
import { expect, test } from 'vitest'
import { userEvent } from 'vitest/browser'
import * as Work from './peers/work.ts'
import * as Report from './report.ts'
import * as Ui from './ui.ts'

const ignore = () => undefined

async function run(part: Exclude<Report.Part, 'ui'>): Promise<Report.Report> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  try {
    return await Comlink.wrap<Report.Bench>(worker).run(part, 'small', Comlink.proxy(ignore))
  } finally {
    worker.terminate()
  }
}

const silent = ({ rows }: Report.Report) => rows.filter(({ median, note }) => Number.isNaN(median) && !note)

test('training: every library trains the same step, or says that it cannot', async () => {
  const report = await run('training')
  expect(silent(report)).toEqual([])
  const speeds = report.rows.filter(({ unit }) => unit === 'samples/s')
  expect(speeds.map(({ group, name }) => `${group} ${name}`)).toEqual(
    ['MLP [4]', 'CNN [4]'].flatMap((group) => Work.contenders.map(({ name }) => `${group} ${name}`)),
  )
  const wrong = speeds.filter(({ note }) => note?.includes('another loss'))
  expect(wrong).toEqual([])
  // A library that stopped working would otherwise look like one that cannot.
  const missing = speeds
    .filter(({ median }) => Number.isNaN(median))
    .map(({ group, name }) => `${group} ${name}`)
  expect(missing).toContain('CNN [4] tfjs wasm')
  expect(missing.filter((each) => !/wasm|webgl/.test(each))).toEqual([])
  expect(report.rows.filter(({ unit, median }) => unit === 'x' && !(median > 0))).toEqual([])
})

test('products of matrices: every library computes them', async () => {
  const report = await run('matmul')
  expect(silent(report)).toEqual([])
  expect(report.rows.map(({ name }) => name)).toEqual(Work.contenders.map(({ name }) => name))
})

test('commitments and proofs: a word under its root, and a wrong sum, are shown and measured', async () => {
  const commitments = await run('commitments')
  expect(commitments.rows.filter(({ median }) => !(median >= 0))).toEqual([])
  const proof = await run('proof')
  expect(proof.rows.filter(({ median }) => !(median >= 0))).toEqual([])
  expect(proof.rows.filter(({ unit, median }) => unit === 'gas' && median > 100_000).length).toBe(2)
})

test('the page: keys are answered while the vault’s workers train and while they rest', async () => {
  const report = await Ui.measure('small', ignore, () => userEvent.keyboard('a'))
  expect(report.rows.filter(({ median }) => !(median >= 0))).toEqual([])
  const named = (group: string) => report.rows.find((row) => row.group === group && row.unit === 'ms')
  for (const group of ['at rest', 'while training']) expect(named(group)?.median).toBeGreaterThan(0)
})
