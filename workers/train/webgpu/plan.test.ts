import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type * as Model from '../../../protocol/model.ts'
import * as Conformance from '../../../test/conformance.ts'
import * as Plan from './plan.ts'
import type * as Stage from './stage.ts'

const cnn: Model.Spec = {
  ...{ template: 'cnn', height: 28, width: 28, channels: 1, hidden: [128], classes: 10 },
  convolutions: [
    { filters: 24, kernel: 5, stride: 1, padding: 'valid', pool: 2 },
    { filters: 32, kernel: 3, stride: 1, padding: 'valid', pool: 2 },
  ],
}
const machine = fc.record<Stage.Machine>({
  threads: fc.constantFrom(1, 64, 8192),
  workgroup: fc.constantFrom(16, 64),
  tile: fc.constantFrom(8, 16),
  samples: fc.integer({ min: 1, max: 300 }),
})

describe('the plan of a step', () => {
  it('has at most 30 kernels for a network of two convolutions', () => {
    fc.assert(
      fc.property(machine, (of) => {
        expect(Plan.plan(cnn, of).kernels.length).toBeLessThanOrEqual(30)
      }),
    )
  })

  it.each(Object.entries(Conformance.models))('gives each kernel buffers and work: %s', (_, spec) => {
    fc.assert(
      fc.property(machine, (of) => {
        const { kernels, buffers } = Plan.plan(spec, of)
        for (const { buffers: bound, groups, code } of kernels) {
          for (const name of bound) expect(buffers.get(name)).toBeGreaterThan(0)
          expect(new Set(bound).size).toBe(bound.length)
          // Devices need not offer more than 8.
          expect(bound.length).toBeLessThanOrEqual(8)
          expect(groups(of.samples)).toBeGreaterThanOrEqual(groups(1))
          expect(groups(1)).toBeGreaterThan(0)
          expect(code).not.toMatch(/undefined|NaN|\d\.\d+u|\[object/)
        }
      }),
      { numRuns: 20 },
    )
  })
})
