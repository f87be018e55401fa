// Starts the tfjs WASM backend from bytes at hand, for workers that may not open a connection.
import { BaseError } from '../../../protocol/errors.ts'
import type * as Core from '@tensorflow/tfjs-core'

/** What `@tensorflow/tfjs-backend-wasm` satisfies. */
export type WasmPackage = {
  setWasmPaths(prefix: string, usePlatformFetch: boolean): void
}

/**
 * Selects the backend, by its SIMD build with threads where this page may have them, else by the one without. tfjs asks
 * its platform's `fetch` for the file; for that one moment the answer is `bytes` of that build.
 */
export async function start(
  tf: typeof Core,
  wasm: WasmPackage,
  bytes: Readonly<Record<'alone' | 'threaded', Uint8Array<ArrayBuffer>>>,
): Promise<void> {
  const threaded = await tf.env().getAsync('WASM_HAS_MULTITHREAD_SUPPORT')
  if (!(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT'))) throw new UnsupportedError()
  const { platform } = tf.env()
  const usual = platform.fetch
  platform.fetch = () => Promise.resolve(new Response(threaded ? bytes.threaded : bytes.alone))
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
