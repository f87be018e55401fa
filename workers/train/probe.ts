// Which backend trains fastest here: a measured fifth of a second each, after a check that its numbers are right.
import * as Model from '../../protocol/model.ts'
import * as Prng from '../../protocol/prng.ts'
import type { Batch } from '../tensors/batches.ts'
import type { Tensors } from '../tensors/tensors.ts'
import * as TrainStep from './trainStep.ts'

/** Of the size of a small picture classifier. */
const spec: Model.Spec = { template: 'mlp', inputs: 784, hidden: [41], classes: 10 }
const training = { learningRate: 0.05, momentum: 0.9 }
const batchSize = 32
/** Per backend, in ms. */
const budget = 200
/** Steps between two looks at the clock. */
const stride = 4

/** Weights and loss after two steps from fixed weights on a fixed batch. */
export type Sample = {
  readonly weights: Float32Array
  readonly loss: number
}

/** Runs the check on the selected backend. */
export async function sample(tf: Tensors): Promise<Sample> {
  const batch = example()
  const steps = TrainStep.onTensors(tf, spec, training, Model.initialise(spec, 1))
  try {
    steps.step(batch)
    steps.step(batch)
    return { loss: await steps.takeLoss(), weights: await steps.weights() }
  } finally {
    steps.dispose()
  }
}

/**
 * The largest difference from the reference, relative to how far the reference moved from the initial weights.
 * Right backends stay below 1e-4.
 */
export function error(found: Sample, reference: Sample): number {
  const initial = Model.initialise(spec, 1)
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

/** Samples per second on the selected backend, warmed up by a step before. */
export async function measure(tf: Tensors): Promise<number> {
  const batch = example()
  const steps = TrainStep.onTensors(tf, spec, training, Model.initialise(spec, 1))
  try {
    steps.step(batch)
    await steps.takeLoss()
    const started = performance.now()
    let done = 0
    let elapsed = 0
    do {
      for (let i = 0; i < stride; i++) steps.step(batch)
      done += stride * batchSize
      await steps.takeLoss()
      elapsed = performance.now() - started
    } while (elapsed < budget)
    return Math.round((done * 1000) / elapsed)
  } finally {
    steps.dispose()
  }
}

/** Every tensor it makes is new, because backends may keep what they are given. */
function example(): Batch {
  const prng = Prng.from(7)
  const inputs = Float32Array.from({ length: batchSize * spec.inputs }, () =>
    Math.max(0, 2 * Prng.unit(prng) - 1),
  )
  const classes = Uint8Array.from({ length: batchSize }, (_, i) => i % spec.classes)
  return { samples: batchSize, inputs, classes }
}
