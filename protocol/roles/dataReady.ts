// How a data provider says `Ready`: with masks made for the members it knows, once for each round.
import { current, put } from './dataRoundFacts.ts'
import type { Round, State } from './dataRoundFacts.ts'
import * as Ledger from './ledger.ts'
import * as Participant from './participant.ts'

/**
 * Makes masks once all present members have said their keys, or enough of them in half of the time for it. Wishes for
 * them once: where its worker refuses, the round is given up before anybody counts on this provider.
 */
export function prepare<state extends State>(state: state, round: Round, now: number): state {
  const { readyBy, epoch } = round.body
  if (round.preparing || state.left || now > readyBy) return state
  if (Ledger.lastRound(state.ledger) >= round.round) return state
  const { threshold } = state.terms
  const keys = state.sealing[epoch] ?? {}
  const present = Ledger.present(state.ledger)
  const members = present.flatMap((seat) => {
    const [key, party] = [keys[seat], state.ledger.computes[seat]]
    return key === undefined || party === undefined ? [] : [{ seat, account: party.account, key }]
  })
  const isLate = now >= readyBy - state.spec.timeouts.ready / 2
  if (members.length < present.length && (!isLate || members.length < threshold)) return state
  const { dataSignature } = state.offer
  const wish = { type: 'prepareReady', round: round.round, opened: round.opened, dataSignature } as const
  const id = `ready:${round.round}`
  return Participant.wish(put(state, { ...round, preparing: true }), { id, ...wish, members, threshold })
}

/**
 * Says `Ready`, once it should have heard whether it did before its state was restored. Whoever has said other masks
 * than these gives the round up: others go by the first, and under it nothing that these hide would open.
 */
export function say<state extends State>(state: state, now: number): state {
  const round = current(state)
  if (round?.masks === undefined || now > round.body.readyBy || !Participant.isAwake(state, now)) return state
  const { masks, opened } = round
  const seat = Ledger.seatOf(state.ledger.datas, state.me.account) ?? -1
  const said = state.heard[round.round]?.ready[seat]
  const isSame =
    said === undefined ||
    (said.opened === opened &&
      said.masks.ephemeral === masks.ephemeral &&
      said.masks.seedHash === masks.seedHash)
  const next = put(state, { ...round, masks: undefined, ready: isSame })
  if (!isSame)
    return Participant.note(
      next,
      `Round ${round.round} is given up: its masks are not those that were announced.`,
    )
  return Participant.send(next, {
    kind: 'ready',
    task: state.id,
    round: round.round,
    slot: 0,
    body: { opened, masks },
  })
}
