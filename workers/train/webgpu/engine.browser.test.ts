import { afterEach, describe, expect, it, vi } from 'vitest'
import * as Model from '../../../protocol/model.ts'
import * as Conformance from '../../../test/conformance.ts'
import * as Examples from '../../../test/examples.ts'
import * as Gpus from '../../../test/gpus.ts'
import { engines } from '../backends.ts'
import { DeviceLostError, UnavailableError } from '../errors.ts'
import * as TrainStep from '../trainStep.ts'
import * as Engine from './engine.ts'

const cnn: Model.Spec = {
  ...{ template: 'cnn', height: 28, width: 28, channels: 1, hidden: [128], classes: 10 },
  convolutions: [
    { filters: 24, kernel: 5, stride: 1, padding: 'valid', pool: 2 },
    { filters: 32, kernel: 3, stride: 1, padding: 'valid', pool: 2 },
  ],
}
const small: Model.Spec = { template: 'mlp', inputs: 33, hidden: [21], classes: 3 }

function settings(spec: Model.Spec, batchSize: number) {
  const initial = TrainStep.resting(Conformance.weights(spec))
  return { spec, learningRate: 0.05, momentum: 0.9, batchSize, initial }
}

/** As an adapter that is a GPU would have it: more threads, smaller tiles. */
function posing(): void {
  for (const word of ['vendor', 'architecture', 'device', 'description'] as const)
    vi.spyOn(GPUAdapterInfo.prototype, word, 'get').mockReturnValue('example')
  vi.spyOn(GPUAdapterInfo.prototype, 'isFallbackAdapter', 'get').mockReturnValue(false)
}

describe('the WebGPU engine', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  it('takes at most 30 dispatches a step, and is right at the size of a real model', async () => {
    const engine = Engine.create()
    const dispatched = vi.spyOn(GPUComputePassEncoder.prototype, 'dispatchWorkgroups')
    const batch = Conformance.batch(cnn, 5)
    const found = await Conformance.gradient(engine, cnn, batch)
    expect(dispatched.mock.calls.length).toBeGreaterThan(0)
    expect(dispatched.mock.calls.length).toBeLessThanOrEqual(30)
    const reference = await Conformance.gradient(engines.cpu, cnn, batch)
    expect(Examples.relativeDistance(found.gradient, reference.gradient)).toBeLessThan(1e-4)
    engine.forget()
  })

  it.each(Object.entries(Conformance.models))('is right as it runs on a GPU: %s', async (_, spec) => {
    posing()
    const engine = Engine.create()
    expect(await engine.device()).toEqual({ description: 'example example example example', software: false })
    const batch = Conformance.batch(spec, 5)
    const reference = await Conformance.gradient(engines.cpu, spec, batch)
    const found = await Conformance.gradient(engine, spec, batch)
    expect(Math.abs(found.loss / reference.loss - 1)).toBeLessThan(1e-4)
    expect(Examples.relativeDistance(found.gradient, reference.gradient)).toBeLessThan(1e-4)
    engine.forget()
  })

  it('folds workgroups that are too many for one dimension', async () => {
    const spec = Conformance.models['two convolutions with pooling'] ?? small
    const batch = Conformance.batch(spec, 8)
    const engine = Engine.create()
    const flat = await Conformance.gradient(engine, spec, batch)
    vi.spyOn(GPUSupportedLimits.prototype, 'maxComputeWorkgroupsPerDimension', 'get').mockReturnValue(7)
    const dispatched = vi.spyOn(GPUComputePassEncoder.prototype, 'dispatchWorkgroups')
    expect(await Conformance.gradient(engine, spec, batch)).toEqual(flat)
    expect(dispatched.mock.calls.some(([, y]) => y !== undefined && y > 1)).toBe(true)
    vi.spyOn(GPUSupportedLimits.prototype, 'maxComputeWorkgroupsPerDimension', 'get').mockReturnValue(1)
    await expect(engine.start(settings(spec, 8))).rejects.toThrow(UnavailableError)
    engine.forget()
  })

  it('refuses a model whose buffers the device does not take', async () => {
    const engine = Engine.create()
    const limit = vi.spyOn(GPUSupportedLimits.prototype, 'maxStorageBufferBindingSize', 'get')
    limit.mockReturnValue(1000)
    await expect(engine.start(settings(small, 8))).rejects.toThrow(UnavailableError)
    engine.forget()
  })

  it('makes no buffers, pipelines or bindings while it steps, and frees all it made', async () => {
    const engine = Engine.create()
    const alive = new Set<GPUBuffer>()
    const create = GPUDevice.prototype.createBuffer
    vi.spyOn(GPUDevice.prototype, 'createBuffer').mockImplementation(function (this: GPUDevice, descriptor) {
      const made = create.call(this, descriptor)
      alive.add(made)
      return made
    })
    const destroy = GPUBuffer.prototype.destroy
    vi.spyOn(GPUBuffer.prototype, 'destroy').mockImplementation(function (this: GPUBuffer) {
      alive.delete(this)
      return destroy.call(this)
    })
    const steps = await engine.start(settings(small, 8))
    const step = async (samples: number) => {
      steps.step(Conformance.batch(small, samples))
      await steps.takeLoss()
      await steps.state()
    }
    await step(8)
    const before = [...alive]
    const others = [
      vi.spyOn(GPUDevice.prototype, 'createShaderModule'),
      vi.spyOn(GPUDevice.prototype, 'createComputePipelineAsync'),
      vi.spyOn(GPUDevice.prototype, 'createBindGroup'),
    ]
    for (let i = 0; i < 100; i++) {
      for (let j = 0; j < 9; j++) steps.step(Conformance.batch(small, 8))
      await step(i % 2 === 0 ? 8 : 3)
    }
    expect([...alive]).toEqual(before)
    for (const other of others) expect(other).not.toHaveBeenCalled()
    steps.dispose()
    expect(alive.size).toBe(0)
    // A second model of the same shape finds its kernels compiled.
    const again = await engine.start(settings(small, 7))
    expect(others[1]).not.toHaveBeenCalled()
    again.dispose()
    engine.forget()
  })

  it('says that its device was lost to whoever waits, and starts afresh', async () => {
    const devices = Gpus.seen()
    const engine = Engine.create()
    const steps = await engine.start(settings(small, 8))
    const lost = expect(engine.lost()).rejects.toThrow(DeviceLostError)
    steps.step(Conformance.batch(small, 8))
    const waited = expect(steps.takeLoss()).rejects.toThrow(DeviceLostError)
    devices[0]?.destroy()
    await lost
    await waited
    const again = await engine.start(settings(small, 8))
    again.step(Conformance.batch(small, 8))
    expect(await again.takeLoss()).toBeGreaterThan(0)
    expect(devices.length).toBe(2)
    again.dispose()
    engine.forget()
  })
})
