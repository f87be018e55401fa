// The backends this browser has, started one at a time. Only the train worker imports this.
import * as tf from '@tensorflow/tfjs-core'
import * as wasm from '@tensorflow/tfjs-backend-wasm'
import wasmBytes from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url&inline'
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu'
import '@tensorflow/tfjs-backend-cpu'
import type { Backend } from '../api.ts'
import { DeviceLostError, UnavailableError } from './errors.ts'
import * as Wasm from '../tensors/wasm.ts'

export type Adapter = {
  readonly description: string
  /** A CPU that poses as a GPU. */
  readonly software: boolean
}

/** Selects a backend for everything tfjs computes from now on, starting it at first. */
export async function select(backend: Backend): Promise<void> {
  try {
    if (backend === 'wasm') await Wasm.start(tf, wasm, Wasm.inlined(wasmBytes))
    else if (!(await tf.setBackend(backend))) throw new Error('tfjs refused it')
  } catch (cause) {
    throw new UnavailableError(backend, cause)
  }
}

/** Forgets a backend with everything it holds, so that the next `select` starts it afresh. */
export function forget(backend: Backend): void {
  const factory = tf.findBackendFactory(backend)
  tf.removeBackend(backend)
  tf.registerBackend(backend, factory)
}

/** What the browser says of the GPU that tfjs will ask it for; undefined where it offers none. */
export async function adapter(): Promise<Adapter | undefined> {
  const here: { readonly gpu?: GPU } = navigator
  const found = await here.gpu?.requestAdapter({ powerPreference: 'high-performance' })
  if (!found) return undefined
  const { vendor, architecture, device, description, isFallbackAdapter } = found.info
  const words = [vendor, architecture, device, description].filter((word) => word !== '')
  const text = words.join(' ')
  const software = isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|microsoft basic|software/i.test(text)
  return { description: text === '' ? 'unnamed GPU' : text, software }
}

/** Rejects when the GPU behind the selected backend is lost; never settles for backends that cannot be lost. */
export function lost(): Promise<never> {
  const selected = tf.backend()
  if (!(selected instanceof WebGPUBackend)) return new Promise(() => undefined)
  return selected.device.lost.then((how) => {
    throw new DeviceLostError(how.message)
  })
}

export { tf }
