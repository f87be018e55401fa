import { describe, expect, it } from 'vitest'
import * as Codec from './codec.ts'
import * as Schema from './schema.ts'

const mixed: Schema.Schema = {
  v: 1,
  kind: 'table',
  title: 'Mixed',
  features: [
    { name: 'size', dtype: 'float32', shape: [], range: { minimum: -1, maximum: 3 } },
    { name: 'colour', dtype: 'category', categories: ['red', 'green', 'blue'] },
    { name: 'curve', dtype: 'float32', shape: [3], range: { minimum: 0, maximum: 1 } },
  ],
  label: { kind: 'number', name: 'price', range: { minimum: 0, maximum: 100 } },
}

describe('schema', () => {
  it.each([...Schema.catalogue, mixed])('survives its codec: $title', (schema) => {
    expect(Schema.decode(Schema.encode(schema))).toEqual(schema)
  })

  it('has an id that never changes, by which the catalogue is searched', () => {
    expect(Schema.catalogue.map((schema) => Schema.id(schema))).toMatchInlineSnapshot(`
      [
        "0x5716eaad22dd84360cd6425a7f408f5c882c0f4a496c8919778850436ca0cc2f",
        "0x3f4c2dce4cb24d64339caba06276019b08c791f9326f41a857262d106fe691c6",
        "0xf7093696ee83c6b33f9920a6253a71019c773e151b9622e5723cb5e26527cf8f",
      ]
    `)
    for (const schema of Schema.catalogue) expect(Schema.find(Schema.id(schema))).toBe(schema)
    expect(Schema.find(Schema.id(mixed))).toBeUndefined()
  })

  it('says how many numbers are stored and fed to a model', () => {
    expect([Schema.width(mixed), Schema.inputs(mixed), Schema.classes(mixed), Schema.storage(mixed)]).toEqual(
      [5, 7, 0, 'float32'],
    )
    expect([
      Schema.width(Schema.digits),
      Schema.inputs(Schema.digits),
      Schema.classes(Schema.digits),
    ]).toEqual([784, 784, 10])
    expect(Schema.storage(Schema.digits)).toBe('uint8')
    expect(Schema.columns(mixed)).toEqual(['size', 'colour', 'curve.0', 'curve.1', 'curve.2', 'price'])
  })

  it.each([
    ['an unknown kind', { kind: 'sound' }],
    [
      'an empty range',
      { features: [{ name: 'a', dtype: 'uint8', shape: [], range: { minimum: 1, maximum: 1 } }] },
    ],
    ['no features', { features: [] }],
    ['an image of floats', { kind: 'image' }],
    ['a sequence of several features', { kind: 'sequence' }],
    ['unknown members', { secret: 1 }],
  ])('refuses %s', (_, change) => {
    expect(() => Schema.decode(Codec.encode({ ...mixed, ...change }))).toThrow(Codec.MalformedError)
  })

  it('says how pictures and sequences lie', () => {
    expect(Schema.grid(Schema.digits)).toEqual({ height: 28, width: 28, channels: 1 })
    expect(Schema.grid(Schema.motion)).toEqual({ height: 1, width: 64, channels: 3 })
    expect(Schema.grid(Schema.flowers)).toBeUndefined()
  })

  it('refuses a model of another size', () => {
    const model = { template: 'softmax', inputs: 784, classes: 10 } as const
    expect(() => Schema.assertFits(Schema.digits, model)).not.toThrow()
    expect(() => Schema.assertFits(Schema.digits, { ...model, inputs: 4 })).toThrow(Schema.MismatchError)
    expect(() => Schema.assertFits(Schema.digits, { ...model, classes: 3 })).toThrow(Schema.MismatchError)
  })
})
