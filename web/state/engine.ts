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

/** What an offer says of its device, such as `wasm: processor`; somebody else's words where it is not that. */
export function adapterWords(adapter: string): string {
  if (adapter === '') return 'on a device that it does not name'
  const [, backend = '', device = ''] = /^(webgpu|wasm|cpu): (.+)$/.exec(adapter) ?? []
  const engine = backendFrom(backend)
  if (engine === undefined) return `on ${adapter}`
  return device === 'processor'
    ? `on its processor with ${names[engine]}`
    : `on ${device} with ${names[engine]}`
}

/** Undefined lets the measurement choose. */
export function backendFrom(value: string): Backend | undefined {
  return value === 'webgpu' || value === 'wasm' || value === 'cpu' ? value : undefined
}
