// The WebAssembly engine on several threads, in a worker: pages may not wait for threads.
import * as Comlink from 'comlink'
import type * as Model from '../protocol/model.ts'
import type { Batch } from '../workers/tensors/batches.ts'
import relaxed from '../workers/tensors/kernels/index.ts?relaxed'
import strict from '../workers/tensors/kernels/index.ts?strict'
import * as Kernels from '../workers/tensors/kernels.ts'
import { engines } from '../workers/train/backends.ts'
import * as Engine from '../workers/train/engines.ts'
import * as Crew from '../workers/train/threads/crew.ts'
import * as Trainer from '../workers/train/trainer.ts'
import * as TrainStep from '../workers/train/trainStep.ts'
import * as Wasm from '../workers/train/wasm.ts'
import * as Conformance from './conformance.ts'

/** More than a small machine has, and than some batches have samples. */
const threads = 3
/** By how much steps are held up that shall not be chosen, in ms: longer than any takes. */
const delay = 300

const real = Crew.create(
  () => new Worker(new URL('../workers/train/threads/worker.ts', import.meta.url), { type: 'module' }),
)

/** Shifts that began, and gradients that others than the caller found. */
const counts = { started: 0, found: 0 }
const crew: Crew.Crew = {
  most: threads,
  start: async (...of) => {
    const shift = await real.start(...of)
    counts.started++
    const found = function* () {
      for (const each of shift.found()) {
        if (each) counts.found++
        yield each
      }
    }
    return { ...shift, found }
  },
}
const builds = () => [relaxed, strict].map(Kernels.inlined)
const wasm = Wasm.engine(builds, crew)
const engine = Engine.on(wasm, threads)

const threaded = {
  /** What the choice is of one thread and several where steps on one, or on several, are held up. */
  probe: (slow: 'alone' | 'together') => {
    const start: Engine.Engine['start'] = async (settings) => {
      const steps = await wasm.start(settings)
      if ((settings.threads ?? 1) > 1 !== (slow === 'together')) return steps
      const step = (batch: Batch) => {
        for (const until = performance.now() + delay; performance.now() < until;);
        steps.step(batch)
      }
      return { ...steps, step }
    }
    return Trainer.create({ ...engines, wasm: { ...wasm, start } }).probe('wasm')
  },
  gradient: (spec: Model.Spec, on: Batch) => Conformance.gradient(engine, spec, on),
  losses: (spec: Model.Spec) => Conformance.losses(engine, spec),
  counts: () => ({ ...counts, isolated: globalThis.crossOriginIsolated }),
  /**
   * How often memory grew in so many steps of batches of up to so many samples, and the weights after them. Counts in the
   * caller's realm, not in those of the other threads, which lay a model out as the caller does.
   */
  walk: async (spec: Model.Spec, count: number, most = 8) => {
    const initial = TrainStep.resting(Conformance.weights(spec))
    const settings = { spec, learningRate: 0.01, momentum: 0.9, batchSize: most, initial }
    const steps = await engine.start(settings)
    let grown = 0
    const { prototype } = WebAssembly.Memory
    const { grow } = prototype
    prototype.grow = function (this: WebAssembly.Memory, pages) {
      grown++
      return grow.call(this, pages)
    }
    try {
      for (let i = 0; i < count; i++) steps.step(Conformance.batch(spec, most - (i % most), i))
      return { grown, weights: (await steps.state()).weights }
    } finally {
      prototype.grow = grow
      steps.dispose()
    }
  },
  /** Takes two steps with threads that begin and do nothing; gives the names of what was thrown, and how many began. */
  bereft: async (spec: Model.Spec) => {
    const script = URL.createObjectURL(new Blob([`onmessage = () => postMessage('waiting')`]))
    let opened = 0
    const open = () => {
      opened++
      return new Worker(script)
    }
    const silent = Engine.on(Wasm.engine(builds, Crew.create(open)), threads)
    const thrown: string[] = []
    for (let i = 0; i < 2; i++) {
      const step = Conformance.gradient(silent, spec, Conformance.batch(spec, 8))
      await step.catch((error: unknown) => thrown.push(error instanceof Error ? error.name : String(error)))
    }
    return { thrown, opened }
  },
}

export type Threaded = typeof threaded

Comlink.expose(threaded)
