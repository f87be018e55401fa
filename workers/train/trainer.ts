// The train worker's state: the chosen engine, the gate that pauses, and falling back when a GPU goes away.
import * as Benchmark from '../../protocol/benchmark.ts'
import { BaseError } from '../../protocol/errors.ts'
import * as Model from '../../protocol/model.ts'
import type { Progress } from '../progress.ts'
import type { Source } from '../tensors/batches.ts'
import type { Backend, ProbeResult, Train } from './api.ts'
import * as Choose from './choose.ts'
import * as Engine from './engines.ts'
import { DeviceLostError } from './errors.ts'
import * as Gate from './gate.ts'
import type { Trained } from './ports.ts'
import * as Probe from './probe.ts'
import * as Round from './round.ts'
import * as Crew from './threads/crew.ts'

/** Called between steps; reports now and then, waits to pause, throws to stop. */
export type Pause = (done: number, total: number) => Promise<void>

type Failure = { readonly message: string; readonly isSick: boolean }

type Attempt = {
  readonly engine: Engine.Engine
  readonly backend: Backend
  /** How another engine failed at the same. */
  readonly before: Failure | undefined
  readonly pausing: (label: string, progress: Progress) => Pause
}

export type Trainer = Omit<Train, 'warmStart' | 'checkWarmStart'> & {
  /** Has `work` done with the engine that is best for steps of a model, again with another where that one fails. */
  using<value>(steps: Probe.Steps, work: (attempt: Attempt) => Promise<value>): Promise<value>
  train(job: Round.Job, source: Source, progress: Progress): Promise<Trained>
  pause(): Promise<void>
  resume(): Promise<void>
  /** For whoever makes the source: waits while training is paused, rejects once it is aborted. */
  pass(): Promise<void>
}

/** Fastest first, as far as anyone can tell before measuring. */
const all: readonly Backend[] = ['webgpu', 'wasm', 'cpu']
/** Largest relative difference from the reference that still counts as right. */
const tolerance = 1e-4
/** Time between two messages of progress, in ms: at most four a second. */
const progressEvery = 250

export function create(engines: Engine.Engines): Trainer {
  const gate = Gate.create()
  const broken = new Map<Backend, string>()
  /** Engines one of whose threads failed, with why: they have one from now on. */
  const alone = new Map<Backend, string>()
  /** By the layers of a model and its batches: engines, and threads, differ in what they are good at. */
  const choices = new Map<string, ProbeResult>()
  let wished: Backend | undefined
  let queue: Promise<unknown> = Promise.resolve()

  /** One training or measurement after another: they share the device. */
  const inTurn = <value>(work: () => Promise<value>): Promise<value> => {
    const result = queue.then(work)
    queue = result.catch(() => undefined)
    return result
  }

  /** On one thread, and on as many as there are; where only one works, that one counts. */
  const measure = async (
    backend: Backend,
    steps: Probe.Steps,
    reference: Probe.Sample,
  ): Promise<{
    readonly measured: readonly Choose.Measured[]
    readonly refused: readonly Choose.Refused[]
  }> => {
    const { description, software } = await engines[backend].device()
    const measured: Choose.Measured[] = []
    const refused: Choose.Refused[] = []
    const why = alone.get(backend)
    if (why !== undefined) refused.push({ backend, because: why })
    for (const threads of why === undefined ? Probe.threads(engines[backend], steps) : [1]) {
      const engine = Engine.on(engines[backend], threads)
      try {
        const found = backend === 'cpu' ? reference : await Probe.sample(engine, steps.spec)
        if (Probe.error(found, reference, steps.spec) > tolerance) throw new WrongNumbersError(backend)
        const samplesPerSecond = await Probe.measure(engine, steps)
        measured.push({ backend, threads, samplesPerSecond, adapter: description, software })
      } catch (error) {
        if (threads === 1) throw error
        refused.push({ backend, because: `${clause(error)} on ${threads} threads` })
      }
    }
    return { measured, refused }
  }

  const survey = async (steps: Probe.Steps): Promise<ProbeResult> => {
    const reference = await Probe.sample(engines.cpu, steps.spec)
    const measured: Choose.Measured[] = []
    const refused: Choose.Refused[] = []
    const attempt = async (backend: Backend) => {
      try {
        const found = await measure(backend, steps, reference)
        measured.push(...found.measured)
        refused.push(...found.refused)
      } catch (error) {
        refused.push({ backend, because: clause(error) })
      }
    }
    const software: Choose.Refused[] = []
    for (const backend of all) {
      const why = broken.get(backend)
      const device = await engines[backend].device().catch(() => undefined)
      if (why !== undefined) refused.push({ backend, because: why })
      else if (device?.software) software.push({ backend, because: Choose.pretends(device.description) })
      else await attempt(backend)
    }
    // What only poses as a GPU takes long to measure, and is used where nothing else works.
    if (measured.length > 0) refused.push(...software)
    else for (const { backend } of software) await attempt(backend)
    const result = Choose.choose(measured, refused)
    if (!result) throw new NoBackendError()
    return result
  }

  const force = async (backend: Backend, steps: Probe.Steps): Promise<ProbeResult> => {
    const reference = await Probe.sample(engines.cpu, steps.spec)
    const { measured, refused } = await measure(backend, steps, reference)
    return Choose.forced(measured, refused)
  }

  const choose = async (steps: Probe.Steps): Promise<ProbeResult> => {
    const { spec, batchSize } = steps
    const key = JSON.stringify([wished, batchSize, Model.layers(spec)])
    const known = choices.get(key)
    if (known) return known
    const found = wished === undefined ? await survey(steps) : await force(wished, steps)
    choices.set(key, found)
    return found
  }

  const pausing = (label: string, progress: Progress): Pause => {
    let reported = performance.now()
    return async (done, total) => {
      if (performance.now() - reported > progressEvery) {
        reported = performance.now()
        progress({ label, done, total })
      }
      await gate.pass()
    }
  }

  const best: Trainer['using'] = async (steps, work) => {
    let before: Failure | undefined
    for (;;) {
      const { backend, threads } = await choose(steps)
      const engine = Engine.on(engines[backend], threads)
      try {
        return await work({ engine, backend, before, pausing })
      } catch (error) {
        // Wrong numbers may come from a sick GPU; a processor that finds the same is believed.
        const isSick = error instanceof Round.DivergedError && backend === 'webgpu'
        const isLost = error instanceof DeviceLostError
        const isFewer = error instanceof Crew.FailedError && threads > 1
        if (!isSick && !isLost && !isFewer) throw error
        if (isFewer) alone.set(backend, 'has one thread from now on, since another failed')
        else {
          broken.set(backend, isLost ? 'lost its device' : 'computed numbers that are not finite')
          engine.forget()
          wished = undefined
        }
        choices.clear()
        before = { message: error.message, isSick }
      }
    }
  }

  const using: Trainer['using'] = (steps, work) => {
    const line = gate.line()
    return inTurn(async () => {
      gate.begin(line)
      return await best(steps, work)
    })
  }

  return {
    using,
    probe: (forced) =>
      inTurn(async () => {
        if (forced !== undefined) broken.delete(forced)
        wished = forced
        return await choose(Benchmark.training)
      }),
    benchmark: () =>
      inTurn(() =>
        best(Benchmark.training, async ({ engine }) => {
          const { training, matmul, matmulOperations, budget } = Benchmark
          const samples = await Probe.measure(engine, training, budget)
          const rows = await Probe.measure(engine, matmul, budget)
          const megaflops = ((rows / matmul.batchSize) * matmulOperations) / 1e6
          return { training: Benchmark.rounded(samples), matmul: Benchmark.rounded(megaflops) }
        }),
      ),
    train: (job, source, progress) => {
      const notices: string[] = []
      let point: Round.Point | undefined
      const keep = (kept: Round.Point) => {
        point = kept
      }
      const steps = { spec: job.model, batchSize: job.training.batchSize }
      return using(steps, async ({ engine, backend, before, pausing: pause }) => {
        if (before) {
          // What a sick device computed is not gone on from.
          if (before.isSick) point = undefined
          const next = Choose.capitalised(backend)
          notices.push(
            point === undefined
              ? `${before.message} The round was started again from its weights with ${next}.`
              : `${before.message} The round went on after step ${point.steps} with ${next}.`,
          )
        }
        const hooks = { keep, pause: pause('samples', progress) }
        const result = await Round.train(engine, job, source, hooks, point)
        return { ...result, backend, notice: notices.join(' ') }
      })
    },
    pass: () => gate.pass(),
    pause: () => Promise.resolve(gate.close()),
    resume: () => Promise.resolve(gate.open()),
    abort: () => Promise.resolve(gate.abort()),
  }
}

/** Why an engine does not count. */
function clause(error: unknown): string {
  return error instanceof WrongNumbersError ? 'computes wrong numbers' : 'is not available'
}

class WrongNumbersError extends BaseError {
  override readonly name = 'Trainer.WrongNumbersError'
  constructor(backend: Backend) {
    super({
      message: `${Choose.capitalised(backend)} computes wrong numbers on this device.`,
      advice: 'Let the app choose another way to train.',
    })
  }
}

export class NoBackendError extends BaseError {
  override readonly name = 'Trainer.NoBackendError'
  constructor() {
    super({
      message: 'Nothing in this browser can train a model.',
      advice: 'Update the browser, or use another one.',
    })
  }
}
