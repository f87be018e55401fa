import { afterEach, describe, expect, it, vi } from 'vitest'
import * as Model from '../../protocol/model.ts'
import * as Examples from '../../test/examples.ts'
import * as Gpus from '../../test/gpus.ts'
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

  it('measures what is published in under 2 seconds, and again about the same', async () => {
    const trainer = Trainer.create(engines)
    await trainer.probe()
    const started = performance.now()
    const first = await trainer.benchmark()
    expect(performance.now() - started).toBeLessThan(2000)
    const second = await trainer.benchmark()
    for (const kind of ['training', 'matmul'] as const) {
      expect(first[kind]).toBeGreaterThan(100)
      // A busy machine is slower at one time than at another.
      expect(second[kind] / first[kind]).toBeGreaterThan(0.1)
      expect(second[kind] / first[kind]).toBeLessThan(10)
    }
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

  it('measures no processor that poses as a GPU where something else works, and says why', async () => {
    const { software, description } = await engines.webgpu.device()
    const started = vi.spyOn(engines.webgpu, 'start')
    const { reason } = await Trainer.create(engines).probe()
    expect(started.mock.calls.length > 0).toBe(!software)
    if (software) expect(reason).toContain(`since ${description} is a processor, not a GPU`)
  })

  it('goes on without a GPU that is lost, from the weights of the round, and says so', async () => {
    const devices = seen()
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

  it('goes on from the last point that was kept when a GPU is lost later, and says so', async () => {
    const devices = seen()
    const trainer = Trainer.create(engines)
    await trainer.probe('webgpu')
    const job = {
      model: mlp,
      training: { ...training, epochs: 240 },
      weights: Model.initialise(mlp, 1),
      round: 0,
    }
    // Far enough for a point to be kept: that takes a second of training.
    let messages = 0
    const trained = await trainer.train(job, Examples.stripedSource(1000, 1), () => {
      if (++messages === 8) devices.at(-1)?.destroy()
    })
    expect(trained.backend).not.toBe('webgpu')
    expect(trained.notice).toMatch(/GPU went away.* The round went on after step \d+ with /)
    expect(trained.loss).toBeLessThan(0.5)
  })
})

/** The devices that will be made from now on. */
function seen(): readonly GPUDevice[] {
  const devices = Gpus.seen()
  engines.webgpu.forget()
  return devices
}
