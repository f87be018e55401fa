import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as Codec from './codec.ts'
import * as TaskSpec from './taskSpec.ts'

const digest = `0x${'0c'.repeat(32)}` as const
const spec: TaskSpec.TaskSpec = {
  v: 1,
  title: 'Digits',
  description: 'Handwritten digits',
  schemaId: digest,
  model: { template: 'mlp', inputs: 784, hidden: [41], classes: 10 },
  training: { epochs: 1, batchSize: 32, learningRate: 0.1, momentum: 0.9, seed: 7 },
  he: { n: 4096, q: 1152921504606830593n, t: 2 ** 44, valueBits: 16, fieldBits: 22 },
  clip: 2.5,
  range: 0.01,
  sampleCap: 20_000,
  minimumQuality: 3000,
  rounds: 6,
  targetAccuracy: 9200,
  testSet: { commitment: digest, samples: 10_000 },
  timeouts: { ready: 20, update: 120, commit: 60 },
  warmStart: null,
  scoring: 'own',
}
const start = {
  ...{ shards: [digest, digest], samples: 300, parts: 2, epochs: 3 },
  ...{ segment: 10, tolerance: 0.001, seconds: 60 },
}
const terms = {
  specHash: TaskSpec.hash(spec),
  schemaId: spec.schemaId,
  sampleCap: spec.sampleCap,
  minQuality: spec.minimumQuality,
  maxRounds: 6,
  maxComputes: 4,
  threshold: 3,
}

test('exports', () => {
  expect(Object.keys(TaskSpec)).toMatchInlineSnapshot(`
    [
      "mostParts",
      "mostShardsOfPart",
      "mostSegments",
      "schema",
      "encode",
      "decode",
      "cid",
      "hash",
      "assertBound",
      "BoundError",
    ]
  `)
})

describe('a task spec', () => {
  test('comes back from its bytes as it was', () => {
    const numbers = fc.record({
      clip: fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
      rounds: fc.integer({ min: 1, max: 255 }),
      targetAccuracy: fc.integer({ min: 0, max: 10_000 }),
      title: fc.string({ minLength: 1, maxLength: 80 }),
    })
    fc.assert(
      fc.property(numbers, (change) => {
        const changed = { ...spec, ...change }
        expect(TaskSpec.decode(TaskSpec.encode(changed))).toEqual(changed)
      }),
    )
  })

  test('that releases data for a warm start comes back as it was', () => {
    const changed = { ...spec, warmStart: start, scoring: 'committee' } as const
    expect(TaskSpec.decode(TaskSpec.encode(changed))).toEqual(changed)
  })

  test('is named by the digest of its bytes', () => {
    expect(TaskSpec.hash(spec)).toBe(Codec.digestOf(Codec.cidOf(TaskSpec.encode(spec))))
  })

  test.each<[string, unknown, string]>([
    ['title', '', 'title: expected a title'],
    ['rounds', 0, 'rounds: expected 1 or more'],
    ['clip', 0, 'clip: expected more than 0'],
    ['timeouts', { ready: 0, update: 1, commit: 1 }, 'timeouts.ready: expected 1 second or more'],
    ['targetAccuracy', 10_001, 'targetAccuracy: expected at most 10,000 basis points'],
    ['he', { ...spec.he, q: '1', n: 2048 }, 'he.n: expected 4096'],
    ['scoring', 'other', 'scoring: expected own or committee'],
    ['warmStart', { ...start, samples: 513 }, 'warmStart: expected as many samples as full shards'],
    ['warmStart', { ...start, samples: 256 }, 'warmStart: expected as many samples as full shards'],
    ['warmStart', { ...start, parts: 3 }, 'warmStart: expected 1 to 256 shards for each part'],
    ['warmStart', { ...start, tolerance: 1 }, 'warmStart.tolerance: expected at most 0.5'],
  ])('with a malformed %s is refused by its name', (field, value, message) => {
    const wire = { ...spec, he: { ...spec.he, q: spec.he.q.toString() }, [field]: value }
    expect(() => TaskSpec.decode(Codec.encode(wire))).toThrow(message)
  })

  test('is the one that its terms commit to', () => {
    expect(() => {
      TaskSpec.assertBound(spec, terms)
    }).not.toThrow()
  })

  test.each<[string, Partial<TaskSpec.TaskSpec>, Partial<TaskSpec.Bound>]>([
    ['another spec', { title: 'Letters' }, {}],
    ['another schema', {}, { schemaId: terms.specHash }],
    ['another sample cap', {}, { sampleCap: 1 }],
    ['another quality', {}, { minQuality: 1 }],
    ['fewer rounds', {}, { maxRounds: 8 }],
    ['more rounds', {}, { maxRounds: 5 }],
    ['a larger committee', {}, { maxComputes: 5 }],
  ])('that speaks of %s than its terms is refused', (_, change, bound) => {
    expect(() => {
      TaskSpec.assertBound({ ...spec, ...change }, { ...terms, ...bound })
    }).toThrow(TaskSpec.BoundError)
  })
})
