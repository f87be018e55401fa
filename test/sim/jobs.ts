// Jobs of a simulated task: which there are, and what they give: who does one right gets what everybody would accept, and who
// does it again can tell.
import type { Address, Hex } from '../../protocol/codec.ts'
import * as DataSet from '../../protocol/dataSet.ts'
import * as Job from '../../protocol/job.ts'
import type * as Effect from '../../protocol/roles/effect.ts'
import type * as Event from '../../protocol/roles/event.ts'
import type { JobEffect } from '../../protocol/roles/jobEffect.ts'
import type { TaskSpec } from '../../protocol/taskSpec.ts'
import * as Keys from './keys.ts'
import * as Luck from './luck.ts'

/** What is named as the result of a training that nobody is shown. */
export const withheld: Hex = `0x${'5e'.repeat(32)}`

type Wish<type extends Effect.Effect['type']> = Extract<Effect.Effect, { readonly type: type }>

export type Jobs = {
  /** The worths that the coalitions of a round have. */
  readonly opened: (round: number, worth: readonly number[]) => void
  readonly carryOut: (effect: JobEffect, by: Address) => Event.Result | 'again'
  readonly isRight: (job: Job.Job, result: Hex) => boolean
}

/** In every other seed data are released, in every other the committee counts as well. */
export function ofSeed(
  seed: number,
): Pick<TaskSpec, 'warmStart' | 'scoring'> & { readonly jobKilounits: number } {
  const luck = Luck.from(seed, 0x10e0)
  const parts = luck.whole(1, 5)
  const count = parts * luck.whole(1, 4)
  const shards = Array.from({ length: count }, (_, at): Hex => `0x${Keys.hash(`shard ${at}`)}`)
  const samples = DataSet.shardSize * count - luck.whole(0, DataSet.shardSize - 1)
  const training = { epochs: luck.whole(1, 100), segment: 10, tolerance: 0.001 }
  const seconds = luck.whole(20, 40)
  const isWarm = luck.odds(0.5)
  return {
    warmStart: isWarm ? { shards, samples, parts, ...training, seconds } : null,
    scoring: luck.odds(0.5) ? 'committee' : 'own',
    // Sometimes too few for all, so that some are not posted.
    jobKilounits: luck.pick([100_000, 100_000, 100]),
  }
}

export function open(seed: number): Jobs {
  const worths = new Map<number, readonly number[]>()
  const sealed = new Map<Hex, readonly number[]>()
  /** What training can end with: no two devices give the same weights. */
  const trained = new Set<Hex>()

  function isRight(job: Job.Job, result: Hex): boolean {
    if (job.kind === 'warmStart') return trained.has(result)
    const worth = sealed.get(job.subject)
    return worth !== undefined && Job.worthDigest(worth) === result
  }

  function seal({ id, round }: Wish<'sealSubject'>): Event.Result {
    const worth = worths.get(round)
    if (worth === undefined) return { type: 'failed', effect: id, reason: 'The models are gone.' }
    const subject: Hex = `0x${Keys.hash(`${seed} subject ${round}`)}`
    sealed.set(subject, worth)
    return { type: 'subjectSealed', effect: id, subject }
  }

  function perform({ id, job }: Wish<'perform'>, by: Address): Event.Result | 'again' {
    if (job.kind === 'score') {
      const worth = sealed.get(job.subject)
      if (worth === undefined) return 'again'
      return { type: 'performed', effect: id, result: Job.worthDigest(worth), worth }
    }
    const result: Hex = `0x${Keys.hash(`${seed} ${Job.digest(job)} trained by ${by}`)}`
    trained.add(result)
    return { type: 'performed', effect: id, result, worth: null }
  }

  return {
    isRight,
    opened: (round, worth) => {
      worths.set(round, worth)
    },
    carryOut: (effect, by) => {
      switch (effect.type) {
        case 'federate':
          return { type: 'federated', effect: effect.id }
        case 'sealSubject':
          return seal(effect)
        case 'perform':
          return perform(effect, by)
        case 'verify':
          if (effect.result === withheld) return { type: 'missing', effect: effect.id }
          return { type: 'verified', effect: effect.id, agrees: isRight(effect.job, effect.result) }
        default:
          return effect satisfies never
      }
    },
  }
}
