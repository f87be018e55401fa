// Turns what was measured into a choice and a sentence that says why.
import type { Backend, ProbeResult } from './api.ts'

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

/** The fastest. */
export function choose(measured: readonly Measured[], refused: readonly Refused[]): ProbeResult | undefined {
  const [best, ...others] = measured.toSorted((a, b) => b.samplesPerSecond - a.samplesPerSecond)
  if (!best) return undefined
  const reasons = [
    others.length === 0 ? 'the only one that works here' : `the fastest of ${others.length + 1}`,
    ...refused.map((other) => `${capitalised(other.backend)} ${other.because}`),
  ]
  return { ...best, reason: `${capitalised(best.backend)} is ${reasons.join('; ')}.` }
}

/** Why an adapter is not measured, as a clause. */
export function pretends(adapter: string): string {
  return `was not measured, since ${adapter} is a processor, not a GPU`
}

/** A choice that somebody made instead. */
export function forced(measured: Measured): ProbeResult {
  const warning = measured.software ? `; ${measured.adapter} is a processor, not a GPU` : ''
  return { ...measured, reason: `${capitalised(measured.backend)} was asked for${warning}.` }
}

export function capitalised(backend: Backend): string {
  return { webgpu: 'WebGPU', wasm: 'WebAssembly', cpu: 'Plain JavaScript' }[backend]
}
