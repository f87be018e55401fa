// The engines of this browser, started one at a time. Only the train worker imports this.
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-core/dist/register_all_gradients'
import '@tensorflow/tfjs-backend-cpu'
import relaxed from '../tensors/kernels/index.ts?relaxed'
import strict from '../tensors/kernels/index.ts?strict'
import * as Kernels from '../tensors/kernels.ts'
import type { Engine, Engines } from './engines.ts'
import { UnavailableError } from './errors.ts'
import * as Tfjs from './tfjs.ts'
import * as Crew from './threads/crew.ts'
import * as Wasm from './wasm.ts'
import * as Webgpu from './webgpu/engine.ts'

/** TensorFlow.js in plain JavaScript: what the others are checked against, and what is left where neither runs. */
const reference: Engine = {
  device: () => Promise.resolve({ description: 'processor', software: false }),
  start: async (settings) => {
    if (!(await tf.setBackend('cpu'))) throw new UnavailableError('cpu')
    return Tfjs.start(tf, settings)
  },
  lost: () => new Promise(() => undefined),
  forget: () => undefined,
}

/** Workers inside this one: the bundler must find their address in so many words. */
const crew = Crew.create(
  () => new Worker(new URL('./threads/worker.ts', import.meta.url), { type: 'module', name: 'thread' }),
)

export const engines: Engines = {
  webgpu: Webgpu.create(),
  wasm: Wasm.engine(() => [relaxed, strict].map(Kernels.inlined), crew),
  cpu: reference,
}

/** What scoring computes with, so that features are the same here and there. */
export function strictKernels(): Promise<WebAssembly.Module> {
  return Kernels.compile([Kernels.inlined(strict)])
}
