// What the trainer does where threads fail and where work waits in line, by the real kernels, with no browser around them.
import { expect, it } from 'vitest'
import * as Model from '../../protocol/model.ts'
import * as AssemblyScript from '../../scripts/assemblyscript.ts'
import * as Examples from '../../test/examples.ts'
import * as Node from '../../test/tensors.ts'
import type { Batch } from '../tensors/batches.ts'
import * as Kernels from '../tensors/kernels.ts'
import type { Engine } from './engines.ts'
import { UnavailableError } from './errors.ts'
import * as Gate from './gate.ts'
import * as Learner from './learner.ts'
import * as Crew from './threads/crew.ts'
import * as Shared from './threads/shared.ts'
import * as Trainer from './trainer.ts'
import * as Wasm from './wasm.ts'

const model: Model.Spec = { template: 'mlp', inputs: 64, hidden: [23, 11], classes: 8 }
const training: Model.Training = { epochs: 4, batchSize: 32, learningRate: 0.1, momentum: 0.9, seed: 5 }
const job = { model, training, weights: Model.initialise(model, 1), round: 0 }
const rows = () => Examples.stripedSource(1000, 1)
const ignore = () => undefined

/** The second of two threads, which works when it is waited for; `fails` is asked before each step. */
function pair(fails: () => boolean): Crew.Crew {
  return {
    most: 2,
    async start(module, layout) {
      const kernels = await Kernels.start(module)
      const learner = Learner.create(kernels, layout.spec, Shared.most(layout), layout.threads)
      let own: Learner.Samples | undefined
      return {
        begin(batch, weights) {
          own = Shared.share(batch, layout, 1)
          learner.weights.set(weights)
          return Shared.share(batch, layout, 0)
        },
        *found() {
          if (fails()) throw new Crew.FailedError('gone')
          if (!own) throw new RangeError('found before it began')
          const loss = yield* learner.gather(own)
          learner.descend(1, 0)
          yield { gradients: learner.velocity, loss }
        },
        end: ignore,
      }
    },
  }
}

function wasm(crew: Crew.Crew): Engine {
  return Wasm.engine(() => [AssemblyScript.compile('relaxed')], crew)
}

function none(): Promise<never> {
  return Promise.reject(new UnavailableError('webgpu'))
}

/** The engine, never chosen for its speed on so many threads: only steps that are measured are held up. */
function held(engine: Engine, threads: number, ms: number): Engine {
  const start: Engine['start'] = async (settings) => {
    const steps = await engine.start(settings)
    if ((settings.threads ?? 1) !== threads) return steps
    const step = (batch: Batch) => {
      pass(ms)
      steps.step(batch)
    }
    return { ...steps, step }
  }
  return { ...engine, start }
}

function pass(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until;);
}

function trainerOf(engine: Engine): Trainer.Trainer {
  const webgpu = { ...Node.engine(), device: none, start: none }
  return Trainer.create({ webgpu, wasm: engine, cpu: held(Node.engine('strict'), 1, 300) })
}

it('keeps an engine that fails on several threads only, and says so', async () => {
  const { backend, threads, reason } = await trainerOf(wasm(pair(() => true))).probe()
  expect({ backend, threads }).toEqual({ backend: 'wasm', threads: 1 })
  expect(reason).toBe(
    'WebAssembly is the fastest of 2; WebGPU is not available; WebAssembly is not available on 2 threads.',
  )
})

it('goes on with one thread from the last point that was kept when another fails, and says so', async () => {
  let [steps, failed] = [0, 0]
  let isTraining = false
  const crew = pair(() => {
    if (!isTraining) return false
    // Slow enough for a point to be kept: that takes a second of training.
    pass(25)
    if (++steps < 60) return false
    failed++
    return true
  })
  const trainer = trainerOf(held(wasm(crew), 1, 50))
  expect(await trainer.probe()).toMatchObject({ backend: 'wasm', threads: 2 })
  const reference = await trainerOf(wasm({ ...crew, most: 1 })).train(job, rows(), ignore)
  // Measured before it slows down.
  await trainer.train({ ...job, training: { ...training, epochs: 1 } }, rows(), ignore)
  isTraining = true
  const trained = await trainer.train(job, rows(), ignore)
  expect(failed).toBe(1)
  expect(trained.backend).toBe('wasm')
  expect(trained.notice).toMatch(
    /^A thread .* failed \(gone\)\. The round went on after step \d+ with WebAssembly\.$/,
  )
  expect(Examples.relativeDistance(trained.weights, reference.weights)).toBeLessThan(1e-3)
  expect((await trainer.train(job, rows(), ignore)).notice).toBe('')
  expect(failed).toBe(1)
  for (const forced of [undefined, 'wasm'] as const) {
    const { threads, reason } = await trainer.probe(forced)
    expect(reason).toContain('WebAssembly has one thread from now on, since another failed')
    expect(threads).toBe(1)
  }
})

it('measures again on one thread when another fails in a benchmark', async () => {
  let fails = false
  const trainer = trainerOf(held(wasm(pair(() => fails)), 1, 50))
  expect((await trainer.probe()).threads).toBe(2)
  fails = true
  expect((await trainer.benchmark()).training).toBeGreaterThan(0)
})

it('ends work that was aborted while it waited in line, and nothing that is asked for later', async () => {
  const trainer = trainerOf(Node.engine())
  const benchmark = trainer.benchmark()
  const aborted = trainer.train(job, rows(), ignore)
  await trainer.abort()
  const later = trainer.train(job, rows(), ignore)
  await expect(aborted).rejects.toThrow(Gate.AbortedError)
  expect((await benchmark).training).toBeGreaterThan(0)
  expect((await later).samples).toBe(1000)
})
