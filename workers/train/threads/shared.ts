// Memory through which threads train one model together: the batch and the weights go out, gradients come back.
import * as Model from '../../../protocol/model.ts'
import type { Samples } from '../learner.ts'

export type Layout = {
  readonly spec: Model.Spec
  /** Most samples of a batch. */
  readonly batchSize: number
  /** With the one that gives the others work, which is the first. */
  readonly threads: number
}

export type Shared = {
  readonly weights: Float32Array<SharedArrayBuffer>
  /** Samples in the batch that is worked on, its inputs and its classes. */
  readonly samples: Int32Array<SharedArrayBuffer>
  readonly inputs: Float32Array<SharedArrayBuffer>
  readonly classes: Uint8Array<SharedArrayBuffer>
  /** The number of the step that is worked on, or `ended`. */
  readonly step: Int32Array<SharedArrayBuffer>
  /** By thread but the first: the number of its last step, or `failed`; then that step's gradients and summed cross-entropy. */
  readonly done: Int32Array<SharedArrayBuffer>
  readonly gradients: readonly Float32Array<SharedArrayBuffer>[]
  readonly losses: Float64Array<SharedArrayBuffer>
}

/** Steps are counted from 1. */
export const ended = -1
export const failed = -2

export function create(layout: Layout): SharedArrayBuffer {
  return new SharedArrayBuffer(places(layout).bytes)
}

export function view(buffer: SharedArrayBuffer, layout: Layout): Shared {
  const { batchSize, threads } = layout
  const { parameters, width, losses, weights, gradients, inputs, numbers, classes } = places(layout)
  return {
    losses: new Float64Array(buffer, losses, threads - 1),
    weights: new Float32Array(buffer, weights, parameters),
    gradients: Array.from(
      { length: threads - 1 },
      (_, other) => new Float32Array(buffer, gradients + other * parameters * 4, parameters),
    ),
    inputs: new Float32Array(buffer, inputs, batchSize * width),
    step: new Int32Array(buffer, numbers, 1),
    samples: new Int32Array(buffer, numbers + 4, 1),
    done: new Int32Array(buffer, numbers + 8, threads - 1),
    classes: new Uint8Array(buffer, classes, batchSize),
  }
}

/** What a thread but the first has done: the number of a step, or `failed`. Wakes who waits for it. */
export function tell({ done }: Shared, thread: number, what: number): void {
  Atomics.store(done, thread - 1, what)
  Atomics.notify(done, thread - 1)
}

/** Most samples of a share. */
export function most({ batchSize, threads }: Layout): number {
  return Math.ceil(batchSize / threads)
}

/** What a thread has to do of a batch: as much as every other, or less where nothing is left. */
export function share(
  { samples, inputs, classes }: Samples,
  { spec, threads }: Layout,
  thread: number,
): Samples {
  const width = Model.layerInputs(spec)
  const each = Math.ceil(samples / threads)
  const [first, end] = [Math.min(thread * each, samples), Math.min((thread + 1) * each, samples)]
  return {
    samples: end - first,
    inputs: inputs.subarray(first * width, end * width),
    classes: classes.subarray(first, end),
  }
}

/** Where everything lies; what is widest first, so that all is aligned. */
function places({ spec, batchSize, threads }: Layout) {
  const parameters = Model.parameterCount(spec)
  const width = Model.layerInputs(spec)
  const others = threads - 1
  const losses = 0
  const weights = losses + others * 8
  const gradients = weights + parameters * 4
  const inputs = gradients + others * parameters * 4
  const numbers = inputs + batchSize * width * 4
  const classes = numbers + (2 + others) * 4
  return {
    parameters,
    width,
    losses,
    weights,
    gradients,
    inputs,
    numbers,
    classes,
    bytes: classes + batchSize,
  }
}
