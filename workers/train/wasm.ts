// Training on the processor by kernels of our own, compiled from AssemblyScript; on several threads where they are asked for
// and the page may share memory.
import * as Kernels from '../tensors/kernels.ts'
import type { Engine } from './engines.ts'
import { UnavailableError } from './errors.ts'
import * as Learner from './learner.ts'
import type * as Crew from './threads/crew.ts'
import type { Settings, TrainStep } from './trainStep.ts'

/** Of the first of these modules that this machine accepts. */
export function engine(builds: () => readonly Uint8Array<ArrayBuffer>[], crew?: Crew.Crew): Engine {
  let compiling: Promise<WebAssembly.Module> | undefined
  const module = () => (compiling ??= Kernels.compile(builds()))
  return {
    threads: crew?.most ?? 1,
    device: () => Promise.resolve({ description: 'processor', software: false }),
    start: async (settings) => {
      const { spec, batchSize } = settings
      const threads = Math.min(settings.threads ?? 1, batchSize)
      try {
        const compiled = await module()
        const samples = Math.ceil(batchSize / threads)
        const learner = Learner.create(await Kernels.start(compiled), spec, samples, threads)
        // Where the others cannot start, for want of memory say, this model is trained without them.
        const starting = threads > 1 ? crew?.start(compiled, { spec, batchSize, threads }) : undefined
        return train(learner, settings, await starting?.catch(() => undefined))
      } catch (cause) {
        throw new UnavailableError('wasm', cause)
      }
    },
    lost: () => new Promise(() => undefined),
    forget: () => {
      compiling = undefined
    },
  }
}

function train(learner: Learner.Learner, settings: Settings, shift: Crew.Shift | undefined): TrainStep {
  const { learningRate, momentum, initial } = settings
  const { weights, velocity } = learner
  weights.set(initial.weights)
  velocity.set(initial.velocity)
  let loss = 0

  function* parts(batch: Learner.Samples): Generator<undefined, void> {
    const rate = learningRate / batch.samples
    loss += yield* learner.gather(shift?.begin(batch, weights) ?? batch)
    // Momentum counts once, whoever comes first; the order is that of the threads, so that sums are the same each time.
    let gathered = momentum
    for (const found of shift?.found() ?? []) {
      if (found === undefined) yield
      else {
        loss += found.loss
        learner.take(found.gradients, rate, gathered)
        gathered = 1
      }
    }
    learner.descend(rate, gathered)
    yield
  }

  return {
    step(batch) {
      for (const steps = parts(batch); !steps.next().done;);
    },
    parts,
    takeLoss() {
      const taken = loss
      loss = 0
      return Promise.resolve(taken)
    },
    state: () => Promise.resolve({ weights: weights.slice(), velocity: velocity.slice() }),
    dispose: () => shift?.end(),
  }
}
