// Who is ready for a round, and with which masks. Of the shares, each role keeps what it can use.
import type { Hex } from '../codec.ts'
import type { Masks } from '../masks.ts'
import type * as Message from '../message.ts'
import * as Participant from './participant.ts'

export type Ready = {
  /** Digest of the body of the `RoundOpened` that it answers. */
  readonly opened: Hex
  /** Unix seconds when it was heard. */
  readonly at: number
  readonly masks: Masks
}

/** By data seat. */
export type Readiness = Readonly<{ [seat: number]: Ready }>

/**
 * Takes in a `Ready`: the first of each provider, with shares enough, and with a key that nobody else uses in this
 * round and that it did not use in the round before.
 */
export function hear(
  known: Readiness,
  before: Readiness,
  message: Message.Of<'ready'>,
  state: Participant.Participant,
  now: number,
  isKept: (seat: number) => boolean,
): Readiness {
  const seat = Participant.dataSeat(state, message)
  if (seat === undefined || known[seat] !== undefined) return known
  const { opened, masks } = message.body
  if (masks.shares.length < state.terms.threshold) return known
  if (masks.ephemeral === before[seat]?.masks.ephemeral) return known
  if (Object.values(known).some((other) => other.masks.ephemeral === masks.ephemeral)) return known
  const shares = masks.shares.filter((share) => isKept(share.seat))
  return { ...known, [seat]: { opened, at: now, masks: { ...masks, shares } } }
}
