// What an engine must offer to train a model: one step at a time, never waiting until asked to.
import type * as Model from '../../protocol/model.ts'
import type { Batch } from '../tensors/batches.ts'

/** Everything that a step changes, flat, in the order of `Model.layers`. */
export type State = {
  readonly weights: Float32Array<ArrayBuffer>
  /** What momentum has gathered: the last step's velocity × momentum + learning rate × gradient. */
  readonly velocity: Float32Array<ArrayBuffer>
}

export type Settings = {
  readonly spec: Model.Spec
  readonly learningRate: number
  readonly momentum: number
  /** Most samples of a batch. */
  readonly batchSize: number
  /** Not changed. */
  readonly initial: State
  /** How many work on a batch, where the engine has so many; one where nothing is said. */
  readonly threads?: number
}

export type TrainStep = {
  /**
   * Enqueues one step of SGD with momentum on the mean cross-entropy of the batch, which may be used again at once. An
   * engine on the processor is done with it when this returns, and nothing else has its turn meanwhile.
   */
  step(batch: Batch): void
  /** The same step, which stops after each part of some 20 ms to let others have their turn; absent where none takes long. */
  parts?(batch: Batch): Iterator<undefined>
  /** Cross-entropy summed over all samples since it was last taken; waits for every enqueued step. */
  takeLoss(): Promise<number>
  /** A copy; waits for every enqueued step. */
  state(): Promise<State>
  /** Frees what the engine holds for this model. */
  dispose(): void
}

/** Weights with momentum at rest. */
export function resting(weights: Float32Array): State {
  return { weights: new Float32Array(weights), velocity: new Float32Array(weights.length) }
}

/** Takes a step, with a turn for others after each of its parts; what has none is one. */
export async function take(
  steps: TrainStep,
  batch: Batch,
  turn: () => Promise<void> | undefined,
): Promise<void> {
  if (steps.parts === undefined) {
    steps.step(batch)
    await turn()
  } else for (const parts = steps.parts(batch); !parts.next().done;) await turn()
}
