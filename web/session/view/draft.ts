// A task before it is created, as its owner writes it.
import type { Address, Hex } from '../../../protocol/codec.ts'
import type { ConvolutionSpec } from '../../../protocol/layer.ts'
import type * as Model from '../../../protocol/model.ts'
import type { Plan } from '../../../protocol/terms.ts'

/** A frozen model that a task may build on; this device has its bytes. */
export type BackboneView = {
  /** Its digest. */
  readonly id: Hex
  readonly model: Model.Spec
  readonly bytes: number
}

export type TaskDraft = {
  readonly title: string
  readonly description: string
  readonly schemaId: Hex
  /** Released data on which compute providers train the first model; undefined for none. */
  readonly warmStart: { readonly dataSet: string; readonly epochs: number } | undefined
  /** Who counts what cohorts contributed. `committee` wants a released test set. */
  readonly scoring: 'own' | 'committee'
  readonly template: Model.Template
  /** Units of each dense layer before the last. */
  readonly hidden: readonly number[]
  /** Of templates that have them. */
  readonly convolutions: readonly ConvolutionSpec[]
  /** What a head builds on. */
  readonly backbone: BackboneView | undefined
  readonly training: {
    readonly epochs: number
    readonly batchSize: number
    readonly learningRate: number
    readonly momentum: number
  }
  readonly rounds: number
  /** Basis points; the task settles early when reached, 0 never does. */
  readonly targetAccuracy: number
  readonly valueBits: 16 | 8
  /** Most L2 norm of an update. */
  readonly clip: number
  readonly sampleCap: number
  readonly minQuality: number
  /** A data set of the model provider. */
  readonly testSet: string
  readonly plan: Plan
  /** The only accounts that may provide data; empty for everyone. */
  readonly invited: readonly Address[]
  /** Token base units. */
  readonly dataPool: bigint
  readonly computePool: bigint
  readonly bond: bigint
  readonly computeBond: bigint
  readonly minDatas: number
  readonly maxDatas: number
  readonly minComputes: number
  readonly maxComputes: number
  readonly minCohort: number
  /** Cohorts that are summed apart, where there are providers enough. */
  readonly maxCohorts: number
  /** Seconds from now in which the task has to start. */
  readonly startWithin: number
  /** Seconds that a round waits for readiness, updates and the commit. */
  readonly timeouts: { readonly ready: number; readonly update: number; readonly commit: number }
  /** Seconds; real chains ask for a day at least. */
  readonly idleWindow: number
  readonly challengeWindow: number
}
