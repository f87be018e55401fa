// Turns what was measured into a choice and a sentence that says why.
import type { Backend, ProbeResult } from './api.ts'

export type Measured = {
  readonly backend: Backend
  readonly threads: number
  readonly samplesPerSecond: number
  readonly adapter: string
  readonly software: boolean
}

export type Refused = {
  readonly backend: Backend
  /** Why it does not count, as a clause. */
  readonly because: string
}

/** By how much more threads have to be faster to be worth their heat. */
const worthwhile = 1.1

/** The fastest, on one thread unless more make it faster by a tenth. */
export function choose(measured: readonly Measured[], refused: readonly Refused[]): ProbeResult | undefined {
  const best = fastest(measured)
  if (!best) return undefined
  const backends = new Set(measured.map(({ backend }) => backend)).size
  const reasons = [
    backends === 1 ? 'the only one that works here' : `the fastest of ${backends}`,
    ...others(best, measured),
    ...refused.map(because),
  ]
  return { ...best, reason: `${named(best)} is ${reasons.join('; ')}.` }
}

function fastest(measured: readonly Measured[]): Measured | undefined {
  const worth = ({ threads, samplesPerSecond }: Measured) => samplesPerSecond / (threads > 1 ? worthwhile : 1)
  return measured.toSorted((a, b) => worth(b) - worth(a))[0]
}

/** Why it is on one thread where it could have had more, as a clause. */
function others(best: Measured, measured: readonly Measured[]): readonly string[] {
  const more = measured.find(({ backend, threads }) => backend === best.backend && threads > best.threads)
  return more ? [`${more.threads} threads made it no faster`] : []
}

function named({ backend, threads }: Measured): string {
  return threads > 1 ? `${capitalised(backend)} on ${threads} threads` : capitalised(backend)
}

/** Why an adapter is not measured, as a clause. */
export function pretends(adapter: string): string {
  return `was not measured, since ${adapter} is a processor, not a GPU`
}

/** A choice that somebody made instead, of one or more threads; at least one is measured. */
export function forced(measured: readonly Measured[], refused: readonly Refused[]): ProbeResult {
  const best = fastest(measured)
  if (!best) throw new RangeError('nothing was measured')
  const clauses = [
    'was asked for',
    ...(best.software ? [`${best.adapter} is a processor, not a GPU`] : []),
    ...others(best, measured),
    ...refused.map(because),
  ]
  return { ...best, reason: `${named(best)} ${clauses.join('; ')}.` }
}

function because({ backend, because: clause }: Refused): string {
  return `${capitalised(backend)} ${clause}`
}

export function capitalised(backend: Backend): string {
  return { webgpu: 'WebGPU', wasm: 'WebAssembly', cpu: 'Plain JavaScript' }[backend]
}
