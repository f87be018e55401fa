// The train worker's state: the chosen backend, the gate that pauses, and falling back when a GPU goes away.
import { BaseError } from '../../protocol/errors.ts'
import type { Backend, Progress, ProbeResult, Train } from '../api.ts'
import type { Source } from '../tensors/batches.ts'
import type { Tensors } from '../tensors/tensors.ts'
import type { Trained } from './api.ts'
import * as Choose from './choose.ts'
import * as Engine from './engine.ts'
import { DeviceLostError } from './errors.ts'
import * as Gate from './gate.ts'
import * as Probe from './probe.ts'

/** The backends module, or a stand-in of the same shape where there is no browser. */
export type Backends = {
  readonly tf: Tensors
  select(backend: Backend): Promise<void>
  forget(backend: Backend): void
  adapter(): Promise<{ readonly description: string; readonly software: boolean } | undefined>
  lost(): Promise<never>
}

export type Trainer = Train & {
  train(job: Engine.Job, source: Source, progress: Progress): Promise<Trained>
}

/** Fastest first, as far as anyone can tell before measuring. */
const all: readonly Backend[] = ['webgpu', 'wasm', 'cpu']
/** Largest relative difference from the reference that still counts as right. */
const tolerance = 1e-4
/** Time between two messages of progress, in ms: at most four a second. */
const progressEvery = 250

export function create(backends: Backends): Trainer {
  const { tf } = backends
  const gate = Gate.create()
  const broken = new Map<Backend, string>()
  let chosen: ProbeResult | undefined
  let reference: Probe.Sample | undefined
  let queue: Promise<unknown> = Promise.resolve()

  /** Work on tensors goes one after another: tfjs has one selected backend. */
  const inTurn = <value>(work: () => Promise<value>): Promise<value> => {
    const result = queue.then(work)
    queue = result.catch(() => undefined)
    return result
  }

  const measure = async (backend: Backend): Promise<Choose.Measured> => {
    if (!reference) {
      await backends.select('cpu')
      reference = await Probe.sample(tf)
    }
    const adapter = backend === 'webgpu' ? await backends.adapter() : undefined
    if (backend === 'webgpu' && !adapter) throw new Error('no adapter')
    await backends.select(backend)
    if (Probe.error(await Probe.sample(tf), reference) > tolerance) throw new WrongNumbersError(backend)
    return {
      backend,
      samplesPerSecond: await Probe.measure(tf),
      adapter: adapter?.description ?? 'processor',
      software: adapter?.software ?? false,
    }
  }

  const survey = async (): Promise<ProbeResult> => {
    const measured: Choose.Measured[] = []
    const refused: Choose.Refused[] = []
    for (const backend of all) {
      const because = broken.get(backend)
      if (because !== undefined) {
        refused.push({ backend, because })
        continue
      }
      try {
        measured.push(await measure(backend))
      } catch (error) {
        const wrong = error instanceof WrongNumbersError
        refused.push({ backend, because: wrong ? 'computes wrong numbers' : 'is not available' })
      }
    }
    const result = Choose.choose(measured, refused)
    if (!result) throw new NoBackendError()
    await backends.select(result.backend)
    return result
  }

  const once = async (job: Engine.Job, source: Source, progress: Progress): Promise<Engine.Result> => {
    let reported = performance.now()
    const lost = backends.lost()
    // A device lost while nothing waits for it is met by the next training.
    lost.catch(() => undefined)
    return await Engine.train(tf, job, source, {
      lost,
      pause: async (done, total) => {
        if (performance.now() - reported > progressEvery) {
          reported = performance.now()
          progress({ label: 'samples', done, total })
        }
        await gate.pass()
      },
    })
  }

  return {
    probe: (wanted) =>
      inTurn(async () => {
        if (wanted === undefined) chosen = await survey()
        else {
          chosen = Choose.forced(await measure(wanted))
          broken.delete(wanted)
        }
        return chosen
      }),
    train: (job, source, progress) =>
      inTurn(async () => {
        const notices: string[] = []
        gate.begin()
        for (;;) {
          chosen ??= await survey()
          const { backend } = chosen
          try {
            await backends.select(backend)
            const result = await once(job, source, progress)
            return { ...result, backend, notice: notices.join(' ') }
          } catch (error) {
            // Wrong numbers may come from a sick GPU; a processor that finds the same is believed.
            const sick = error instanceof Engine.DivergedError && backend === 'webgpu'
            const lost = error instanceof DeviceLostError
            if (!sick && !lost) throw error
            broken.set(backend, lost ? 'lost its device' : 'computed numbers that are not finite')
            backends.forget(backend)
            chosen = await survey()
            notices.push(
              `${error.message} The round was started again from its weights with ${Choose.capitalised(chosen.backend)}.`,
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
