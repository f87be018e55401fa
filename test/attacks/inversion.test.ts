// Pictures out of opened sums, labels known: what a cohort's sum hides, and what it does not.
import { beforeAll, describe, expect, test, vi } from 'vitest'
import * as He from '../../protocol/he.ts'
import * as Model from '../../protocol/model.ts'
import * as Prng from '../../protocol/prng.ts'
import * as Schema from '../../protocol/schema.ts'
import * as Update from '../../protocol/update.ts'
import type { Engine } from '../../workers/train/engines.ts'
import * as Round from '../../workers/train/round.ts'
import * as Examples from '../examples.ts'
import * as Tensor from '../tensors.ts'
import * as Inversion from './inversion.ts'
import * as Logistic from './logistic.ts'
import * as Opened from './opened.ts'
import * as Pictures from './pictures.ts'
import * as Planted from './planted.ts'
import * as Table from './table.ts'

/** What the app proposes for digits. */
const model: Model.Spec = { template: 'mlp', inputs: Pictures.size, hidden: [41], classes: 10 }
const training: Model.Training = { epochs: 1, batchSize: 64, learningRate: 0.05, momentum: 0.9, seed: 7 }
const providers = 16

let engine: Engine
let whole: ReturnType<typeof Pictures.all>
let means: Float32Array

// Seconds of arithmetic each, on a machine that does other things as well.
vi.setConfig({ testTimeout: 300_000 })

beforeAll(async () => {
  engine = Tensor.engine()
  whole = Pictures.all()
  means = Pictures.means(whole)
})

/**
 * A spec made to see: every sample count has full weight, and the clip, and with it the steps of the quantiser, are just
 * wide enough. The model provider may choose this one; the app proposes a clip of 20 and weights of samples ÷ 20,000.
 */
function sharp(per: number, spec = model, clip = 2): Update.Rules {
  const range = Update.rangeFor(clip, Model.parameterCount(spec))
  return { he: He.parametersFor(16, providers), clip, range, sampleCap: per }
}

/** What the app proposes. */
function proposal(spec: Model.Spec): Update.Rules {
  return sharp(20_000, spec, 20)
}

type Attack = {
  readonly cohort: number
  /** Samples of each provider. */
  readonly per: number
  /** Cohorts, each of other digits. */
  readonly times?: number
  readonly task?: Partial<Opened.Task>
  /** Steps of matching from each start; none where only rows are looked at. */
  readonly iterations?: number
  /** Whether to match from noise as well as from class means. */
  readonly noise?: boolean
}

/** Everything that this suite can do to a sum: rows, and matching from class means, from rows and from noise. */
async function attack({ cohort, per, times = 1, iterations = 0, noise = false, ...rest }: Attack) {
  const task = { model, training, rules: sharp(per), weights: Model.initialise(model, 7), ...rest.task }
  const scores: Pictures.Score[] = []
  for (let at = 0; at < times; at++) {
    const { cut, real } = cohortOf(cohort, per, at)
    const flat = await Opened.sum(engine, task, cut)
    const weight = Update.weight(per, task.rules.sampleCap)
    const scale = -per / (task.training.learningRate * weight)
    const seen = Inversion.layersOf(task.model, flat, scale)
    const found = [...Inversion.rows(seen)]
    const known = Inversion.layersOf(task.model, task.weights)
    const starts = iterations === 0 ? [] : [guessed(real.labels), ...(noise ? [speckled(real.labels)] : [])]
    for (const pixels of starts) {
      const start = { pixels, labels: real.labels }
      found.push(...Inversion.matched(known, seen, start, { iterations, rate: 0.05 }))
    }
    scores.push(Pictures.score(real, found, means))
  }
  return Pictures.merged(scores)
}

/** The same by a linear system, for a model without hidden layers. */
async function solve(cohort: number, per: number, times: number, turns: number): Promise<Pictures.Score> {
  const spec: Model.Spec = { template: 'softmax', inputs: Pictures.size, classes: 10 }
  const weights = Model.initialise(spec, 7)
  const task = { model: spec, training, rules: sharp(per, spec), weights }
  const scores: Pictures.Score[] = []
  for (let at = 0; at < times; at++) {
    const { cut, real } = cohortOf(cohort, per, at)
    const seen = (await Opened.sum(engine, task, cut)).map(
      (change) => (-per / training.learningRate) * change,
    )
    const start = { pixels: guessed(real.labels), labels: real.labels }
    scores.push(Pictures.score(real, Logistic.solved(spec, weights, seen, start, turns), means))
  }
  return Pictures.merged(scores)
}

/** Other digits each time, provider by provider, and all of them. */
function cohortOf(cohort: number, per: number, at: number) {
  const rows = Array.from({ length: cohort * per }, (_, i) => 1000 + at * cohort * per + i)
  const cut = Array.from({ length: cohort }, (_, i) =>
    Pictures.pick(whole, rows.slice(i * per, (i + 1) * per)),
  )
  return { cut, real: Pictures.pick(whole, rows) }
}

function guessed(labels: Uint8Array): Float32Array {
  const pixels = new Float32Array(labels.length * Pictures.size)
  labels.forEach((label, at) => pixels.set(Pictures.one(means, label), at * Pictures.size))
  return pixels
}

function speckled(labels: Uint8Array): Float32Array {
  const prng = Prng.from(3)
  return Float32Array.from({ length: labels.length * Pictures.size }, () => Prng.unit(prng))
}

/** The weights after a round of training on ten thousand other digits. */
async function trained(epochs: number): Promise<Float32Array> {
  const rows = Array.from({ length: 10_000 }, (_, i) => 30_000 + i)
  const source = Examples.sourceOf(Schema.digits, Opened.shards(Pictures.pick(whole, rows)))
  const job = { model, training: { ...training, epochs }, weights: Model.initialise(model, 7), round: 1 }
  return (await Round.train(engine, job, source)).weights
}

describe('alone, an update is read:', () => {
  test('one sample in one step', async ({ task }) => {
    const score = await attack({ cohort: 1, per: 1, times: 20 })
    expect(score.mean).toBeGreaterThan(20)
    expect(score.seen).toBe(20)
    Table.tell(task, {
      attack: 'inversion: one provider of 1 sample',
      with: 'is never opened alone',
      without: Pictures.words(score),
    })
  })

  test('one sample in one step, by matching alone', async () => {
    const { cut, real } = cohortOf(2, 1, 0)
    const weights = Model.initialise(model, 7)
    const flat = await Opened.sum(engine, { model, training, rules: sharp(1), weights }, cut)
    const [known, seen] = [weights, flat.map((change) => change / -training.learningRate)].map((each) =>
      Inversion.layersOf(model, each),
    )
    const start = { pixels: guessed(real.labels), labels: real.labels }
    const found = Inversion.matched(known!, seen!, start, { iterations: 300, rate: 0.05 })
    expect(Pictures.score(real, found, means).mean).toBeGreaterThan(20)
  })

  test('a few samples in one step, in part', async ({ task }) => {
    const score = await attack({ cohort: 1, per: 8, iterations: 300 })
    expect(score.seen).toBeGreaterThan(1)
    Table.tell(task, {
      attack: 'inversion: one provider of 8 samples',
      with: 'is never opened alone',
      without: Pictures.words(score),
    })
  })
})

describe('a sum of a round as providers run it tells no picture:', () => {
  test.for([
    { cohort: 5, iterations: 60 },
    { cohort: 8, iterations: 40 },
  ])('$cohort of 64 samples', async ({ cohort, iterations }, { task }) => {
    const score = await attack({ cohort, per: 64, iterations })
    hides(score)
    // Without the sum, 64 samples in one step hide among themselves, not as well.
    const alone = await attack({ cohort: 1, per: 64, times: cohort })
    expect(alone.mean).toBeGreaterThan(score.mean)
    const attacked = `inversion: sum of ${cohort} of 64 samples`
    Table.tell(task, { attack: attacked, with: Pictures.words(score), without: Pictures.words(alone) })
  })

  test('5 and 8 of 64 samples, of a model that has learned, in one step and in twelve', async ({ task }) => {
    const weights = await trained(4)
    for (const cohort of [5, 8]) {
      const score = await attack({ cohort, per: 64, task: { weights } })
      hides(score)
      const attacked = `inversion: sum of ${cohort} of 64 samples, model trained before`
      Table.tell(task, { attack: attacked, with: Pictures.words(score), without: '–' })
    }
    const steps = { ...training, epochs: 3, batchSize: 16 }
    const score = await attack({ cohort: 5, per: 64, task: { weights, training: steps } })
    hides(score)
    const attacked = 'inversion: sum of 5 of 64 samples, 12 steps, model trained before'
    Table.tell(task, { attack: attacked, with: Pictures.words(score), without: '–' })
  })

  test('5 of 64 samples, in logistic regression', async ({ task }) => {
    const score = await solve(5, 64, 1, 3)
    hides(score)
    const attacked = 'inversion: sum of 5 of 64 samples, logistic regression'
    Table.tell(task, { attack: attacked, with: Pictures.words(score), without: '–' })
  })

  test('nor one of 5 of a single sample, under the clip and the weights that the app proposes', async ({
    task,
  }) => {
    const rules = proposal(model)
    const score = await attack({ cohort: 5, per: 1, times: 4, task: { rules }, iterations: 100 })
    hides(score)
    const attacked = 'inversion: sum of 5 of 1 sample, clip and weights as proposed'
    Table.tell(task, { attack: attacked, with: Pictures.words(score), without: '–' })
  })
})

describe('what adding up does not hide, said here so that nobody believes it:', () => {
  test.for([
    { cohort: 5, per: 1, times: 4, least: 30 },
    { cohort: 8, per: 1, times: 3, least: 20 },
    { cohort: 5, per: 4, times: 2, least: 14 },
    { cohort: 8, per: 4, times: 2, least: 13 },
    { cohort: 5, per: 16, times: 1, least: 13 },
    { cohort: 8, per: 16, times: 1, least: 13 },
  ])('$cohort of $per, one step', async ({ least, ...each }, { task }) => {
    const score = await attack({ ...each, iterations: each.per === 1 ? 200 : 60, noise: each.per === 1 })
    expect(score.mean).toBeGreaterThan(least)
    // From sixteen samples each the sum of all is a crowd.
    if (each.per >= 16) hides(score)
    const attacked = `remains: sum of ${each.cohort} of ${each.per} in one step, weights and clip made to see`
    Table.tell(task, { attack: attacked, with: Pictures.words(score), without: '–' })
  })

  test('one sample each, in logistic regression', async ({ task }) => {
    for (const cohort of [5, 8]) {
      const score = await solve(cohort, 1, 2, 100)
      expect(score.mean).toBeGreaterThan(20)
      const attacked = `remains: sum of ${cohort} of 1 in one step, logistic regression`
      Table.tell(task, { attack: attacked, with: Pictures.words(score), without: '–' })
    }
  })

  test('rows of many samples, where the model provider plants weights that sort them', async ({ task }) => {
    const [cohort, per] = [5, 64]
    const { cut, real } = cohortOf(cohort, per, 0)
    const spec = { ...model, hidden: [Planted.neurons] }
    const weights = Planted.weights(spec, whole)
    const read = async (rules: Update.Rules) => {
      const flat = await Opened.sum(engine, { model: spec, training, rules, weights }, cut)
      return Pictures.score(real, Planted.rows(Inversion.layersOf(spec, flat)), means)
    }
    const score = await read(sharp(per, spec, 0.05))
    expect(score.seen).toBeGreaterThan(cohort * per * 0.4)
    const proposed = await read(proposal(spec))
    hides(proposed)
    for (const [how, reached] of [
      ['made to see', score],
      ['as proposed', proposed],
    ] as const)
      Table.tell(task, {
        attack: `remains: sum of ${cohort} of ${per} samples, planted weights, clip and weights ${how}`,
        with: Pictures.words(reached),
        without: '–',
      })
  })
})

/** At most a decibel over who knows the labels alone, and no picture among them. */
function hides(score: Pictures.Score): void {
  expect(score.guess).toBeGreaterThan(12)
  expect(score.mean - score.guess).toBeLessThan(1)
  expect(score.seen).toBe(0)
}
