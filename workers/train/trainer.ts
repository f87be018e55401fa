// The train worker's state: the chosen engine, the gate that pauses, and falling back when a GPU goes away.
import { BaseError } from '../../protocol/errors.ts'
import * as Model from '../../protocol/model.ts'
import type { Backend, Progress, ProbeResult, Train } from '../api.ts'
import type { Source } from '../tensors/batches.ts'
import type { Trained } from './api.ts'
import * as Choose from './choose.ts'
import type { Engines } from './engines.ts'
import { DeviceLostError } from './errors.ts'
import * as Gate from './gate.ts'
import * as Probe from './probe.ts'
import * as Round from './round.ts'

export type Trainer = Train & {
  train(job: Round.Job, source: Source, progress: Progress): Promise<Trained>
}

/** Fastest first, as far as anyone can tell before measuring. */
const all: readonly Backend[] = ['webgpu', 'wasm', 'cpu']
/** Largest relative difference from the reference that still counts as right. */
const tolerance = 1e-4
/** Time between two messages of progress, in ms: at most four a second. */
const progressEvery = 250

export function create(engines: Engines): Trainer {
  const gate = Gate.create()
  const broken = new Map<Backend, string>()
  /** By the layers of a model: engines differ in what they are good at. */
  const choices = new Map<string, ProbeResult>()
  let wished: Backend | undefined
  let queue: Promise<unknown> = Promise.resolve()

  /** One training or measurement after another: they share the device. */
  const inTurn = <value>(work: () => Promise<value>): Promise<value> => {
    const result = queue.then(work)
    queue = result.catch(() => undefined)
    return result
  }

  const measure = async (
    backend: Backend,
    spec: Model.Spec,
    reference: Probe.Sample,
  ): Promise<Choose.Measured> => {
    const engine = engines[backend]
    const { description, software } = await engine.device()
    const found = backend === 'cpu' ? reference : await Probe.sample(engine, spec)
    if (Probe.error(found, reference, spec) > tolerance) throw new WrongNumbersError(backend)
    const samplesPerSecond = await Probe.measure(engine, spec)
    return { backend, samplesPerSecond, adapter: description, software }
  }

  const survey = async (spec: Model.Spec): Promise<ProbeResult> => {
    const reference = await Probe.sample(engines.cpu, spec)
    const measured: Choose.Measured[] = []
    const refused: Choose.Refused[] = []
    const attempt = async (backend: Backend) => {
      try {
        measured.push(await measure(backend, spec, reference))
      } catch (error) {
        const wrong = error instanceof WrongNumbersError
        refused.push({ backend, because: wrong ? 'computes wrong numbers' : 'is not available' })
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

  const choose = async (spec: Model.Spec): Promise<ProbeResult> => {
    const key = JSON.stringify([wished, Model.layers(spec)])
    const known = choices.get(key)
    if (known) return known
    const found =
      wished === undefined
        ? await survey(spec)
        : Choose.forced(await measure(wished, spec, await Probe.sample(engines.cpu, spec)))
    choices.set(key, found)
    return found
  }

  const hooks = (progress: Progress, keep: (point: Round.Point) => void): Round.Hooks => {
    let reported = performance.now()
    return {
      keep,
      pause: async (done, total) => {
        if (performance.now() - reported > progressEvery) {
          reported = performance.now()
          progress({ label: 'samples', done, total })
        }
        await gate.pass()
      },
    }
  }

  return {
    probe: (forced) =>
      inTurn(async () => {
        if (forced !== undefined) broken.delete(forced)
        wished = forced
        return await choose(Probe.usual)
      }),
    train: (job, source, progress) =>
      inTurn(async () => {
        const notices: string[] = []
        let point: Round.Point | undefined
        gate.begin()
        for (;;) {
          const { backend } = await choose(job.model)
          const engine = engines[backend]
          try {
            const keep = (kept: Round.Point) => {
              point = kept
            }
            const result = await Round.train(engine, job, source, hooks(progress, keep), point)
            return { ...result, backend, notice: notices.join(' ') }
          } catch (error) {
            // Wrong numbers may come from a sick GPU; a processor that finds the same is believed.
            const sick = error instanceof Round.DivergedError && backend === 'webgpu'
            const lost = error instanceof DeviceLostError
            if (!sick && !lost) throw error
            broken.set(backend, lost ? 'lost its device' : 'computed numbers that are not finite')
            engine.forget()
            choices.clear()
            wished = undefined
            // What a sick device computed is not gone on from.
            if (sick) point = undefined
            const next = Choose.capitalised((await choose(job.model)).backend)
            notices.push(
              point === undefined
                ? `${error.message} The round was started again from its weights with ${next}.`
                : `${error.message} The round went on after step ${point.steps} with ${next}.`,
            )
          }
        }
      }),
    pause: () => Promise.resolve(gate.close()),
    resume: () => Promise.resolve(gate.open()),
    abort: () => Promise.resolve(gate.abort()),
  }
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
