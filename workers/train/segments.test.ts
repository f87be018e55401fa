// Training that is walked again: what was done passes on any build of the kernels, what was not is far off.
import { describe, expect, it } from 'vitest'
import * as Model from '../../protocol/model.ts'
import * as Examples from '../../test/examples.ts'
import * as Node from '../../test/tensors.ts'
import * as Round from './round.ts'
import * as Segments from './segments.ts'

const model: Model.Spec = { template: 'mlp', inputs: 64, hidden: [23, 11], classes: 8 }
const training: Model.Training = { epochs: 2, batchSize: 32, learningRate: 0.1, momentum: 0.9, seed: 5 }
const source = Examples.stripedSource(600, 1)
// 19 batches, twice: three segments of 12 steps, and one of two.
const course: Segments.Course = {
  ...{ model, training, part: 1, segment: 12 },
  weights: Model.initialise(model, training.seed),
}
/** What tasks allow at most, where they are careful. */
const tolerance = 0.01
type Ends = readonly Float32Array<ArrayBuffer>[]
const builds = ['strict', 'relaxed'] as const
const ends = { strict: await walked('strict'), relaxed: await walked('relaxed') }

function walked(build: (typeof builds)[number], change: Partial<Segments.Course> = {}) {
  return Segments.train(Node.engine(build), { ...course, ...change }, source)
}

function distance(published: readonly Float32Array[], build: (typeof builds)[number] = 'relaxed') {
  return Segments.distance(Node.engine(build), course, source, published)
}

/** Where each segment would have ended, had it gone only a part of its way, or too far. */
function stretched(by: number): Ends {
  let before: Float32Array = course.weights
  return ends.relaxed.map((after) => {
    const from = before
    before = after
    return after.map((each, i) => from[i]! + by * (each - from[i]!))
  })
}

describe('a course that was trained', () => {
  it('has the weights of every segment, the last of which is shorter', async () => {
    expect(Segments.count(course, source)).toBe(4)
    expect(ends.relaxed).toHaveLength(4)
    const whole = await walked('relaxed', { segment: 19 })
    expect(whole).toHaveLength(2)
    expect(await walked('relaxed', { segment: 100 })).toHaveLength(1)
  })

  it.each(builds)('is walked again by %s kernels without any distance', async (build) => {
    expect(await walked(build)).toEqual(ends[build])
    expect(await distance(ends[build], build)).toBe(0)
  })

  it('is so near for who has another build that nobody is accused', async () => {
    expect(await distance(ends.strict, 'relaxed')).toBeLessThan(tolerance / 1000)
    expect(await distance(ends.relaxed, 'strict')).toBeLessThan(tolerance / 1000)
  })

  it('learns', async () => {
    const [wrong, right] = await Promise.all(
      [course.weights, ends.relaxed.at(-1)!].map(async (weights) => {
        const job = { model, training: { ...training, learningRate: 1e-9, epochs: 1 }, weights, round: 0 }
        return (await Round.train(Node.engine(), job, source)).loss
      }),
    )
    expect(right).toBeLessThan(0.7 * wrong!)
  })

  it('waits between segments, and stops where it is told to', async () => {
    const passed: number[][] = []
    const pause = async (...at: [number, number]) => {
      passed.push(at)
      if (passed.length === 6) throw new Error('stopped')
    }
    const published = await Segments.train(Node.engine(), course, source, pause)
    const counted = [0, 1, 2, 3].map((done) => [done, 4])
    expect(passed).toEqual(counted)
    await expect(Segments.distance(Node.engine(), course, source, published, pause)).rejects.toThrow(
      'stopped',
    )
    expect(passed).toEqual([...counted, [0, 4], [1, 4]])
  })

  it('reports numbers that blow up', async () => {
    const wild = { training: { ...training, learningRate: 1e30 } }
    await expect(walked('relaxed', wild)).rejects.toThrow(Round.DivergedError)
  })
})

describe('a course that was not trained so is told from it:', () => {
  it.each<[string, () => Promise<Ends> | Ends]>([
    ['scaled weights', () => ends.relaxed.map((each) => each.map((weight) => 1.01 * weight))],
    ['segments that stopped early', () => stretched(0.98)],
    ['segments that went too far', () => stretched(1.02)],
    ['the initial weights again and again', () => ends.relaxed.map(() => course.weights.slice())],
    ['the last weights in place of all', () => ends.relaxed.map(() => ends.relaxed.at(-1)!)],
    ['another order of samples', () => walked('relaxed', { part: 2 })],
    ['another seed', () => walked('relaxed', { training: { ...training, seed: 6 } })],
    ['another start', () => walked('relaxed', { weights: Model.initialise(model, 6) })],
    ['another learning rate', () => walked('relaxed', { training: { ...training, learningRate: 0.09 } })],
    ['less momentum', () => walked('relaxed', { training: { ...training, momentum: 0.8 } })],
    ['only the last segment made up', () => [...ends.relaxed.slice(0, 3), ends.relaxed[2]!]],
  ])('%s', async (_, published) => {
    expect(await distance(await published())).toBeGreaterThan(tolerance)
  })

  it.each<[string, Ends]>([
    ['a segment less', ends.relaxed.slice(0, 3)],
    ['a segment more', [...ends.relaxed, ends.relaxed[3]!]],
    ['none', []],
    ['a weight less', ends.relaxed.with(2, ends.relaxed[2]!.slice(1))],
    ['a weight more', ends.relaxed.with(3, Float32Array.of(...ends.relaxed[3]!, 0))],
    ['a weight that is no number', ends.relaxed.with(1, ends.relaxed[1]!.with(7, Number.NaN))],
    ['an infinite weight', ends.relaxed.with(0, ends.relaxed[0]!.with(7, -Infinity))],
  ])('%s', async (_, published) => {
    expect(await distance(published)).toBe(Infinity)
  })
})
