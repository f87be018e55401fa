// One round of local training, the same in a worker and in Node. Knows no port, no clock of its own, no backend by name.
import { BaseError } from '../../protocol/errors.ts'
import * as Model from '../../protocol/model.ts'
import * as Prng from '../../protocol/prng.ts'
import * as Schema from '../../protocol/schema.ts'
import * as Batches from '../tensors/batches.ts'
import type { Tensors } from '../tensors/tensors.ts'
import * as TrainStep from './trainStep.ts'

export type Job = {
  readonly model: Model.Spec
  readonly training: Model.Training
  /** The round's global weights; not changed. */
  readonly weights: Float32Array
  readonly round: number
}

export type Hooks = {
  /** Called between steps, some 20 times a second; waits to pause, throws to stop. */
  pause(done: number, total: number): Promise<void>
  /** Rejects when the device is lost; otherwise never settles. */
  readonly lost: Promise<never>
}

export type Result = {
  readonly weights: Float32Array<ArrayBuffer>
  /** Mean cross-entropy over the last epoch. */
  readonly loss: number
  readonly samples: number
  /** Wall time without warm-up and pauses. */
  readonly seconds: number
}

/** Steps that may wait in a device's queue, so that an endless queue does not eat its memory. */
const inFlight = 16
/** Time between pauses, in ms. */
const slice = 50

/**
 * Runs `epochs` passes over the source in an order drawn from (seed, round, epoch), on the selected backend.
 * Momentum starts from rest in every round.
 */
export async function train(tf: Tensors, job: Job, source: Batches.Source, hooks?: Hooks): Promise<Result> {
  const { model, training, round } = job
  Schema.assertFits(source.schema, model)
  Model.assertWeights(model, job.weights)
  const samples = source.shards.reduce((sum, count) => sum + count, 0)
  const total = samples * training.epochs
  const race = <value>(waited: Promise<value>): Promise<value> =>
    hooks ? Promise.race([waited, hooks.lost]) : waited

  await race(warmUp(tf, job))
  const steps = TrainStep.onTensors(tf, model, training, job.weights)
  try {
    const started = performance.now()
    let paused = 0
    let lastPause = started
    let done = 0
    let queued = 0
    let loss = 0
    for (let epoch = 0; epoch < training.epochs; epoch++) {
      loss = 0
      const prng = Prng.from(training.seed, round, epoch)
      for await (const batch of Batches.read(source, training.batchSize, prng)) {
        steps.step(batch)
        done += batch.samples
        if (++queued >= inFlight) {
          loss += await race(steps.takeLoss())
          queued = 0
        }
        if (hooks && performance.now() - lastPause > slice) {
          const before = performance.now()
          await hooks.pause(done, total)
          lastPause = performance.now()
          paused += lastPause - before
        }
      }
      loss += await race(steps.takeLoss())
      queued = 0
    }
    const weights = await race(steps.weights())
    const seconds = (performance.now() - started - paused) / 1000
    if (!weights.every(Number.isFinite) || !Number.isFinite(loss)) throw new DivergedError()
    return { weights, loss: loss / samples, samples, seconds }
  } finally {
    steps.dispose()
  }
}

/** Compiles every kernel that the steps will use, on zeros. */
async function warmUp(tf: Tensors, { model, training }: Job): Promise<void> {
  const steps = TrainStep.onTensors(tf, model, training, new Float32Array(Model.parameterCount(model)))
  try {
    const samples = training.batchSize
    const inputs = new Float32Array(samples * model.inputs)
    steps.step({ samples, inputs, classes: new Uint8Array(samples) })
    await steps.takeLoss()
    await steps.weights()
  } finally {
    steps.dispose()
  }
}

export class DivergedError extends BaseError {
  override readonly name = 'Engine.DivergedError'
  constructor() {
    super({
      message: 'Training ended in numbers that are not finite.',
      advice: 'The learning rate of the task is too high for this data; this round is skipped.',
    })
  }
}
