import { afterEach, describe, expect, it, vi } from 'vitest'
import * as Model from '../../protocol/model.ts'
import * as Examples from '../../test/examples.ts'
import * as Node from '../../test/tensors.ts'
import type { Batch } from '../tensors/batches.ts'
import type { Engine } from './engines.ts'
import * as Round from './round.ts'
import * as Gate from './gate.ts'

const mlp: Model.Spec = { template: 'mlp', inputs: 64, hidden: [23, 11], classes: 8 }
const softmax: Model.Spec = { template: 'softmax', inputs: 64, classes: 8 }
const training: Model.Training = { epochs: 3, batchSize: 32, learningRate: 0.1, momentum: 0.9, seed: 5 }

describe.each(['strict', 'relaxed'] as const)('training by %s kernels', (build) => {
  it('learns, and gives the same weights when asked again', async () => {
    const engine = Node.engine(build)
    const weights = Model.initialise(mlp, 1)
    const job = { model: mlp, training, weights, round: 2 }
    const one = await Round.train(engine, job, Examples.stripedSource(1000, 1))
    const two = await Round.train(engine, job, Examples.stripedSource(1000, 1))
    expect(one.loss).toBeLessThan(0.5)
    expect(one.samples).toBe(1000)
    expect(two.weights).toEqual(one.weights)
    expect(weights).toEqual(Model.initialise(mlp, 1))
    const later = await Round.train(engine, { ...job, round: 3 }, Examples.stripedSource(1000, 1))
    expect(later.weights).not.toEqual(one.weights)
  })

  it('goes on from a point to the same weights', async () => {
    const engine = Node.engine(build)
    const job = { model: mlp, training, weights: Model.initialise(mlp, 1), round: 2 }
    const source = Examples.stripedSource(1000, 1)
    const whole = await Round.train(engine, job, source)
    vi.useFakeTimers({ toFake: ['performance'] })
    const slow: Engine = {
      ...engine,
      start: async (settings) => {
        const steps = await engine.start(settings)
        const step = (batch: Batch) => {
          vi.advanceTimersByTime(40)
          steps.step(batch)
        }
        function* parts(batch: Batch): Generator<undefined, void> {
          step(batch)
          yield undefined
        }
        return { ...steps, parts }
      },
    }
    const points: Round.Point[] = []
    try {
      await Round.train(slow, job, source, {
        pause: () => Promise.resolve(),
        keep: (point) => points.push(point),
      })
    } finally {
      vi.useRealTimers()
    }
    const [middle] = points
    expect(middle?.steps).toBeGreaterThan(1)
    const rest = await Round.train(engine, job, source, undefined, middle)
    expect(rest.weights).toEqual(whole.weights)
    expect(rest.loss).toBeCloseTo(whole.loss, 6)
  })

  it('is stopped in the middle of a step that takes long', async () => {
    const engine = Node.engine(build)
    const job = {
      model: mlp,
      training: { ...training, batchSize: 500 },
      weights: Model.initialise(mlp, 1),
      round: 0,
    }
    let now = 0
    vi.spyOn(performance, 'now').mockImplementation(() => (now += 30))
    let turns = 0
    const pause = () => {
      if (++turns === 20) throw new RangeError('enough')
      return Promise.resolve()
    }
    try {
      const trained = Round.train(engine, job, Examples.stripedSource(1000, 1), { pause })
      await expect(trained).rejects.toThrow('enough')
    } finally {
      vi.restoreAllMocks()
    }
    expect(turns).toBe(20)
  })

  it('refuses weights of another size, and reports numbers that blow up', async () => {
    const engine = Node.engine(build)
    const source = Examples.stripedSource(300, 1)
    const job = { model: mlp, training, weights: Model.initialise(mlp, 1), round: 0 }
    await expect(Round.train(engine, { ...job, weights: new Float32Array(3) }, source)).rejects.toThrow(
      Model.WeightsError,
    )
    await expect(
      Round.train(
        engine,
        {
          ...job,
          training: { ...training, learningRate: 100, epochs: 20 },
          model: softmax,
          weights: new Float32Array(520).fill(3e38),
        },
        source,
      ),
    ).rejects.toThrow(Round.DivergedError)
  })

  it('stops between steps when aborted, with nothing left behind', async () => {
    const engine = Node.engine(build)
    const gate = Gate.create()
    const job = {
      model: mlp,
      training: { ...training, epochs: 100 },
      weights: Model.initialise(mlp, 1),
      round: 0,
    }
    const stopped = Round.train(engine, job, Examples.stripedSource(2000, 1), {
      pause: async () => {
        gate.abort()
        await gate.pass()
      },
    })
    await expect(stopped).rejects.toThrow(Gate.AbortedError)
  })
})

describe('training on a slow device', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it.each([0.2, 1, 7, 20, 45])('stops within 100 ms where a step takes %s ms', async (stepTime) => {
    vi.useFakeTimers({ toFake: ['performance'] })
    for (const stop of [90, 400, 1234]) {
      const queued: number[] = []
      let waiting = 0
      const drained = () => {
        queued.push(waiting)
        vi.advanceTimersByTime(waiting * stepTime)
        waiting = 0
      }
      const engine: Engine = {
        device: () => Promise.reject(new Error('nobody asks')),
        start: ({ initial }) =>
          Promise.resolve({
            step: () => {
              waiting++
            },
            takeLoss: () => Promise.resolve(drained()).then(() => 1),
            state: () => Promise.resolve(drained()).then(() => initial),
            dispose: () => undefined,
          }),
        lost: () => new Promise(() => undefined),
        forget: () => undefined,
      }
      const job = {
        model: mlp,
        training: { ...training, epochs: 100, batchSize: 8 },
        weights: Model.initialise(mlp, 1),
        round: 0,
      }
      const started = performance.now()
      const stopped = Round.train(engine, job, Examples.stripedSource(2000, 1), {
        pause: () => {
          if (performance.now() - started < stop) return Promise.resolve()
          return Promise.reject(new Gate.AbortedError())
        },
      })
      await expect(stopped).rejects.toThrow(Gate.AbortedError)
      expect(performance.now() - started - stop).toBeLessThan(100)
      // Waiting for each step would leave a fast device idle.
      if (stepTime < 10) expect(Math.max(...queued)).toBeGreaterThan(1)
    }
  })
})
