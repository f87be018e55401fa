import { describe, expect, it } from 'vitest'
import * as Choose from './choose.ts'

const wasm: Choose.Measured = {
  backend: 'wasm',
  threads: 1,
  samplesPerSecond: 9000,
  adapter: 'processor',
  software: false,
}
const cpu: Choose.Measured = {
  backend: 'cpu',
  threads: 1,
  samplesPerSecond: 2000,
  adapter: 'processor',
  software: false,
}
const gpu: Choose.Measured = {
  backend: 'webgpu',
  threads: 1,
  samplesPerSecond: 90_000,
  adapter: 'nvidia',
  software: false,
}
const software: Choose.Measured = { ...gpu, adapter: 'google swiftshader', software: true }

const four = (samplesPerSecond: number): Choose.Measured => ({ ...wasm, threads: 4, samplesPerSecond })

describe('choose', () => {
  it('takes the fastest and says so', () => {
    expect(Choose.choose([wasm, gpu, cpu], [])).toEqual({ ...gpu, reason: 'WebGPU is the fastest of 3.' })
  })

  it('says why the others do not count', () => {
    const refused: readonly Choose.Refused[] = [
      { backend: 'cpu', because: 'is not available' },
      { backend: 'webgpu', because: Choose.pretends(software.adapter) },
    ]
    expect(Choose.choose([wasm], refused)).toEqual({
      ...wasm,
      reason:
        'WebAssembly is the only one that works here; Plain JavaScript is not available; WebGPU was not measured, since google swiftshader is a processor, not a GPU.',
    })
    expect(Choose.choose([software], [])?.backend).toBe('webgpu')
    expect(Choose.choose([], refused)).toBeUndefined()
  })

  it('takes more threads where they are a tenth faster, and says so', () => {
    const faster = Choose.choose([wasm, four(12_000), cpu], [])
    expect(faster).toEqual({ ...four(12_000), reason: 'WebAssembly on 4 threads is the fastest of 2.' })
    const hardly = Choose.choose([wasm, four(9500), cpu], [])
    expect(hardly?.threads).toBe(1)
    expect(hardly?.reason).toBe('WebAssembly is the fastest of 2; 4 threads made it no faster.')
  })

  it('honours what was asked for, with a warning', () => {
    expect(Choose.forced([cpu], []).reason).toBe('Plain JavaScript was asked for.')
    expect(Choose.forced([software], []).reason).toContain('not a GPU')
    expect(Choose.forced([wasm, four(12_000)], []).reason).toBe('WebAssembly on 4 threads was asked for.')
    const refused = { backend: 'wasm', because: 'is not available on 4 threads' } as const
    expect(Choose.forced([wasm], [refused]).reason).toBe(
      'WebAssembly was asked for; WebAssembly is not available on 4 threads.',
    )
  })
})
