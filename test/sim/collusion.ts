// What a coalition can read off everything that was said in a run: an update is bare for it when it can name each of its
// masks. Every update has a value of its own, so combining several cannot bare one that is not bare already.
import type { Address } from '../../protocol/codec.ts'
import type * as Masks from '../../protocol/masks.ts'
import type * as Message from '../../protocol/message.ts'
import * as Record from '../../protocol/record.ts'

/** An update that was published, and what its masks can be named from. */
export type Published = {
  readonly account: Address
  readonly round: number
  readonly view: Masks.View
  readonly peers: readonly Address[]
}

export type Seen = {
  readonly threshold: number
  readonly published: readonly Published[]
  readonly heard: <kind extends Message.Message['kind']>(
    kind: kind,
    round: number,
  ) => readonly Message.Of<kind>[]
  /** What was committed, by round. */
  readonly records: ReadonlyMap<number, Record.Body>
  readonly datas: readonly Address[]
  readonly computes: readonly Address[]
}

/** The coalition, which has the round's secret keys as well: the model provider is in it. */
export type Coalition = { readonly members: ReadonlySet<number>; readonly providers: ReadonlySet<Address> }

/** The updates of others that are bare, of those that lie in a sum with another honest one or in no sum. */
export function bared(seen: Seen, coalition: Coalition): readonly Published[] {
  return seen.published.filter(
    (update) =>
      !coalition.providers.has(update.account) &&
      !isAlone(seen, coalition, update) &&
      knows(seen, coalition, update.account, update.round, 'seed') &&
      update.peers.every(
        (peer) =>
          coalition.providers.has(peer) ||
          knows(seen, coalition, peer, update.round, 'key') ||
          knows(seen, coalition, update.account, update.round, 'key'),
      ),
  )
}

/** Whether the coalition has as many shares of this secret as open it: released ones, and those sealed to its members. */
function knows(
  seen: Seen,
  { members }: Coalition,
  account: Address,
  round: number,
  kind: Masks.Kind,
): boolean {
  const [ready] = seen.heard('ready', round).filter(({ sender }) => sender === account)
  if (ready === undefined) return false
  const sealed = ready.body.masks.shares.map(({ seat }) => seat).filter((seat) => members.has(seat))
  const given = seen
    .heard('unmask', round)
    .filter(({ body }) => body.shares.some((share) => share.provider === account && share.kind === kind))
    .map(({ sender }) => seen.computes.indexOf(sender))
  return new Set([...sealed, ...given]).size >= seen.threshold
}

/** Whether nobody else in the opened sum is honest: then the sum gives it away, as the consent says. */
function isAlone({ records, datas }: Seen, { providers }: Coalition, { account, round }: Published): boolean {
  const record = records.get(round)
  const seat = datas.indexOf(account)
  const set = record?.cohorts
    .map((cohort) => cohort & record.survivors)
    .find((each) => (each >> BigInt(seat)) & 1n)
  if (set === undefined) return false
  const honest = Record.seats(set).filter((other) => !providers.has(datas[other] ?? '0x'))
  return honest.length < 2
}

/** Names a coalition of the first seats. */
export function firstSeats(count: number, providers: readonly Address[] = []): Coalition {
  return { members: new Set(Array.from({ length: count }, (_, seat) => seat)), providers: new Set(providers) }
}
