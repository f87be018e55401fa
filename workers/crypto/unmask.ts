// What the model provider makes of released shares: the secrets behind masks, checked, and a sum without its masks.
import { BaseError } from '../../protocol/errors.ts'
import type { Address, Hex } from '../../protocol/codec.ts'
import * as Masks from '../../protocol/masks.ts'
import type { Masked, OpenedRound } from './api.ts'
import * as Box from './box.ts'
import * as Masking from './masking.ts'
import * as Shares from './shares.ts'
import type { Mask } from './stream.ts'

export type Secrets = {
  /** Account of a provider that shared another secret than it announced. */
  readonly liar: Address | undefined
  readonly of: ReadonlyMap<Address, Uint8Array>
  readonly wrongShares: OpenedRound['wrongShares']
}

/** The secrets that a cohort's shares give: seeds of survivors, ephemeral keys of the others. */
export async function restore(
  members: readonly Masked[],
  threshold: number,
  round: number,
): Promise<Secrets> {
  const of = new Map<Address, Uint8Array>()
  const wrongShares: { seat: number; provider: Address }[] = []
  const restored: { member: Masked; right: readonly Hex[] }[] = []
  for (const member of members) {
    const right = new Map<number, Hex>()
    for (const { seat, hash, share, salt } of member.shares) {
      if (Masks.shareHash(kindOf(member), share, salt) === hash) right.set(seat, share)
      else wrongShares.push({ seat, provider: member.account })
    }
    if (right.size < threshold) throw new TooFewError(round, right.size, threshold)
    restored.push({ member, right: [...right.values()] })
  }
  let liar: Address | undefined
  for (const { member, right } of restored) {
    const secret = await Shares.restore(right, threshold)
    if (secret === undefined || !isAnnounced(secret, member)) liar ??= member.account
    else of.set(member.account, secret)
  }
  return { liar, of, wrongShares }
}

/**
 * What is to be added and subtracted so that a sum of survivors' updates has no masks: the own mask of each, and those
 * they share with providers that are not in the sum. Those among survivors cancel.
 */
export function streams(
  members: readonly Masked[],
  secrets: ReadonlyMap<Address, Uint8Array>,
  place: Masks.Place,
  view: Masks.View,
): readonly Mask[] {
  Masks.assertPeers(members)
  const survivors = members.filter(({ survived }) => survived)
  return members.flatMap((member): readonly Mask[] => {
    const secret = secrets.get(member.account)
    if (secret === undefined) return []
    if (member.survived) return [{ key: Masks.selfKey(secret, place, view, member), sign: 'subtract' }]
    // A vanished provider would have added what each survivor subtracted for it, and the other way round.
    return survivors.map((survivor) => Masking.pair(secret, place, view, member, survivor))
  })
}

function kindOf({ survived }: Masked): Masks.Kind {
  return survived ? 'seed' : 'key'
}

function isAnnounced(secret: Uint8Array, { survived, seedHash, ephemeral }: Masked): boolean {
  return survived ? Masks.seedHash(secret) === seedHash : Box.publicKey(secret) === ephemeral
}

export class TooFewError extends BaseError {
  override readonly name = 'Unmask.TooFewError'
  constructor(round: number, shares: number, threshold: number) {
    super({
      message: `Round ${round} cannot be opened yet: a provider's masks have ${shares} of ${threshold} shares.`,
      advice: 'It is opened when more of the committee have answered.',
      safe: 'Nothing was opened, and the model is as it was.',
    })
  }
}
