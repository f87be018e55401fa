// The WebAssembly engine in Node, for tests and for the plaintext comparison: the very kernels of the workers.
import * as AssemblyScript from '../scripts/assemblyscript.ts'
import * as Kernels from '../workers/tensors/kernels.ts'
import type { Engine } from '../workers/train/engines.ts'
import * as Wasm from '../workers/train/wasm.ts'

/** Trains as most browsers do, or by the kernels that are the same everywhere. */
export function engine(build: AssemblyScript.Build = 'relaxed'): Engine {
  return Wasm.engine(() => [AssemblyScript.compile(build)])
}

/** What scoring computes with. */
export function kernels(): Promise<WebAssembly.Module> {
  return Kernels.compile([AssemblyScript.compile('strict')])
}
