import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import * as He from './he.ts'
import * as Prng from './prng.ts'
import * as Update from './update.ts'

const rules: Update.Rules = {
  he: He.parametersFor(16, 64),
  clip: 2,
  range: Update.rangeFor(2, 400),
  sampleCap: 1000,
}
const weights = fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 400, maxLength: 400 })

test('exports', () => {
  expect(Object.keys(Update).sort()).toMatchInlineSnapshot(`
    [
      "NormError",
      "TrainedError",
      "assertNorm",
      "difference",
      "next",
      "quantise",
      "randomBytes",
      "rangeFor",
      "step",
      "weight",
      "zeroPoint",
    ]
  `)
})

test('an update is weighted by capped samples and never longer than the clip', () => {
  const global = Float32Array.of(1, 2)
  expect([...Update.difference(Float32Array.of(2, 2), global, 500, rules)]).toEqual([0.5, 0])
  expect([...Update.difference(Float32Array.of(2, 2), global, 5000, rules)]).toEqual([1, 0])
  expect([...Update.difference(Float32Array.of(31, 42), global, 5000, rules)]).toEqual([1.2, 1.6])
})

test('weights that are not numbers, or too few, never become an update', () => {
  const global = Float32Array.of(1, 2)
  expect(() => Update.difference(Float32Array.of(NaN, 1), global, 1, rules)).toThrow(Update.TrainedError)
  expect(() => Update.difference(Float32Array.of(Infinity, 1), global, 1, rules)).toThrow(Update.TrainedError)
  expect(() => Update.difference(Float32Array.of(1), global, 1, rules)).toThrow(Update.TrainedError)
})

test('levels stay in their bits and within one step of what they stand for', () => {
  fc.assert(
    fc.property(fc.constantFrom(8, 16), weights, fc.integer(), (valueBits, values, seed) => {
      const narrow = { ...rules, he: He.parametersFor(valueBits, 8) }
      const update = Float64Array.from(values)
      const levels = Update.quantise(update, narrow, draws(update.length, seed))
      const zero = Update.zeroPoint(narrow.he)
      const step = Update.step(narrow)
      levels.forEach((level, i) => {
        expect(level).toBeLessThan(2 ** valueBits)
        const inside = Math.max(-narrow.range, Math.min(narrow.range, update[i] ?? 0))
        expect(Math.abs((level - zero) * step - inside)).toBeLessThan(step * (1 + 1e-9))
      })
    }),
  )
})

test('rounding is right on average', () => {
  const step = Update.step(rules)
  const update = new Float64Array(20_000).fill(3.25 * step)
  const levels = Update.quantise(update, rules, draws(update.length, 7))
  const mean = levels.reduce((total, level) => total + level - Update.zeroPoint(rules.he), 0) / update.length
  expect(Math.abs(mean - 3.25)).toBeLessThan(0.02)
})

test('the next model is the weighted average, to a step', () => {
  fc.assert(
    fc.property(fc.array(weights, { minLength: 1, maxLength: 6 }), fc.integer(), (locals, seed) => {
      const global = new Float32Array(400).fill(0.25)
      const samples = locals.map((_, i) => 150 + i * 400)
      const updates = locals.map((local, i) => {
        const scaled = Float32Array.from(local, (each) => 0.25 + each * 0.05)
        return Update.difference(scaled, global, samples[i] ?? 0, rules)
      })
      const levels = new Uint32Array(400)
      updates.forEach((update, k) =>
        Update.quantise(update, rules, draws(400, seed + k)).forEach((level, i) => {
          levels[i] = (levels[i] ?? 0) + level
        }),
      )
      const sum = { levels, samples }
      expect(() => Update.assertNorm(sum, rules)).not.toThrow()
      const total = samples.reduce((all, each) => all + Update.weight(each, rules.sampleCap), 0)
      Update.next(global, [sum], rules).forEach((next, i) => {
        const exact = 0.25 + updates.reduce((all, update) => all + (update[i] ?? 0), 0) / total
        expect(Math.abs(next - exact)).toBeLessThan((locals.length * Update.step(rules)) / total + 1e-6)
      })
    }),
    { numRuns: 30 },
  )
})

test('the next model is the same float32 in one cohort or several', () => {
  const global = Float32Array.from({ length: 400 }, (_, i) => Math.sin(i))
  const zero = Update.zeroPoint(rules.he)
  const a = { levels: new Uint32Array(400).map((_, i) => 2 * zero + i), samples: [10, 2000] }
  const b = { levels: new Uint32Array(400).map((_, i) => zero - i), samples: [700] }
  const both = { levels: a.levels.map((level, i) => level + (b.levels[i] ?? 0)), samples: [10, 2000, 700] }
  expect(Update.next(global, [a, b], rules)).toEqual(Update.next(global, [both], rules))
})

test('a sum too long for its updates is discarded', () => {
  const zero = Update.zeroPoint(rules.he)
  const most = Math.floor(rules.clip / Math.sqrt(400) / Update.step(rules))
  const honest = { levels: new Uint32Array(400).fill(3 * (zero + most)), samples: [1, 2, 3] }
  expect(() => Update.assertNorm(honest, rules)).not.toThrow()
  const spoilt = { levels: new Uint32Array(400).fill(3 * (zero + most + 5)), samples: [1, 2, 3] }
  expect(() => Update.assertNorm(spoilt, rules)).toThrow(Update.NormError)
})

function draws(length: number, seed: number): Uint8Array {
  const prng = Prng.from(seed >>> 0)
  return Uint8Array.from({ length: length * Update.randomBytes }, () => prng() & 0xff)
}
