// The threads that help the train worker's own with one model after another: workers inside that worker, which are kept
// for a moment when they are not needed, because training goes in short stretches.
import { BaseError } from '../../../protocol/errors.ts'
import type { Samples } from '../learner.ts'
import * as Shared from './shared.ts'
import type { Work } from './worker.ts'

export type Crew = {
  /** Threads that this machine and page have room for, the caller's among them. */
  readonly most: number
  /** Gets all but one of them ready for a model; rejects with `FailedError`. */
  start(module: WebAssembly.Module, layout: Shared.Layout): Promise<Shift>
}

/** One model's training. */
export type Shift = {
  /** Hands out a batch, to be worked on from these weights; gives back the caller's share. */
  begin(batch: Samples, weights: Float32Array): Samples
  /**
   * What the others found, thread after thread; `undefined` after some ms in which the next was not done. Throws
   * `FailedError` where it never will be.
   */
  found(): Generator<Found | undefined>
  /** Lets them go, also in the middle of a batch; for good where one failed. */
  end(): void
}

export type Found = { readonly gradients: Float32Array; readonly loss: number }

/** More share the memory of a phone too thinly, and wait for its slow cores. */
const enough = 4
/** How long a thread is waited for at once, in ms: nothing else is heard meanwhile. */
const patience = 20
/**
 * How long the others are waited for in a step before one of them counts as dead: at least so many ms, and so many times
 * what the caller took for a share as large as theirs. A thread that dies may leave no word.
 */
const deadline = { least: 3000, shares: 10 }
/** How long a thread may take to begin, its script to be fetched among it, in ms. */
const settling = 10_000
/** How long threads without work are kept, in ms. */
const linger = 1000

export function create(open: () => Worker): Crew {
  const resting: Worker[] = []
  let leaving: ReturnType<typeof setTimeout> | undefined

  const rest = (workers: readonly Worker[]): void => {
    resting.push(...workers)
    clearTimeout(leaving)
    leaving = setTimeout(() => {
      for (const worker of resting.splice(0)) worker.terminate()
    }, linger)
  }

  return {
    // One processor is left to the page, which has to answer to keys meanwhile.
    most: mayWait() ? Math.max(1, Math.min(enough, navigator.hardwareConcurrency - 1)) : 1,
    async start(module, layout) {
      const workers: Worker[] = []
      const dismiss = () => {
        for (const worker of workers) worker.terminate()
      }
      try {
        const buffer = Shared.create(layout)
        const shared = Shared.view(buffer, layout)
        for (let i = 1; i < layout.threads; i++) workers.push(resting.pop() ?? open())
        await Promise.all(
          workers.map((worker, i) => begun(worker, { module, buffer, layout, thread: i + 1 }, shared)),
        )
        return shift(shared, layout, (isWell) => (isWell ? rest(workers) : dismiss()))
      } catch (error) {
        dismiss()
        throw error instanceof FailedError ? error : new FailedError(String(error))
      }
    },
  }
}

/** In a worker of an isolated page: pages themselves may not wait. */
function mayWait(): boolean {
  return globalThis.crossOriginIsolated && 'WorkerGlobalScope' in globalThis
}

function begun(worker: Worker, work: Work, shared: Shared.Shared): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new FailedError('it does not begin')), settling)
    worker.onmessage = ({ data }: MessageEvent<string>) => {
      clearTimeout(late)
      if (data === 'waiting') resolve()
      else reject(new FailedError(data))
    }
    worker.onerror = ({ message }) => {
      // Also after it began, when whoever waits for it waits for its word.
      Shared.tell(shared, work.thread, Shared.failed)
      clearTimeout(late)
      reject(new FailedError(message))
    }
    worker.postMessage(work)
  })
}

function shift(shared: Shared.Shared, layout: Shared.Layout, dismiss: (isWell: boolean) => void): Shift {
  let step = 0
  let begunAt = 0
  const tell = (number: number): void => {
    Atomics.store(shared.step, 0, number)
    Atomics.notify(shared.step, 0)
  }
  return {
    begin(batch, weights) {
      const own = Shared.share(batch, layout, 0)
      shared.weights.set(weights)
      shared.inputs.set(batch.inputs.subarray(own.inputs.length), own.inputs.length)
      shared.classes.set(batch.classes.subarray(own.samples), own.samples)
      shared.samples[0] = batch.samples
      begunAt = performance.now()
      tell(++step)
      return own
    },
    *found() {
      const [samples = 0] = shared.samples
      let left = Math.max(deadline.least, deadline.shares * (performance.now() - begunAt))
      for (const [other, gradients] of shared.gradients.entries()) {
        for (let last = 0; (last = Atomics.load(shared.done, other)) !== step;) {
          if (last === Shared.failed) throw new FailedError('it stopped in the middle of a step')
          if (left <= 0) {
            Shared.tell(shared, other + 1, Shared.failed)
            throw new FailedError('it does not answer')
          }
          if (Atomics.wait(shared.done, other, last, patience) !== 'timed-out') continue
          // Only what was waited here counts: a pause, or a machine that sleeps, makes nobody late.
          left -= patience
          yield undefined
        }
        const { samples: own } = Shared.share({ ...shared, samples }, layout, other + 1)
        if (own > 0) yield { gradients, loss: shared.losses[other] ?? NaN }
      }
    },
    end() {
      if (step === Shared.ended) return
      step = Shared.ended
      tell(step)
      dismiss(!shared.done.includes(Shared.failed))
    },
  }
}

export class FailedError extends BaseError {
  override readonly name = 'Crew.FailedError'
  constructor(detail: string) {
    super({
      message: `A thread that trains beside others failed (${detail}).`,
      advice: 'Close other tabs if memory is short, and start again.',
    })
  }
}
