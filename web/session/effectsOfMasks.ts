// Carries out what a round's masks need of this device's crypto worker: keys to seal to, shares, their release, the end.
import type * as Masks from '../../protocol/masks.ts'
import type * as Effect from '../../protocol/roles/effect.ts'
import type * as Event from '../../protocol/roles/event.ts'
import type * as Topic from '../../protocol/topic.ts'
import type { Crypto } from '../../workers/api.ts'
import type { Job } from './job.ts'

type Wish = Extract<Effect.Effect, { type: 'seal' | 'prepareReady' | 'unmask' | 'forget' }>

export function placeOf({ chainId, market }: Topic.Place, { task }: Job, round: number): Masks.Place {
  return { chainId, market, task, round }
}

export async function carryOut(
  crypto: Crypto,
  place: Topic.Place,
  job: Job,
  effect: Wish,
): Promise<Event.Result> {
  const { task, account } = job
  switch (effect.type) {
    case 'seal': {
      const key = await crypto.sealingKey({ task, epoch: effect.epoch })
      return { type: 'sealed', effect: effect.id, key }
    }
    case 'prepareReady': {
      const { round, opened, members, threshold } = effect
      const request = { place: placeOf(place, job, round), opened, account, members, threshold }
      return { type: 'masked', effect: effect.id, masks: await crypto.ready(request) }
    }
    case 'unmask': {
      const { round, epoch, record, wanted } = effect
      const request = { place: placeOf(place, job, round), epoch, account, record, wanted }
      return { type: 'unmasked', effect: effect.id, shares: await crypto.unmask(request) }
    }
    case 'forget':
      await crypto.forget({ task, [effect.of]: effect.number })
      return { type: 'forgotten', effect: effect.id }
    default:
      return effect satisfies never
  }
}

/** Errors by which the crypto worker keeps a promise: it will not answer otherwise later. */
export function isRefused(name: string): boolean {
  return refusals.includes(name)
}

const refusals: readonly string[] = [
  'Contribution.ConflictError',
  'Masking.AloneError',
  'Masking.ConflictError',
  'Masking.ForgottenError',
  'Masking.UnreadyError',
  'Masks.KeyError',
  'Member.BothError',
  'Member.RecordError',
  'Shares.MembersError',
]
