// Threads come when a model is trained and go when none is, also in the middle of a batch.
import * as Comlink from 'comlink'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import * as Conformance from '../../../test/conformance.ts'
import * as Examples from '../../../test/examples.ts'
import type { Threaded } from '../../../test/threaded.ts'
import { engines, strictKernels } from '../backends.ts'
import * as Crew from './crew.ts'

const spec = Conformance.models['one hidden layer']!
const layout = { spec, batchSize: 6, threads: 3 }
const weights = Conformance.weights(spec)

const worker = new Worker(new URL('../../../test/threaded.ts', import.meta.url), { type: 'module' })
const threaded = Comlink.wrap<Threaded>(worker)
afterAll(() => worker.terminate())

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const thread = () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })

function opened(make = thread) {
  // Of this crew only: those of an earlier test may linger.
  const terminated = vi.fn()
  const open = vi.fn(() => {
    const worker = make()
    vi.spyOn(worker, 'terminate').mockImplementation(() => {
      terminated()
      Worker.prototype.terminate.call(worker)
    })
    return worker
  })
  return { crew: Crew.create(open), open, terminated }
}

test('threads without work are used again, and gone soon after', async () => {
  const { crew, open, terminated } = opened()
  const module = await strictKernels()
  for (let i = 0; i < 3; i++) {
    const shift = await crew.start(module, layout)
    // Ended while the others work on their shares.
    shift.begin(Conformance.batch(spec, 6), weights)
    shift.end()
  }
  expect(open).toHaveBeenCalledTimes(2)
  expect(terminated).not.toHaveBeenCalled()
  await vi.waitFor(() => expect(terminated).toHaveBeenCalledTimes(2), { timeout: 5000 })
  const shift = await crew.start(module, layout)
  expect(open).toHaveBeenCalledTimes(4)
  shift.end()
})

test('the caller’s share is the first, and all are as large', async () => {
  const { crew } = opened()
  const shift = await crew.start(await strictKernels(), layout)
  const batch = Conformance.batch(spec, 5)
  const own = shift.begin(batch, weights)
  expect(own.samples).toBe(2)
  expect(own.classes).toEqual(batch.classes.subarray(0, 2))
  shift.end()
})

test('a thread that cannot start is said to have failed, and none is left', async () => {
  const { crew, terminated } = opened()
  const module = await WebAssembly.compile(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0))
  await expect(crew.start(module, layout)).rejects.toThrow(Crew.FailedError)
  expect(terminated).toHaveBeenCalledTimes(2)
})

test('a thread that never begins is not waited for', async () => {
  const mute = URL.createObjectURL(new Blob(['']))
  const module = await strictKernels()
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const starting = Crew.create(() => new Worker(mute)).start(module, layout)
  const refused = expect(starting).rejects.toThrow(Crew.FailedError)
  await vi.advanceTimersByTimeAsync(10_000)
  await refused
})

test('what they find together is what one thread finds', async () => {
  for (const samples of [2, 5, 8]) {
    const batch = Conformance.batch(spec, samples)
    const alone = await Conformance.gradient(engines.wasm, spec, batch)
    const { found } = await threaded.counts()
    const together = await threaded.gradient(spec, batch)
    expect((await threaded.counts()).found - found).toBe(Math.min(samples, 3) - 1)
    expect(together.loss / alone.loss).toBeCloseTo(1, 5)
    expect(Examples.relativeDistance(together.gradient, alone.gradient)).toBeLessThan(1e-5)
  }
})

test('a thread that is gone without a word is not waited for for ever, and none of them is used again', async () => {
  const { thrown, opened } = await threaded.bereft(spec)
  expect(thrown).toEqual(['Crew.FailedError', 'Crew.FailedError'])
  expect(opened).toBe(4)
})

test('a thread that reports an error after it began is not waited for, and none of them is used again', async () => {
  const silent = URL.createObjectURL(new Blob([`onmessage = () => postMessage('waiting')`]))
  const made: Worker[] = []
  const { crew, terminated } = opened(() => {
    const worker = new Worker(silent)
    made.push(worker)
    return worker
  })
  const shift = await crew.start(await strictKernels(), layout)
  made[0]?.dispatchEvent(new ErrorEvent('error', { message: 'out of memory' }))
  shift.begin(Conformance.batch(spec, 6), weights)
  expect(() => shift.found().next()).toThrow(Crew.FailedError)
  shift.end()
  expect(terminated).toHaveBeenCalledTimes(2)
})
