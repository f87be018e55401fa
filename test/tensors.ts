// tfjs in Node, for tests and for the plaintext comparison: the very engine of the workers, without a browser.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type * as Core from '@tensorflow/tfjs-core'
import type * as WasmBackend from '@tensorflow/tfjs-backend-wasm'
import type { Tensors } from '../workers/tensors/tensors.ts'
import type { Engine } from '../workers/train/engines.ts'
import * as Tfjs from '../workers/train/tfjs.ts'
import * as Wasm from '../workers/tensors/wasm.ts'

/** Starts one of the backends that Node has; both share one tfjs, so the last one started is the selected one. */
export async function start(backend: 'wasm' | 'cpu'): Promise<Tensors> {
  const require = createRequire(import.meta.url)
  const tf: typeof Core = require('@tensorflow/tfjs-core')
  tf.env().set('PROD', true)
  require('@tensorflow/tfjs-backend-cpu')
  if (backend === 'cpu') await tf.setBackend('cpu')
  else {
    const wasm: typeof WasmBackend = require('@tensorflow/tfjs-backend-wasm')
    const path = require.resolve('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm')
    await Wasm.start(tf, wasm, new Uint8Array(readFileSync(path)))
  }
  return tf
}

/** The same as an engine. */
export async function engine(backend: 'wasm' | 'cpu'): Promise<Engine> {
  const tf = await start(backend)
  return {
    device: () => Promise.resolve({ description: 'processor', software: false }),
    start: (settings) => Promise.resolve(Tfjs.start(tf, settings)),
    lost: () => new Promise(() => undefined),
    forget: () => undefined,
  }
}
