// The engines that train, in words and as choices.
import type { Backend } from '../../workers/train/api.ts'

const names = { webgpu: 'WebGPU', wasm: 'WebAssembly', cpu: 'plain JavaScript' } satisfies Record<
  Backend,
  string
>

export const engines = [
  { value: '', text: 'Whichever is fastest' },
  { value: 'webgpu', text: names.webgpu },
  { value: 'wasm', text: names.wasm },
  { value: 'cpu', text: names.cpu },
]

export function engineWords(backend: Backend): string {
  return names[backend]
}

/** Undefined lets the measurement choose. */
export function backendFrom(value: string): Backend | undefined {
  return value === 'webgpu' || value === 'wasm' || value === 'cpu' ? value : undefined
}
