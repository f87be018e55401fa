// A thread beside the train worker's own: adds up the gradients of its share of each batch, for one model after another.
import * as Kernels from '../../tensors/kernels.ts'
import * as Learner from '../learner.ts'
import * as Shared from './shared.ts'

/** What a thread is told to begin with. It answers `waiting` once it waits for the first step, or what went wrong. */
export type Work = {
  readonly module: WebAssembly.Module
  readonly buffer: SharedArrayBuffer
  readonly layout: Shared.Layout
  readonly thread: number
}

self.onmessage = async ({ data }: MessageEvent<Work>) => {
  const { module, buffer, layout, thread } = data
  const shared = Shared.view(buffer, layout)
  try {
    const kernels = await Kernels.start(module)
    const learner = Learner.create(kernels, layout.spec, Shared.most(layout), layout.threads)
    self.postMessage('waiting')
    work(learner, shared, layout, thread)
  } catch (error) {
    self.postMessage(String(error))
    Shared.tell(shared, thread, Shared.failed)
  }
}

/** Step after step, until told that there are no more. */
function work(learner: Learner.Learner, shared: Shared.Shared, layout: Shared.Layout, thread: number): void {
  for (let step = 1; ; step++) {
    Atomics.wait(shared.step, 0, step - 1)
    if (hasEnded(shared)) return
    const [samples = 0] = shared.samples
    const own = Shared.share({ ...shared, samples }, layout, thread)
    if (own.samples > 0) {
      learner.weights.set(shared.weights)
      const parts = learner.gather(own)
      let part = parts.next()
      for (; !part.done; part = parts.next()) if (hasEnded(shared)) return
      shared.losses[thread - 1] = part.value
      // At this rate and without momentum, a velocity is the gradient.
      learner.descend(1, 0)
      shared.gradients[thread - 1]?.set(learner.velocity)
    }
    Shared.tell(shared, thread, step)
  }
}

function hasEnded({ step }: Shared.Shared): boolean {
  return Atomics.load(step, 0) === Shared.ended
}
