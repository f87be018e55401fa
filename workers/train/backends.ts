// The engines of this browser, started one at a time. Only the train worker imports this.
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-core/dist/register_all_gradients'
import * as wasm from '@tensorflow/tfjs-backend-wasm'
import wasmBytes from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url&inline'
import '@tensorflow/tfjs-backend-cpu'
import type { Backend } from '../api.ts'
import type { Engine, Engines } from './engines.ts'
import { UnavailableError } from './errors.ts'
import * as Wasm from '../tensors/wasm.ts'
import * as Tfjs from './tfjs.ts'
import * as Webgpu from './webgpu/engine.ts'

/** Selects a backend for everything tfjs computes from now on, starting it at first. */
async function select(backend: Backend): Promise<void> {
  try {
    if (backend === 'wasm') await Wasm.start(tf, wasm, Wasm.inlined(wasmBytes))
    else if (!(await tf.setBackend(backend))) throw new Error('tfjs refused it')
  } catch (cause) {
    throw new UnavailableError(backend, cause)
  }
}

/** Forgets a backend with everything it holds, so that the next `select` starts it afresh. */
function forget(backend: Backend): void {
  const factory = tf.findBackendFactory(backend)
  tf.removeBackend(backend)
  tf.registerBackend(backend, factory)
}

function engine(backend: Backend): Engine {
  return {
    device: () => Promise.resolve({ description: 'processor', software: false }),
    start: async (settings) => {
      await select(backend)
      return Tfjs.start(tf, settings)
    },
    lost: () => new Promise(() => undefined),
    forget: () => {
      forget(backend)
    },
  }
}

export const engines: Engines = { webgpu: Webgpu.create(), wasm: engine('wasm'), cpu: engine('cpu') }
