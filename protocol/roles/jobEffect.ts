// What a role wishes for because of jobs: of a model provider what it posts and what it makes of results, of an executor the
// work itself.
import type { Address, Hex } from '../codec.ts'
import type * as Contribution from '../contribution.ts'
import type * as Job from '../job.ts'

export type JobEffect =
  /**
   * Model provider: forms the first model of the task out of what parts of a warm start ended with, each weighed by its
   * samples: `prepare` seals it from then on. Answered by `federated`, or by `failed` where their weights cannot be had.
   */
  | {
      readonly id: string
      readonly type: 'federate'
      readonly parts: readonly {
        readonly number: number
        /** Digest of the published weights. */
        readonly result: Hex
        readonly samples: number
      }[]
    }
  /**
   * Model provider: seals the models that coalitions of a round's cohorts made, and the test set, to the executors of the
   * job that scores them, and publishes the object. Answered by `subjectSealed`.
   */
  | {
      readonly id: string
      readonly type: 'sealSubject'
      readonly round: number
      /** In the order of `open`. */
      readonly coalitions: readonly Contribution.Coalition[]
      readonly recipients: readonly { readonly account: Address; readonly box: Hex }[]
    }
  /**
   * Executor: does a job and publishes the weights of a warm start. The same result when asked again. Answered by
   * `performed`; what the job names is tried for until the wish is dropped.
   */
  | { readonly id: string; readonly type: 'perform'; readonly job: Job.Job }
  /**
   * Executor: does a job again, of a warm start segment by segment from the published weights, and compares. Answered by
   * `verified`, or by `missing` where nobody has these weights; what the job names is tried for until the wish is dropped.
   */
  | {
      readonly id: string
      readonly type: 'verify'
      readonly job: Job.Job
      /** Digest of the `jobDone` that named this result, and the counts where it scores. */
      readonly of: Hex
      readonly result: Hex
      readonly worth: readonly number[] | null
    }
