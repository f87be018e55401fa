// Which engine trains a model fastest here: a measured fifth of a second each, after a check that its numbers are right.
import * as Benchmark from '../../protocol/benchmark.ts'
import * as Model from '../../protocol/model.ts'
import * as Prng from '../../protocol/prng.ts'
import type { Batch } from '../tensors/batches.ts'
import type { Engine } from './engines.ts'
import * as TrainStep from './trainStep.ts'

export type Steps = {
  readonly spec: Model.Spec
  readonly batchSize: number
}

/** Of every step that is measured, as a benchmark has them. */
const { learningRate, momentum, seed, batchSeed } = Benchmark.training
const rates = { learningRate, momentum }
/** Most samples of a step that is measured: one of them may take a second on a slow device. */
const largest = 256
/** Fewest samples that are worth a thread. */
const worthwhile = 4
/** Most parameters that all threads hold together: each has some seven copies, which makes 112 MB. */
const room = 4_000_000
/** Samples of the two steps that are compared: the reference is slow. */
const compared = 4
/** Per engine, in ms. */
const budget = 200

/** State and loss after two steps from fixed weights on a fixed batch. */
export type Sample = {
  readonly weights: Float32Array
  readonly loss: number
}

/** Runs the check. */
export async function sample(engine: Engine, spec: Model.Spec): Promise<Sample> {
  const batch = example(spec, compared)
  const initial = TrainStep.resting(Model.initialise(spec, seed))
  const steps = await engine.start({ spec, ...rates, batchSize: compared, initial })
  try {
    steps.step(batch)
    steps.step(batch)
    return { loss: await steps.takeLoss(), weights: (await steps.state()).weights }
  } finally {
    steps.dispose()
  }
}

/**
 * The largest difference from the reference, relative to how far the reference moved from the initial weights.
 * Right engines stay below 1e-4.
 */
export function error(found: Sample, reference: Sample, spec: Model.Spec): number {
  const initial = Model.initialise(spec, seed)
  let difference = 0
  let movement = 0
  reference.weights.forEach((weight, i) => {
    difference = Math.max(difference, Math.abs((found.weights[i] ?? Number.NaN) - weight))
    movement = Math.max(movement, Math.abs(weight - (initial[i] ?? 0)))
  })
  const loss = Math.abs(found.loss - reference.loss) / reference.loss
  const worst = Math.max(difference / movement, loss)
  return Number.isNaN(worst) ? Number.POSITIVE_INFINITY : worst
}

/** How many threads to measure: one, and as many as there are for such batches. */
export function threads(engine: Engine, { spec, batchSize }: Steps): readonly number[] {
  const roomy = Math.floor(room / Model.parameterCount(spec))
  const most = Math.min(engine.threads ?? 1, Math.floor(batchSize / worthwhile), roomy)
  return most > 1 ? [1, most] : [1]
}

/** Samples per second, warmed up by a step before. */
export async function measure(
  engine: Engine,
  { spec, batchSize }: Steps,
  milliseconds = budget,
): Promise<number> {
  const measured = Math.min(batchSize, largest)
  const batch = example(spec, measured)
  const initial = TrainStep.resting(Model.initialise(spec, seed))
  const steps = await engine.start({ spec, ...rates, batchSize: measured, initial })
  try {
    steps.step(batch)
    await steps.takeLoss()
    const started = performance.now()
    let [done, stride] = [0, 1]
    for (;;) {
      const before = performance.now()
      for (let i = 0; i < stride; i++) steps.step(batch)
      done += stride * measured
      await steps.takeLoss()
      const now = performance.now()
      if (now - started > milliseconds) return Math.round((done * 1000) / (now - started))
      // A look at the clock waits for the device, so there is one every tenth of the budget at most.
      if (now - before < milliseconds / 10) stride *= 2
    }
  } finally {
    steps.dispose()
  }
}

function example(spec: Model.Spec, samples: number): Batch {
  const prng = Prng.from(batchSeed)
  const inputs = Float32Array.from({ length: samples * Model.layerInputs(spec) }, () =>
    Math.max(0, 2 * Prng.unit(prng) - 1),
  )
  const classes = Uint8Array.from({ length: samples }, (_, i) => i % spec.classes)
  return { samples, inputs, classes }
}
