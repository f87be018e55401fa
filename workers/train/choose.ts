// Turns what was measured into a choice and a sentence that says why.
import type { Backend, ProbeResult } from '../api.ts'

export type Measured = {
  readonly backend: Backend
  readonly samplesPerSecond: number
  readonly adapter: string
  readonly software: boolean
}

export type Refused = {
  readonly backend: Backend
  /** Why it does not count, as a clause. */
  readonly because: string
}

/** The fastest that is what it claims to be; a software GPU only when nothing else runs. */
export function choose(measured: readonly Measured[], refused: readonly Refused[]): ProbeResult | undefined {
  const order = measured.toSorted((a, b) => {
    return Number(a.software) - Number(b.software) || b.samplesPerSecond - a.samplesPerSecond
  })
  const [best, ...others] = order
  if (!best) return undefined
  const reasons = [
    others.length === 0 ? 'the only one that works here' : `the fastest of ${others.length + 1}`,
    ...others.filter((other) => other.software).map((other) => `${other.adapter} is a processor, not a GPU`),
    ...refused.map((other) => `${other.backend} ${other.because}`),
  ]
  return { ...best, reason: `${capitalised(best.backend)} is ${reasons.join('; ')}.` }
}

/** A choice that somebody made instead. */
export function forced(measured: Measured): ProbeResult {
  const warning = measured.software ? `; ${measured.adapter} is a processor, not a GPU` : ''
  return { ...measured, reason: `${capitalised(measured.backend)} was asked for${warning}.` }
}

export function capitalised(backend: Backend): string {
  return { webgpu: 'WebGPU', wasm: 'WebAssembly', cpu: 'Plain JavaScript' }[backend]
}
