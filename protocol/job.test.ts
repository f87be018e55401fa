import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as Talk from '../test/conversation.ts'
import * as Codec from './codec.ts'
import * as Job from './job.ts'
import type * as Model from './model.ts'
import * as TaskSpec from './taskSpec.ts'

const shards = Array.from({ length: 10 }, (_, at) => Talk.digest(`shard ${at}`))
const warmStart = {
  ...{ shards, samples: 2400, parts: 3, epochs: 2, segment: 20, tolerance: 0.001, seconds: 60 },
}
const spec: TaskSpec.TaskSpec = { ...Talk.spec, warmStart, scoring: 'committee' }
const part = (at: number, of = spec): Job.WarmStart => {
  const job = Job.warmStart(of, at)
  if (job === undefined) throw new Error(`there is no part ${at}`)
  return job
}
const score = Job.score(spec, { round: 2, models: 8, subject: Talk.digest('subject') })

test('exports', () => {
  expect(Object.keys(Job)).toMatchInlineSnapshot(`
    [
      "mostModels",
      "schema",
      "warmStart",
      "score",
      "isOf",
      "most",
      "mostInRecord",
      "segments",
      "kilounits",
      "encode",
      "digest",
      "worthDigest",
      "mostExecutors",
      "executors",
    ]
  `)
})

describe('a job', () => {
  test('comes back from its bytes as it was', () => {
    for (const job of [part(0), part(2), score])
      expect(Codec.decode(Job.schema, Job.encode(job), 'job')).toEqual(job)
  })

  test('of a warm start has every shard in one part, and the samples of its shards', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 32 }), fc.nat(60), fc.nat(255), (parts, more, missing) => {
        const all = Array.from({ length: parts + more }, (_, at) => Talk.digest(`shard ${at}`))
        const samples = 256 * all.length - missing
        const of = { ...spec, warmStart: { ...warmStart, shards: all, samples, parts } }
        const jobs = Array.from({ length: parts }, (_, at) => part(at, of))
        expect(jobs.flatMap(({ data }) => data)).toEqual(all)
        expect(jobs.reduce((sum, job) => sum + job.samples, 0)).toBe(samples)
        expect(Job.warmStart(of, parts)).toBeUndefined()
      }),
    )
  })

  test('is one that its spec has, or none', () => {
    expect([part(1), score].map((job) => Job.isOf(job, spec))).toEqual([true, true])
    expect(Job.isOf({ ...part(1), samples: 999 }, spec)).toBe(false)
    expect(Job.isOf({ ...part(1), number: 0 }, spec)).toBe(false)
    expect(Job.isOf({ ...score, samples: score.samples + 1 }, spec)).toBe(false)
    expect(Job.isOf({ ...score, round: 5 }, spec)).toBe(false)
    const own: TaskSpec.TaskSpec = { ...spec, scoring: 'own', warmStart: null }
    expect([part(1), Job.score(own, score)].map((job) => Job.isOf(job, own))).toEqual([false, false])
  })

  test('has a number of its own', () => {
    const numbers = [0, 1, 2].map((at) => part(at).number)
    const scores = [1, 2, 3, 4].map((round) => Job.score(spec, { ...score, round }).number)
    expect([...numbers, ...scores]).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(Job.most(spec)).toBe(7)
  })

  test('costs what it describes, rounded up to a kilounit', () => {
    // 784·41 + 41·10 = 32,554 multiplications forward.
    const model = { template: 'mlp', inputs: 784, hidden: [41], classes: 10 } as const
    const [first] = [part(0)]
    expect(first.samples).toBe(768)
    expect(Job.kilounits({ ...first }, model)).toBe(Math.ceil((3 * 32_554 * 768 * 2) / 2_048_000))
    expect(Job.kilounits({ ...score }, model)).toBe(Math.ceil((32_554 * 100 * 8) / 2_048_000))
    expect(Job.kilounits({ ...score, models: 1, samples: 1 }, Talk.spec.model)).toBe(1)
  })

  test('costs a head its backbone, once for each sample whose features are kept', () => {
    const layers = { inputs: 784, features: 41, hidden: [], classes: 10 }
    const head = {
      template: 'head',
      backbone: Talk.digest('backbone'),
      multiplyAdds: 50_000,
      ...layers,
    } as const
    const [first, alone] = [part(0), 41 * 10]
    const cost = (job: Job.Job, model: Model.Spec = head) => Job.kilounits({ ...job }, model)
    const rounded = (work: number) => Math.ceil(work / 2_048_000)
    expect(cost(first)).toBe(rounded(3 * alone * 768 * 2 + 50_000 * 768))
    expect(cost(score)).toBe(rounded(alone * 100 * 8 + 50_000 * 100))
    // 64 MiB hold one shard of 65,536 features, of the three shards that the part has.
    const wide = { ...head, features: 65_536, multiplyAdds: 100_000_000 }
    const through = 100_000_000 * (256 + 2 * 512)
    expect(cost(first, wide)).toBe(rounded(3 * 655_360 * 768 * 2 + through))
  })

  test('is drawn for three of the seats, by its number and a block', () => {
    const block = Talk.digest('block')
    const drawn = Job.executors(3, block, [0, 2, 5, 7])
    expect(new Set(drawn).size).toBe(3)
    expect([0, 2, 5, 7]).toEqual(expect.arrayContaining([...drawn]))
    expect(Job.executors(3, block, [7, 5, 2, 0])).toEqual(drawn)
    expect(Job.executors(3, block, [4, 6])).toHaveLength(2)
    const firsts = Array.from({ length: 400 }, (_, at) => Job.executors(at, block, [0, 1, 2, 3])[0])
    for (const seat of [0, 1, 2, 3]) {
      const times = firsts.filter((each) => each === seat).length
      expect(times).toBeGreaterThan(60)
      expect(times).toBeLessThan(140)
    }
  })
})
