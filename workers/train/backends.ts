// The engines of this browser, started one at a time. Only the train worker imports this.
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-core/dist/register_all_gradients'
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu'
import '@tensorflow/tfjs-backend-cpu'
import relaxed from '../tensors/kernels/index.ts?relaxed'
import strict from '../tensors/kernels/index.ts?strict'
import * as Kernels from '../tensors/kernels.ts'
import type { Engine, Engines } from './engines.ts'
import { DeviceLostError, UnavailableError } from './errors.ts'
import * as Tfjs from './tfjs.ts'
import * as Wasm from './wasm.ts'

/** Selects a backend for everything tfjs computes from now on, starting it at first. */
async function select(backend: 'webgpu' | 'cpu'): Promise<void> {
  try {
    if (!(await tf.setBackend(backend))) throw new Error('tfjs refused it')
  } catch (cause) {
    throw new UnavailableError(backend, cause)
  }
}

/** Forgets a backend with everything it holds, so that the next `select` starts it afresh. */
function forget(backend: 'webgpu' | 'cpu'): void {
  const factory = tf.findBackendFactory(backend)
  tf.removeBackend(backend)
  tf.registerBackend(backend, factory)
}

/** What the browser says of the GPU that tfjs will ask it for. */
async function adapter() {
  const here: { readonly gpu?: GPU } = navigator
  const found = await here.gpu?.requestAdapter({ powerPreference: 'high-performance' })
  if (!found) throw new UnavailableError('webgpu')
  const { vendor, architecture, device, description, isFallbackAdapter } = found.info
  const words = [vendor, architecture, device, description].filter((word) => word !== '')
  const text = words.join(' ')
  const software = isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|microsoft basic|software/i.test(text)
  return { description: text === '' ? 'unnamed GPU' : text, software }
}

/** Rejects when the GPU behind the selected backend is lost; never settles for backends that cannot be lost. */
function lost(): Promise<never> {
  const selected = tf.backend()
  if (!(selected instanceof WebGPUBackend)) return new Promise(() => undefined)
  return selected.device.lost.then((how) => {
    throw new DeviceLostError(how.message)
  })
}

function tfjs(backend: 'webgpu' | 'cpu'): Engine {
  return {
    device: () =>
      backend === 'webgpu' ? adapter() : Promise.resolve({ description: 'processor', software: false }),
    start: async (settings) => {
      await select(backend)
      return Tfjs.start(tf, settings)
    },
    lost,
    forget: () => {
      forget(backend)
    },
  }
}

export const engines: Engines = {
  webgpu: tfjs('webgpu'),
  wasm: Wasm.engine(() => [relaxed, strict].map(Kernels.inlined)),
  cpu: tfjs('cpu'),
}

/** What scoring computes with, so that features are the same here and there. */
export function strictKernels(): Promise<WebAssembly.Module> {
  return Kernels.compile([Kernels.inlined(strict)])
}
