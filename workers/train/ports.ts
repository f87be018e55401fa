// What the crypto worker may ask of the train worker. Types only.
import type * as Model from '../../protocol/model.ts'
import type { Progress } from '../progress.ts'
import type { Backend, Train } from './api.ts'

type Hex = `0x${string}`

export type TrainRequest = {
  readonly model: Model.Spec
  readonly training: Model.Training
  /** The round's global weights; transfer them, the asker keeps its own copy. */
  readonly weights: Float32Array
  /** dag-cbor of the backbone that a head builds on. */
  readonly backbone?: Uint8Array | undefined
  readonly dataSet: string
  /** Training is refused when the data set no longer has this signature. */
  readonly dataSignature: Hex
  readonly round: number
}

export type Trained = {
  /** Local weights, transferred. */
  readonly weights: Float32Array<ArrayBuffer>
  /** Mean loss over the last epoch. */
  readonly loss: number
  /** Samples in the data set. */
  readonly samples: number
  /** Training alone, warm-up not included. */
  readonly seconds: number
  readonly backend: Backend
  /** What went wrong and was mended on the way, as a sentence; empty when nothing did. */
  readonly notice: string
}

/** Served on the port named `crypto`. */
export type TrainPeer = {
  train(request: TrainRequest, progress: Progress): Promise<Trained>
}

/**
 * What the train worker exposes on itself: for the frame, which joins it with `crypto`, that it serves, and `vault`, that
 * it uses; and for whoever measures a page at rest, which pauses it.
 */
export type TrainWorker = Train & {
  pause(): Promise<void>
  resume(): Promise<void>
  connect(name: 'crypto' | 'vault', port: MessagePort): void
}
