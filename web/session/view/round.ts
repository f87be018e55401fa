// A round of a task as one participant knows it.
import type { Address } from '../../../protocol/codec.ts'
import type { Backend } from '../../../workers/train/api.ts'

export type RoundView = {
  readonly round: number
  readonly stage:
    | 'opened'
    | 'ready'
    | 'training'
    | 'encrypting'
    | 'delivered'
    | 'adding'
    | 'signing'
    | 'committed'
    | 'opening'
    | 'done'
    | 'aborted'
  /** Basis points on the test set; undefined until known (or never told to us). */
  readonly accuracy: number | undefined
  /** Correct predictions and test set size; model provider only. */
  readonly correct: number | undefined
  readonly tested: number | undefined
  /** By cohort, in correct predictions; empty where they are not measured. Model provider only. */
  readonly contributions: readonly number[]
  readonly ready: number
  readonly delivered: number
  readonly survivors: number
  /** Shares that take the masks off the sums, once a round is on the chain; model provider only. */
  readonly shares:
    | {
        /** Members that gave theirs, of those that count, and how many have to. */
        readonly given: number
        readonly members: number
        readonly needed: number
        readonly silent: readonly Address[]
        /** Members that were found to have given wrong ones, in this round or before. */
        readonly wrong: readonly Address[]
      }
    | undefined
  /** Payload bytes this participant gave to and took from the network in this round; of those given, its update's. */
  readonly bytes: { readonly up: number; readonly down: number; readonly update: number }
  /** Measured by this participant; 0 where it took no part. */
  readonly seconds: {
    readonly train: number
    readonly encrypt: number
    readonly aggregate: number
    readonly network: number
    readonly chain: number
    /** Decrypting and scoring; model provider only. */
    readonly open: number
  }
  readonly loss: number | undefined
  readonly backend: Backend | undefined
  /** Gas of this round's commit transaction; undefined until it is on chain. */
  readonly gas: number | undefined
  /** Unix seconds; 0 until it happened. */
  readonly openedAt: number
  readonly endedAt: number
}
