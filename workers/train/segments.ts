// Training that somebody else can check: cut into short stretches, each from the weights that the one before published.
import type * as Model from '../../protocol/model.ts'
import * as Prng from '../../protocol/prng.ts'
import * as Batches from '../tensors/batches.ts'
import type { Engine } from './engines.ts'
import * as Round from './round.ts'
import * as TrainStep from './trainStep.ts'

export type Course = {
  readonly model: Model.Spec
  readonly training: Model.Training
  /** What the first segment starts from. */
  readonly weights: Float32Array
  /** Tells apart the orders of samples of several parts. */
  readonly part: number
  /** Steps of a segment; rounding cannot grow to a difference in so few. Momentum starts from rest in each. */
  readonly segment: number
}

/** Called before each segment, and in long ones some 20 times a second, with how many are done; waits to pause, throws to stop. */
export type Pause = (done: number, total: number) => Promise<void>

/** Weights after each segment, the last of which may be shorter. */
export async function train(
  engine: Engine,
  course: Course,
  source: Batches.Source,
  pause?: Pause,
): Promise<readonly Float32Array<ArrayBuffer>[]> {
  const checkpoints: Float32Array<ArrayBuffer>[] = []
  const total = count(course, source)
  for await (const batches of segments(course, source)) {
    const turn = () => pause?.(checkpoints.length, total)
    await turn()
    const after = await walk(engine, course, checkpoints.at(-1) ?? course.weights, batches, turn)
    if (!after.every(Number.isFinite)) throw new Round.DivergedError()
    checkpoints.push(after)
  }
  return checkpoints
}

/**
 * Walks every segment again from the published weights before it. The largest L2 distance from the published weights
 * after it, as a part of the way that the segment went; infinite for weights of another number or size.
 */
export async function distance(
  engine: Engine,
  course: Course,
  source: Batches.Source,
  published: readonly Float32Array[],
  pause?: Pause,
): Promise<number> {
  const total = count(course, source)
  if (published.length !== total) return Number.POSITIVE_INFINITY
  let worst = 0
  let done = 0
  for await (const batches of segments(course, source)) {
    const turn = () => pause?.(done, total)
    await turn()
    const before = published[done - 1] ?? course.weights
    const claimed = published[done]
    if (claimed?.length !== course.weights.length) return Number.POSITIVE_INFINITY
    const found = await walk(engine, course, before, batches, turn)
    worst = Math.max(worst, relative(found, claimed, before))
    done++
  }
  return worst
}

/** Segments of the whole course. */
export function count({ training, segment }: Course, source: Batches.Source): number {
  const samples = source.shards.reduce((sum, shard) => sum + shard, 0)
  return Math.ceil((Math.ceil(samples / training.batchSize) * training.epochs) / segment)
}

async function* segments(
  { training, part, segment }: Course,
  source: Batches.Source,
): AsyncGenerator<readonly Batches.Batch[]> {
  let batches: Batches.Batch[] = []
  for (let epoch = 0; epoch < training.epochs; epoch++) {
    for await (const batch of Batches.read(
      source,
      training.batchSize,
      Prng.from(training.seed, part, epoch),
    )) {
      batches.push(batch)
      if (batches.length < segment) continue
      yield batches
      batches = []
    }
  }
  if (batches.length > 0) yield batches
}

/** Time between turns, in ms. */
const slice = 50

async function walk(
  engine: Engine,
  { model, training }: Course,
  from: Float32Array,
  batches: readonly Batches.Batch[],
  turn: () => Promise<void> | undefined,
): Promise<Float32Array<ArrayBuffer>> {
  const { learningRate, momentum, batchSize } = training
  const initial = TrainStep.resting(from)
  const steps = await engine.start({ spec: model, learningRate, momentum, batchSize, initial })
  try {
    let last = performance.now()
    const paced = async () => {
      if (performance.now() - last < slice) return
      await turn()
      last = performance.now()
    }
    for (const batch of batches) await TrainStep.take(steps, batch, paced)
    return (await steps.state()).weights
  } finally {
    steps.dispose()
  }
}

function relative(found: Float32Array, claimed: Float32Array, before: Float32Array): number {
  let [apart, way] = [0, 0]
  found.forEach((value, i) => {
    apart += ((claimed[i] ?? Number.NaN) - value) ** 2
    way += (value - (before[i] ?? 0)) ** 2
  })
  if (apart === 0) return 0
  const part = Math.sqrt(apart / way)
  return Number.isNaN(part) ? Number.POSITIVE_INFINITY : part
}
