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

  it('honours what was asked for, with a warning', () => {
    expect(Choose.forced(cpu).reason).toBe('Plain JavaScript was asked for.')
    expect(Choose.forced(software).reason).toContain('not a GPU')
  })
})
