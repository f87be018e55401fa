// Carries out what a round's masks need of this device's crypto worker: keys to seal to, shares, their release, the end.
import { BaseError } from '../../protocol/errors.ts'
import type * as Masks from '../../protocol/masks.ts'
import type * as Effect from '../../protocol/roles/effect.ts'
import type * as Event from '../../protocol/roles/event.ts'
import type * as Topic from '../../protocol/topic.ts'
import type { Crypto } from '../../workers/crypto/api.ts'
import type { Participant } from './participant.ts'

type Wish = Extract<Effect.Effect, { type: 'seal' | 'prepareReady' | 'unmask' | 'forget' }>

export function placeOf({ chainId, market }: Topic.Place, { task }: Participant, round: number): Masks.Place {
  return { chainId, market, task, round }
}

export async function carryOut(
  crypto: Crypto,
  place: Topic.Place,
  participant: Participant,
  effect: Wish,
): Promise<Event.Result> {
  const { task, account } = participant
  switch (effect.type) {
    case 'seal': {
      const key = await crypto.sealingKey({ task, epoch: effect.epoch })
      return { type: 'sealed', effect: effect.id, key }
    }
    case 'prepareReady': {
      const { dataSet } = participant
      if (dataSet === undefined) throw new DataSetError()
      const { round, opened, members, threshold, dataSignature } = effect
      const version = { dataSet, dataSignature }
      const request = {
        ...version,
        place: placeOf(place, participant, round),
        opened,
        account,
        members,
        threshold,
      }
      return { type: 'masked', effect: effect.id, masks: await crypto.ready(request) }
    }
    case 'unmask': {
      const { round, epoch, record, wanted } = effect
      const request = { place: placeOf(place, participant, round), epoch, account, record, wanted }
      return { type: 'unmasked', effect: effect.id, shares: await crypto.unmask(request) }
    }
    case 'forget':
      await crypto.forget(effect.of === 'task' ? { task } : { task, [effect.of]: effect.number })
      return { type: 'forgotten', effect: effect.id }
    default:
      return effect satisfies never
  }
}

/** Errors by which the crypto worker keeps a promise, or that tell of what will not come back: trying again would not help. */
export function isRefused(type: Effect.Effect['type'], name: string): boolean {
  return (
    refusals.includes(name) || ((type === 'prepareReady' || type === 'contribute') && gone.includes(name))
  )
}

const gone: readonly string[] = [
  'Backbone.MismatchError',
  'Effects.DataSetError',
  'Vault.UnknownError',
  'Vault.ChangedError',
]

const refusals: readonly string[] = [
  'Contribution.ConflictError',
  'Ledger.LimitError',
  'Masking.AloneError',
  'Masking.ConflictError',
  'Masking.ForgottenError',
  'Masking.UnreadyError',
  'Masks.KeyError',
  'Member.BothError',
  'Member.RecordError',
  'Shares.MembersError',
]

export class DataSetError extends BaseError {
  override readonly name = 'Effects.DataSetError'
  constructor() {
    super({
      message: 'The data set of this task is not on this device.',
      advice: 'This round is given up here. Import the data again to offer it again.',
      safe: 'Nothing was sent, and your pay for other rounds is not touched.',
    })
  }
}
