// The WebAssembly engine on several threads, in a worker: pages may not wait for threads.
import * as Comlink from 'comlink'
import type * as Model from '../protocol/model.ts'
import type { Batch } from '../workers/tensors/batches.ts'
import { engines } from '../workers/train/backends.ts'
import * as Engine from '../workers/train/engines.ts'
import * as Trainer from '../workers/train/trainer.ts'
import * as TrainStep from '../workers/train/trainStep.ts'
import * as Conformance from './conformance.ts'

/** More than a small machine has, and than some batches have samples. */
const threads = 3
const engine = Engine.on(engines.wasm, threads)

const threaded = {
  probe: () => Trainer.create({ ...engines, wasm: { ...engines.wasm, threads } }).probe('wasm'),
  gradient: (spec: Model.Spec, on: Batch) => Conformance.gradient(engine, spec, on),
  losses: (spec: Model.Spec) => Conformance.losses(engine, spec),
  /** How often memory grew in so many steps of batches of any size, and the weights after them. */
  walk: async (spec: Model.Spec, count: number) => {
    const initial = TrainStep.resting(Conformance.weights(spec))
    const settings = { spec, learningRate: 0.01, momentum: 0.9, batchSize: 8, initial }
    const steps = await engine.start(settings)
    let grown = 0
    const { prototype } = WebAssembly.Memory
    const { grow } = prototype
    prototype.grow = function (this: WebAssembly.Memory, pages) {
      grown++
      return grow.call(this, pages)
    }
    try {
      for (let i = 0; i < count; i++) steps.step(Conformance.batch(spec, 1 + (i % 8), i))
      return { grown, weights: (await steps.state()).weights }
    } finally {
      prototype.grow = grow
      steps.dispose()
    }
  },
}

export type Threaded = typeof threaded

Comlink.expose(threaded)
