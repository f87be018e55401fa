// Starts the tfjs WASM backend from bytes at hand, for workers that may not open a connection.
import { BaseError } from '../../../protocol/errors.ts'
import type * as Core from '@tensorflow/tfjs-core'

/** What `@tensorflow/tfjs-backend-wasm` satisfies. */
export type WasmPackage = {
  setWasmPaths(prefix: string, usePlatformFetch: boolean): void
}

/**
 * Selects the backend, compiled from the SIMD build and run on one thread, which makes its sums the same on every
 * machine. tfjs asks its platform's `fetch` for the file; for that one moment the answer is `bytes`.
 */
export async function start(
  tf: typeof Core,
  wasm: WasmPackage,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<void> {
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false)
  if (!(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT'))) throw new UnsupportedError()
  const { platform } = tf.env()
  const usual = platform.fetch
  platform.fetch = () => Promise.resolve(new Response(bytes))
  wasm.setWasmPaths('bundled/', true)
  try {
    if (!(await tf.setBackend('wasm'))) throw new UnsupportedError()
  } finally {
    platform.fetch = usual
  }
}

/** The bytes of a `data:` address, as bundlers inline them; `fetch` would count as a connection. */
export function inlined(address: string): Uint8Array<ArrayBuffer> {
  const text = atob(address.slice(address.indexOf(',') + 1))
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

export class UnsupportedError extends BaseError {
  override readonly name = 'Wasm.UnsupportedError'
  constructor() {
    super({
      message: 'This browser cannot run WebAssembly with SIMD.',
      advice: 'Update the browser, or use another one.',
    })
  }
}
