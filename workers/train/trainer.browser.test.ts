import { afterEach, describe, expect, it, vi } from 'vitest'
import * as Model from '../../protocol/model.ts'
import * as Examples from '../../test/examples.ts'
import { engines } from './backends.ts'
import * as Trainer from './trainer.ts'

const mlp: Model.Spec = { template: 'mlp', inputs: 64, hidden: [23, 11], classes: 8 }
const training: Model.Training = { epochs: 2, batchSize: 32, learningRate: 0.1, momentum: 0.9, seed: 5 }

describe('the trainer', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  it('prefers a backend that is what it claims to be, and honours a forced one', async () => {
    const trainer = Trainer.create(engines)
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
    const trainer = Trainer.create(engines)
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
    engines.webgpu.forget()
    const trainer = Trainer.create(engines)
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
    // Some steps may have been the GPU's, whose sums are rounded in another order.
    expect(Examples.relativeDistance(trained.weights, reference.weights)).toBeLessThan(1e-3)
    expect((await trainer.probe()).reason).toContain('lost its device')
  })
})
