// What simulated jobs give: who does one right gets what everybody would accept, and who does it again can tell.
import type { Address, Hex } from '../../protocol/codec.ts'
import * as Job from '../../protocol/job.ts'
import type * as Effect from '../../protocol/roles/effect.ts'
import * as Keys from './keys.ts'

export type Done = { readonly result: Hex; readonly worth: readonly number[] | null }

export type Jobs = {
  /** The worths that the coalitions of a round have. */
  readonly opened: (round: number, worth: readonly number[]) => void
  /** Models and test set of a round; undefined where there are none. */
  readonly seal: (round: number) => Hex | undefined
  /** Undefined where what is to be scored was never sealed. */
  readonly perform: (job: Job.Job, by: Address) => Done | undefined
  readonly verify: (effect: Extract<Effect.Effect, { readonly type: 'verify' }>) => boolean
  readonly isRight: (job: Job.Job, result: Hex) => boolean
}

export function open(seed: number): Jobs {
  const worths = new Map<number, readonly number[]>()
  const sealed = new Map<Hex, readonly number[]>()
  /** What training can end with: no two devices give the same weights. */
  const trained = new Set<Hex>()

  function worthOf(job: Job.Score): readonly number[] | undefined {
    return sealed.get(job.subject)
  }

  function isRight(job: Job.Job, result: Hex): boolean {
    if (job.kind === 'warmStart') return trained.has(result)
    const worth = worthOf(job)
    return worth !== undefined && Job.worthDigest(worth) === result
  }

  return {
    opened: (round, worth) => {
      worths.set(round, worth)
    },
    seal: (round) => {
      const worth = worths.get(round)
      if (worth === undefined) return undefined
      const subject: Hex = `0x${Keys.hash(`${seed} subject ${round}`)}`
      sealed.set(subject, worth)
      return subject
    },
    perform: (job, by) => {
      if (job.kind === 'score') {
        const worth = worthOf(job)
        return worth === undefined ? undefined : { result: Job.worthDigest(worth), worth }
      }
      const result: Hex = `0x${Keys.hash(`${seed} ${Job.digest(job)} trained by ${by}`)}`
      trained.add(result)
      return { result, worth: null }
    },
    verify: ({ job, result }) => isRight(job, result),
    isRight,
  }
}
