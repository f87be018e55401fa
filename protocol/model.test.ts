import * as fc from 'fast-check'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import * as Model from './model.ts'
import * as Prng from './prng.ts'

const spec = fc
  .record({
    inputs: fc.integer({ min: 1, max: 40 }),
    hidden: fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 3 }),
    classes: fc.integer({ min: 2, max: 12 }),
  })
  .map(({ inputs, hidden, classes }): Model.Spec => {
    if (hidden.length === 0) return { template: 'softmax', inputs, classes }
    return { template: 'mlp', inputs, hidden, classes }
  })

describe('layers', () => {
  it('cover the flat weights without gaps', () => {
    fc.assert(
      fc.property(spec, (model) => {
        let end = 0
        for (const layer of Model.weighted(model)) {
          expect(layer.kernel).toBe(end)
          expect(layer.bias).toBe(end + layer.inputs * layer.outputs)
          end = layer.bias + layer.outputs
        }
        expect(end).toBe(Model.parameterCount(model))
      }),
    )
  })

  it('fill four ciphertexts of 8,192 values with 784-41-10, less the eight zeros', () => {
    expect(Model.parameterCount({ template: 'mlp', inputs: 784, hidden: [41], classes: 10 })).toBe(32_605)
  })
})

describe('initialise', () => {
  it('gives the same weights from the same seed, others from another', () => {
    const model: Model.Spec = { template: 'mlp', inputs: 784, hidden: [41], classes: 10 }
    const weights = Model.initialise(model, 1)
    expect(weights).toEqual(Model.initialise(model, 1))
    expect(weights).not.toEqual(Model.initialise(model, 2))
    expect([...weights.slice(0, 3)]).toMatchInlineSnapshot(`
      [
        0.08612732589244843,
        0.07151477783918381,
        0.009138968773186207,
      ]
    `)
    expect(Math.max(...weights)).toBeLessThanOrEqual(Math.sqrt(6 / 51))
    for (const layer of Model.weighted(model)) {
      const mean =
        weights.slice(layer.kernel, layer.bias).reduce((sum, each) => sum + each, 0) /
        (layer.inputs * layer.outputs)
      expect(Math.abs(mean)).toBeLessThan(0.03)
      expect(weights.slice(layer.bias, layer.bias + layer.outputs).every((each) => each === 0)).toBe(true)
    }
  })

  it('is accepted as weights, and nothing of another size or with holes is', () => {
    fc.assert(
      fc.property(spec, fc.nat(), (model, seed) => {
        const weights = Model.initialise(model, seed)
        Model.assertWeights(model, weights)
        expect(() => Model.assertWeights(model, weights.subarray(1))).toThrow(Model.WeightsError)
        weights[0] = Number.NaN
        expect(() => Model.assertWeights(model, weights)).toThrow(Model.WeightsError)
      }),
    )
  })
})

describe('schemas', () => {
  it('refuse an mlp without hidden layers, a softmax with some, and giants', () => {
    const good = { template: 'mlp', inputs: 4, hidden: [3], classes: 2 }
    expect(v.is(Model.specSchema, good)).toBe(true)
    expect(v.is(Model.specSchema, { ...good, hidden: [] })).toBe(false)
    expect(v.is(Model.specSchema, { ...good, template: 'softmax' })).toBe(false)
    expect(v.is(Model.specSchema, { ...good, inputs: 60_000, hidden: [60_000] })).toBe(false)
    const training = { epochs: 1, batchSize: 32, learningRate: 0.1, momentum: 0.9, seed: 1 }
    expect(v.is(Model.trainingSchema, training)).toBe(true)
    for (const wrong of [
      { momentum: 1 },
      { learningRate: 0 },
      { epochs: 0 },
      { batchSize: 1.5 },
      { learningRate: Number.NaN },
    ]) {
      expect(v.is(Model.trainingSchema, { ...training, ...wrong })).toBe(false)
    }
  })
})

describe('prng', () => {
  it('repeats itself, differs by stream, and permutes', () => {
    const take = (prng: Prng.Prng) => Array.from({ length: 4 }, prng)
    expect(take(Prng.from(7))).toEqual(take(Prng.from(7)))
    expect(take(Prng.from(7))).toMatchInlineSnapshot(`
      [
        2427842431,
        2917685297,
        1525832735,
        3836590155,
      ]
    `)
    expect(take(Prng.from(7, 1))).not.toEqual(take(Prng.from(7, 2)))
    expect(take(Prng.from(7, 1, 2))).not.toEqual(take(Prng.from(7, 2, 1)))
    expect(take(Prng.from(2 ** 40))).not.toEqual(take(Prng.from(0)))
    fc.assert(
      fc.property(fc.nat(300), fc.nat(), (count, seed) => {
        const order = Prng.permutation(count, Prng.from(seed))
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i))
      }),
    )
  })
})
