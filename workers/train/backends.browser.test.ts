import * as core from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-core/dist/register_all_gradients'
import { afterEach, describe, expect, it, vi } from 'vitest'
import * as Model from '../../protocol/model.ts'
import * as Prng from '../../protocol/prng.ts'
import * as Examples from '../../test/examples.ts'
import type { Backend } from '../api.ts'
import * as Batches from '../tensors/batches.ts'
import * as Dense from '../tensors/dense.ts'
import * as Backends from './backends.ts'
import { gradients } from './gradients.ts'
import * as Trainer from './trainer.ts'
import * as TrainStep from './trainStep.ts'

const all = ['webgpu', 'wasm', 'cpu'] as const
const mlp: Model.Spec = { template: 'mlp', inputs: 64, hidden: [23, 11], classes: 8 }
const softmax: Model.Spec = { template: 'softmax', inputs: 64, hidden: [], classes: 8 }
const training: Model.Training = { epochs: 2, batchSize: 32, learningRate: 0.1, momentum: 0.9, seed: 5 }
const { tf } = Backends

async function batch(size = 32): Promise<Batches.Batch> {
  for await (const found of Batches.read(Examples.stripedSource(400, 3), size, Prng.from(1))) return found
  throw new Error('no batch')
}

async function ownGradients(spec: Model.Spec): Promise<number[]> {
  const { inputs, classes } = await batch()
  const layers = Dense.upload(tf, spec, Model.initialise(spec, 9))
  const x = tf.tensor2d(inputs, [32, 64])
  const y = tf.tensor2d(Batches.oneHot(classes, 8), [32, 8])
  const found = gradients(tf, layers, x, y, tf.scalar(1 / 32))
  const flat = [(await found.loss.data())[0] ?? 0]
  for (const { kernel, bias } of found.layers) flat.push(...(await kernel.data()), ...(await bias.data()))
  return flat
}

/** The same by tfjs's recorded tape, which knows nothing of our formulas. */
async function tapeGradients(spec: Model.Spec): Promise<number[]> {
  const { inputs, classes } = await batch()
  const x = core.tensor2d(inputs, [32, 64])
  const y = core.tensor2d(Batches.oneHot(classes, 8), [32, 8])
  const parts = Dense.upload(core, spec, Model.initialise(spec, 9)).flatMap(({ kernel, bias }) => [
    kernel,
    bias,
  ])
  const { value, grads } = core.valueAndGrads((...tensors: core.Tensor[]) => {
    let output: core.Tensor = x
    for (let i = 0; i < tensors.length; i += 2) {
      const [kernel, bias] = tensors.slice(i, i + 2)
      if (!kernel || !bias) break
      output = core.add(core.matMul(output, kernel), bias)
      if (i + 2 < tensors.length) output = core.relu(output)
    }
    return core.neg(core.mean(core.sum(core.mul(core.logSoftmax(output), y), 1)))
  })(parts)
  const flat = [32 * ((await value.data())[0] ?? 0)]
  for (const gradient of grads) flat.push(...(await gradient.data()))
  return flat
}

describe.each(all)('gradients on %s', (backend) => {
  it.each([mlp, softmax])('are those of a recorded tape: $template', async (spec) => {
    await Backends.select('cpu')
    const reference = await tapeGradients(spec)
    await Backends.select(backend)
    const found = await ownGradients(spec)
    expect(Examples.relativeDistance(found.slice(1), reference.slice(1))).toBeLessThan(1e-4)
    expect(Examples.relativeDistance(found.slice(0, 1), reference.slice(0, 1))).toBeLessThan(1e-4)
  })

  it('keeps memory flat over 1,000 steps', async () => {
    await Backends.select(backend)
    // The software GPU of test machines takes a millisecond for the smallest operation: give it few of them.
    const spec = backend === 'webgpu' ? softmax : mlp
    const found = await batch(8)
    const steps = TrainStep.onTensors(tf, spec, training, Model.initialise(spec, 1))
    const run = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        steps.step({ ...found, inputs: found.inputs.slice() })
        if (i % 16 === 0) await steps.takeLoss()
      }
      await steps.takeLoss()
    }
    await run(64)
    const before = tf.memory()
    await run(1000)
    const after = tf.memory()
    expect(after.numTensors).toBe(before.numTensors)
    expect(after.numBytes).toBe(before.numBytes)
    const allocated = (memory: object) =>
      'numBytesAllocatedInGPU' in memory ? Number(memory.numBytesAllocatedInGPU) : 0
    expect(allocated(after)).toBeLessThanOrEqual(allocated(before))
    steps.dispose()
  })
})

describe('backends', () => {
  it('agree to 1e-4 on weights and losses after one and after ten steps', async () => {
    const found = await batch()
    const run = async (backend: Backend, count: number) => {
      await Backends.select(backend)
      const steps = TrainStep.onTensors(tf, mlp, training, Model.initialise(mlp, 1))
      for (let i = 0; i < count; i++) steps.step({ ...found, inputs: found.inputs.slice() })
      const loss = await steps.takeLoss()
      const weights = await steps.weights()
      steps.dispose()
      return { loss, weights }
    }
    for (const count of [1, 10]) {
      const reference = await run('cpu', count)
      for (const backend of ['wasm', 'webgpu'] as const) {
        const { loss, weights } = await run(backend, count)
        expect(Math.abs(loss - reference.loss) / reference.loss, backend).toBeLessThan(1e-4)
        expect(Examples.relativeDistance(weights, reference.weights), backend).toBeLessThan(1e-4)
      }
    }
  })
})

describe('the trainer', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  it('prefers a backend that is what it claims to be, and honours a forced one', async () => {
    const trainer = Trainer.create(Backends)
    const chosen = await trainer.probe()
    expect(chosen.samplesPerSecond).toBeGreaterThan(100)
    expect(chosen.software).toBe(false)
    const forced = await trainer.probe('webgpu')
    expect(forced.backend).toBe('webgpu')
    expect(forced.adapter).not.toBe('')
    const job = { model: mlp, training, weights: Model.initialise(mlp, 1), round: 0 }
    const trained = await trainer.train(job, Examples.stripedSource(1000, 1), () => undefined)
    expect(trained.backend).toBe('webgpu')
    expect(trained.notice).toBe('')
  })

  it('pauses, resumes, aborts, and reports progress at most four times a second', async () => {
    const trainer = Trainer.create(Backends)
    await trainer.probe('cpu')
    const job = {
      model: mlp,
      training: { ...training, epochs: 12 },
      weights: Model.initialise(mlp, 1),
      round: 0,
    }
    const messages: number[] = []
    const first = Promise.withResolvers<undefined>()
    const run = trainer.train(job, Examples.stripedSource(4000, 1), () => {
      messages.push(performance.now())
      first.resolve(undefined)
    })
    await first.promise
    await trainer.pause()
    const settled = vi.fn()
    run.then(settled, settled)
    const seen = messages.length
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect(messages.length - seen).toBeLessThanOrEqual(1)
    expect(settled).not.toHaveBeenCalled()
    await trainer.resume()
    await run
    messages.slice(1).forEach((time, i) => expect(time - (messages[i] ?? 0)).toBeGreaterThan(249))
    const aborted = trainer.train(
      { ...job, training: { ...training, epochs: 100 } },
      Examples.stripedSource(4000, 1),
      () => void trainer.abort(),
    )
    await expect(aborted).rejects.toThrow('stopped')
  })

  it('goes on without a GPU that is lost, from the weights of the round, and says so', async () => {
    const devices: GPUDevice[] = []
    const request = GPUAdapter.prototype.requestDevice
    vi.spyOn(GPUAdapter.prototype, 'requestDevice').mockImplementation(async function (
      this: GPUAdapter,
      descriptor,
    ) {
      const device = await request.call(this, descriptor)
      devices.push(device)
      return device
    })
    Backends.forget('webgpu')
    const trainer = Trainer.create(Backends)
    await trainer.probe('wasm')
    const job = { model: mlp, training, weights: Model.initialise(mlp, 1), round: 0 }
    const reference = await trainer.train(job, Examples.stripedSource(1000, 1), () => undefined)
    await trainer.probe('webgpu')
    const source = Examples.stripedSource(1000, 1)
    let asked = 0
    const lossy = {
      ...source,
      shard: (index: number) => {
        if (++asked === 5) devices.at(-1)?.destroy()
        return source.shard(index)
      },
    }
    const trained = await trainer.train(job, lossy, () => undefined)
    expect(trained.backend).not.toBe('webgpu')
    expect(trained.notice).toContain('GPU went away')
    if (trained.backend === 'wasm') expect(trained.weights).toEqual(reference.weights)
    expect((await trainer.probe()).reason).toContain('lost its device')
  })
})
