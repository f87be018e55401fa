// Every engine against TensorFlow.js on plain JavaScript, and that against finite differences, on every template.
import * as Comlink from 'comlink'
import { afterAll, describe, expect, it } from 'vitest'
import * as Model from '../../protocol/model.ts'
import * as Conformance from '../../test/conformance.ts'
import * as Examples from '../../test/examples.ts'
import type { Threaded } from '../../test/threaded.ts'
import strict from '../tensors/kernels/index.ts?strict'
import * as Kernels from '../tensors/kernels.ts'
import { engines } from './backends.ts'
import type { Engine } from './engines.ts'
import * as Wasm from './wasm.ts'

const models = Object.entries(Conformance.models)

const worker = new Worker(new URL('../../test/threaded.ts', import.meta.url), { type: 'module' })
const threaded = Comlink.wrap<Threaded>(worker)
afterAll(() => worker.terminate())

const here = (engine: Engine): Pick<Threaded, 'gradient' | 'losses'> => ({
  gradient: (spec, on) => Conformance.gradient(engine, spec, on),
  losses: (spec) => Conformance.losses(engine, spec),
})
const tried = {
  wasm: here(engines.wasm),
  'wasm by strict kernels': here(Wasm.engine(() => [Kernels.inlined(strict)])),
  'wasm on several threads': threaded,
  webgpu: here(engines.webgpu),
}

describe.each(Object.entries(tried))('%s', (_, { gradient, losses }) => {
  it.each(models)('has the losses and gradients of the reference: %s', async (_, spec) => {
    for (const samples of [1, 5, 8]) {
      const batch = Conformance.batch(spec, samples)
      const reference = await Conformance.gradient(engines.cpu, spec, batch)
      const found = await gradient(spec, batch)
      expect(Math.abs(found.loss / reference.loss - 1)).toBeLessThan(1e-4)
      expect(Examples.relativeDistance(found.gradient, reference.gradient)).toBeLessThan(1e-4)
    }
  })

  it.each(models)('has the losses of ten free steps: %s', async (_, spec) => {
    const reference = await Conformance.losses(engines.cpu, spec)
    const found = await losses(spec)
    expect(Examples.relativeDistance(found, reference)).toBeLessThan(1e-4)
  })
})

describe('threads', () => {
  const spec = Conformance.models['two convolutions with pooling']!

  it('do the work of a step, where the page is isolated by its header, as in Chromium', async () => {
    expect(globalThis.crossOriginIsolated).toBe(true)
    await threaded.gradient(spec, Conformance.batch(spec, 8))
    const { isolated, started, found } = await threaded.counts()
    expect(isolated).toBe(true)
    // Not of every model: where memory is short the caller works alone.
    expect(started).toBeGreaterThan(0)
    expect(found).toBeGreaterThan(started)
  })

  it('are chosen where they are faster, and only there, and the choice says so', async () => {
    const together = await threaded.probe('alone')
    expect(together).toMatchObject({ threads: 3, reason: 'WebAssembly on 3 threads was asked for.' })
    const alone = await threaded.probe('together')
    const reason = 'WebAssembly was asked for; 3 threads made it no faster.'
    expect(alone).toMatchObject({ threads: 1, reason })
  })

  it('take no memory after they started, and end with the same bits each time', async () => {
    const first = await threaded.walk(spec, 1000)
    expect(first.grown).toBe(0)
    expect(first.weights.every(Number.isFinite)).toBe(true)
    expect((await threaded.walk(spec, 1000)).weights).toEqual(first.weights)
  })

  it('end with the same bits where a share is worked on in several parts', async () => {
    // Each thread has 11 samples of 4.3 million multiply-adds, of which a first part takes no more than 30 million.
    const large: Model.Spec = {
      ...{ template: 'cnn', height: 200, width: 200, channels: 2, hidden: [], classes: 3 },
      convolutions: [{ filters: 6, kernel: 3, stride: 1, padding: 'same', pool: 1 }],
    }
    const first = await threaded.walk(large, 4, 33)
    expect(first.weights.every(Number.isFinite)).toBe(true)
    expect((await threaded.walk(large, 4, 33)).weights).toEqual(first.weights)
  })
})

describe('the reference', () => {
  it.each(models)('has the gradients of finite differences in float64: %s', async (_, spec) => {
    const batch = Conformance.batch(spec, 5)
    const { gradient } = await Conformance.gradient(engines.cpu, spec, batch)
    const weights = Float64Array.from(Conformance.weights(spec))
    const step = 1e-6
    const measured = weights.map((weight, i) => {
      const at = (moved: number) => Conformance.loss(spec, weights.with(i, moved), batch) / batch.samples
      return (at(weight + step) - at(weight - step)) / (2 * step)
    })
    expect(measured.length).toBe(Model.parameterCount(spec))
    expect(Examples.relativeDistance(gradient, measured)).toBeLessThan(1e-3)
  })
})
