// Every engine against TensorFlow.js on plain JavaScript, and that against finite differences, on every template.
import { describe, expect, it } from 'vitest'
import * as Model from '../../protocol/model.ts'
import * as Conformance from '../../test/conformance.ts'
import * as Examples from '../../test/examples.ts'
import strict from '../tensors/kernels/index.ts?strict'
import * as Kernels from '../tensors/kernels.ts'
import { engines } from './backends.ts'
import * as Wasm from './wasm.ts'

const models = Object.entries(Conformance.models)

const tried = {
  wasm: engines.wasm,
  'wasm by strict kernels': Wasm.engine(() => [Kernels.inlined(strict)]),
  webgpu: engines.webgpu,
}

describe.each(Object.entries(tried))('%s', (_, engine) => {
  it.each(models)('has the losses and gradients of the reference: %s', async (_, spec) => {
    for (const samples of [1, 5, 8]) {
      const batch = Conformance.batch(spec, samples)
      const reference = await Conformance.gradient(engines.cpu, spec, batch)
      const found = await Conformance.gradient(engine, spec, batch)
      expect(Math.abs(found.loss / reference.loss - 1)).toBeLessThan(1e-4)
      expect(Examples.relativeDistance(found.gradient, reference.gradient)).toBeLessThan(1e-4)
    }
  })

  it.each(models)('has the losses of ten free steps: %s', async (_, spec) => {
    const reference = await Conformance.losses(engines.cpu, spec)
    const found = await Conformance.losses(engine, spec)
    expect(Examples.relativeDistance(found, reference)).toBeLessThan(1e-4)
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
