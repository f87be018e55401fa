import { describe, expect, it } from 'vitest'
import * as Choose from './choose.ts'

const wasm: Choose.Measured = {
  backend: 'wasm',
  samplesPerSecond: 9000,
  adapter: 'processor',
  software: false,
}
const cpu: Choose.Measured = { backend: 'cpu', samplesPerSecond: 2000, adapter: 'processor', software: false }
const gpu: Choose.Measured = {
  backend: 'webgpu',
  samplesPerSecond: 90_000,
  adapter: 'nvidia',
  software: false,
}
const software: Choose.Measured = { ...gpu, adapter: 'google swiftshader', software: true }

describe('choose', () => {
  it('takes the fastest and says so', () => {
    expect(Choose.choose([wasm, gpu, cpu], [])).toEqual({ ...gpu, reason: 'WebGPU is the fastest of 3.' })
  })

  it('does not prefer a software GPU, however fast', () => {
    expect(Choose.choose([software, wasm], [{ backend: 'cpu', because: 'is not available' }])).toEqual({
      ...wasm,
      reason:
        'WebAssembly is the fastest of 2; google swiftshader is a processor, not a GPU; cpu is not available.',
    })
    expect(Choose.choose([software], [])?.backend).toBe('webgpu')
    expect(Choose.choose([], [])).toBeUndefined()
  })

  it('honours what was asked for, with a warning', () => {
    expect(Choose.forced(cpu).reason).toBe('Plain JavaScript was asked for.')
    expect(Choose.forced(software).reason).toContain('not a GPU')
  })
})
