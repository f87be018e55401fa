// What the crypto worker may ask of the score worker. Types only.
import type * as Model from '../../protocol/model.ts'

type Hex = `0x${string}`

export type EvaluateRequest = {
  readonly model: Model.Spec
  /** Of several models of this kind, which are scored in one pass over the test set. */
  readonly weights: readonly Float32Array[]
  /** dag-cbor of the backbone that a head builds on. */
  readonly backbone?: Uint8Array | undefined
  /** The test set: its id in the vault, or rows that somebody released. */
  readonly rows: string | ReleasedRows
}

/** Rows from another device, scored only when they are what its task committed to. */
export type ReleasedRows = {
  readonly schemaId: Hex
  /** `DataSet.encodeShard` */
  readonly shards: readonly Uint8Array[]
  readonly salt: Uint8Array
  readonly commitment: Hex
}

export type Evaluated = {
  /** By model, samples whose highest logit is their class; the first of equal logits counts. */
  readonly correct: readonly number[]
  readonly total: number
  readonly seconds: number
}

/** Served on the port named `crypto`. */
export type ScorePeer = {
  evaluate(request: EvaluateRequest): Promise<Evaluated>
}

/** What the score worker exposes on itself, for the frame: it serves `crypto` and uses `vault`. */
export type ScoreWorker = {
  connect(name: 'crypto' | 'vault', port: MessagePort): void
}
