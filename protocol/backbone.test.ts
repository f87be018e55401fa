// A backbone's bytes are one model with one digest, and a head is told when they are not its own.
import { describe, expect, it } from 'vitest'
import * as Backbone from './backbone.ts'
import * as Codec from './codec.ts'
import * as Model from './model.ts'
import * as Prng from './prng.ts'

const convolution = { filters: 6, kernel: 3, stride: 1, padding: 'same', pool: 2 } as const
const models = {
  softmax: [{ template: 'softmax', inputs: 9, classes: 3 }, 9],
  mlp: [{ template: 'mlp', inputs: 9, hidden: [7, 5], classes: 3 }, 5],
  'cnn without hidden layers': [
    {
      ...{ template: 'cnn', height: 8, width: 6, channels: 2 },
      convolutions: [convolution],
      hidden: [],
      classes: 3,
    },
    4 * 3 * 6,
  ],
  'cnn with a hidden layer': [
    {
      ...{ template: 'cnn', height: 8, width: 6, channels: 2 },
      convolutions: [convolution],
      hidden: [11],
      classes: 3,
    },
    11,
  ],
  sequence: [
    {
      ...{ template: 'sequence', steps: 16, channels: 3 },
      convolutions: [convolution],
      hidden: [],
      classes: 3,
    },
    6,
  ],
} as const satisfies Record<string, readonly [Backbone.Backbone['model'], number]>

function weightsOf(model: Model.Spec): Float32Array<ArrayBuffer> {
  const prng = Prng.from(5)
  return Float32Array.from({ length: Model.parameterCount(model) }, () => Prng.unit(prng) - 0.5)
}

const [model] = models.mlp
const backbone: Backbone.Backbone = { model, weights: weightsOf(model) }
const encoded = Backbone.encode(backbone)
const head: Backbone.Head = {
  ...{ template: 'head', inputs: 9, features: 5, multiplyAdds: 63 + 35, hidden: [], classes: 2 },
  backbone: Backbone.digest(encoded),
}

describe('a backbone', () => {
  it.each(Object.entries(models))('survives its codec, and makes the features it should: %s', (_, each) => {
    const [model, features] = each
    const weights = weightsOf(model)
    expect(Backbone.decode(Backbone.encode({ model, weights }))).toEqual({ model, weights })
    expect(Backbone.features(model)).toBe(features)
  })

  it('has a digest that never changes', () => {
    expect(Backbone.digest(encoded)).toMatchInlineSnapshot(
      `"0xc38e6bdad6e3d42540315d4f7dbb5cf042934cf478ce7dcbb51a8d4506691922"`,
    )
  })

  it.each([
    ['a head', { model: { ...head, features: 9 } }, 'expected any template but head'],
    ['weights cut short', { weights: new Uint8Array(7) }, 'weights: expected 512 bytes, found 7'],
    ['another version', { v: 2 }, 'expected version 1'],
    ['unknown members', { secret: 1 }, 'secret'],
    ['layers that do not fit', { model: { ...model, hidden: [] } }, 'model.hidden: expected a hidden layer'],
  ])('refuses %s', (_, change, sentence) => {
    const good = { v: 1, model, weights: new Uint8Array(backbone.weights.buffer) }
    expect(Codec.encode(good)).toEqual(encoded)
    const decode = () => Backbone.decode(Codec.encode({ ...good, ...change }))
    expect(decode).toThrow(Codec.MalformedError)
    expect(decode).toThrow(sentence)
  })

  it('refuses weights that are not numbers', () => {
    const weights = backbone.weights.with(3, Number.NaN)
    expect(() => Backbone.encode({ model, weights })).toThrow(Model.WeightsError)
    const bytes = Codec.encode({ v: 1, model, weights: new Uint8Array(weights.buffer) })
    expect(() => Backbone.decode(bytes)).toThrow('parameter 3 is not a finite number')
  })

  it('refuses what no relay would keep, and takes 250,000 parameters', () => {
    const sized = (inputs: number): Backbone.Backbone => {
      const model = { template: 'softmax', inputs, classes: 10 } as const
      return { model, weights: new Float32Array(inputs * 10 + 10) }
    }
    expect(Backbone.encode(sized(25_000)).length).toBeLessThanOrEqual(Backbone.maximumBytes)
    expect(() => Backbone.encode(sized(26_300))).toThrow(Backbone.SizeError)
  })

  it('is opened for the head that names it, and no other', () => {
    expect(Backbone.open(encoded, head)).toEqual(backbone)
    const another = Backbone.encode({ model, weights: backbone.weights.with(0, 1) })
    expect(() => Backbone.open(another, head)).toThrow('not the one that the task names')
    expect(() => Backbone.open(encoded, { ...head, inputs: 8 })).toThrow(
      'samples of 9 values, the task has 8',
    )
    expect(() => Backbone.open(encoded, { ...head, features: 6 })).toThrow('5 features, the task expects 6')
    expect(() => Backbone.open(encoded, { ...head, multiplyAdds: 99 })).toThrow(
      'take 98 multiplications, the task says 99',
    )
  })

  it.each([[[]], [[4]]])('leaves a head with hidden layers %j as a model of its own', (hidden) => {
    const spec = { ...head, hidden }
    const alone = Backbone.headAlone(spec)
    expect(Model.layers(alone)).toEqual(Model.layers(spec))
    expect(Model.initialise(alone, 7)).toEqual(Model.initialise(spec, 7))
  })
})
