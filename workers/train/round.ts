// One round of local training on any engine, the same in a worker and in Node. Knows no port and no clock of its own.
import { BaseError } from '../../protocol/errors.ts'
import * as Model from '../../protocol/model.ts'
import * as Prng from '../../protocol/prng.ts'
import * as Schema from '../../protocol/schema.ts'
import * as Batches from '../tensors/batches.ts'
import type { Engine } from './engines.ts'
import * as TrainStep from './trainStep.ts'

export type Job = {
  readonly model: Model.Spec
  readonly training: Model.Training
  /** The round's global weights; not changed. */
  readonly weights: Float32Array
  readonly round: number
}

/** Where a round stands after so many steps; training goes on from it to the same weights. */
export type Point = {
  readonly steps: number
  readonly state: TrainStep.State
  /** Cross-entropy summed over the epoch so far. */
  readonly loss: number
}

export type Hooks = {
  /** Called between steps, or parts of long ones, some 20 times a second; waits to pause, throws to stop. */
  pause(done: number, total: number): Promise<void>
  /** Called every second or so with what to go on from should the device be lost. */
  keep?(point: Point): void
}

export type Result = {
  readonly weights: Float32Array<ArrayBuffer>
  /** Mean cross-entropy over the last epoch. */
  readonly loss: number
  readonly samples: number
  /** Wall time without warm-up and pauses. */
  readonly seconds: number
}

/** Work that may wait in a device's queue, in ms: it is done before training stops. */
const queueTime = 30
/** Steps that may wait there, for the memory that their batches take. */
const queueSteps = 64
/** Time between pauses, in ms. */
const slice = 50
/** Time between two points that are kept, in ms: reading weights back costs more than a step. */
const keepEvery = 1000

/**
 * Runs `epochs` passes over the source in an order drawn from (seed, round, epoch), from the job's weights with
 * momentum at rest or from a point of an earlier attempt. Rejects with `DeviceLostError` when the engine's device goes
 * away.
 */
export async function train(
  engine: Engine,
  job: Job,
  source: Batches.Source,
  hooks?: Hooks,
  from?: Point,
): Promise<Result> {
  const { model, training, round } = job
  Schema.assertFits(source.schema, model)
  Model.assertWeights(model, job.weights)
  const samples = source.shards.reduce((sum, count) => sum + count, 0)
  const total = samples * training.epochs
  const steps = await engine.start({
    spec: model,
    learningRate: training.learningRate,
    momentum: training.momentum,
    batchSize: training.batchSize,
    initial: from?.state ?? TrainStep.resting(job.weights),
  })
  const lost = engine.lost()
  // A device lost while nothing waits for it is met by the next wait.
  lost.catch(() => undefined)
  const race = <value>(waited: Promise<value>): Promise<value> => Promise.race([waited, lost])
  try {
    await race(steps.takeLoss())
    const started = performance.now()
    let [paused, lastPause, lastKept] = [0, started, started]
    let [done, count, loss] = [0, 0, 0]
    const queue = { steps: 0, room: 1, since: started }
    const drain = async () => {
      loss += await race(steps.takeLoss())
      const now = performance.now()
      const room = Math.floor((queueTime * queue.steps) / (now - queue.since))
      // Twice as many at most: how long a step takes is known from as few as one.
      queue.room = Math.max(1, Math.min(room, 2 * queue.room, queueSteps))
      queue.steps = 0
      queue.since = now
    }
    const turn = async () => {
      const before = performance.now()
      if (!hooks || before - lastPause < slice) return
      await hooks.pause(done, total)
      lastPause = performance.now()
      paused += lastPause - before
      queue.since += lastPause - before
    }
    for (let epoch = 0; epoch < training.epochs; epoch++) {
      if (count >= (from?.steps ?? 0)) loss = 0
      const prng = Prng.from(training.seed, round, epoch)
      for await (const batch of Batches.read(source, training.batchSize, prng)) {
        done += batch.samples
        if (++count <= (from?.steps ?? 0)) {
          loss = from?.loss ?? 0
          continue
        }
        await TrainStep.take(steps, batch, turn)
        if (++queue.steps >= queue.room) {
          await drain()
          if (hooks?.keep && performance.now() - lastKept > keepEvery) {
            hooks.keep({ steps: count, state: await race(steps.state()), loss })
            lastKept = performance.now()
            queue.since = lastKept
          }
        }
      }
      if (queue.steps > 0) await drain()
    }
    const { weights } = await race(steps.state())
    const seconds = (performance.now() - started - paused) / 1000
    if (!weights.every(Number.isFinite) || !Number.isFinite(loss)) throw new DivergedError()
    return { weights, loss: loss / samples, samples, seconds }
  } finally {
    steps.dispose()
  }
}

export class DivergedError extends BaseError {
  override readonly name = 'Round.DivergedError'
  constructor() {
    super({
      message: 'Training ended in numbers that are not finite.',
      advice: 'The learning rate of the task is too high for this data; this round is skipped.',
    })
  }
}
