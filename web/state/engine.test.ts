import { expect, test } from 'vitest'
import * as Engine from './engine.ts'

test('says on what and with which engine a device of an offer works', () => {
  expect(Engine.adapterWords('wasm: processor')).toBe('on its processor with WebAssembly')
  expect(Engine.adapterWords('webgpu: nvidia ampere')).toBe('on nvidia ampere with WebGPU')
})

test('repeats what an offer says in words of its own, and says where it says nothing', () => {
  expect(Engine.adapterWords('a quick one')).toBe('on a quick one')
  expect(Engine.adapterWords('')).toBe('on a device that it does not name')
})
