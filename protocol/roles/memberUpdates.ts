// How a member keeps the updates of a round: fetches and checks what was announced, and gives receipts for what is sound.
import type * as Message from '../message.ts'
import { isUnder, put } from './committeeRound.ts'
import type { Round, State } from './committeeRound.ts'
import * as Participant from './participant.ts'

/** Bytes in a 32-byte word. */
const wordBytes = 32

/** Fetches and checks what was announced. */
export function check<state extends State>(state: state, round: Round): state {
  const { adopted, opened } = round
  if (adopted === undefined || opened === undefined || state.signed[round.round] !== undefined) return state
  const members = adopted.cohorts.reduce((all, cohort) => all | cohort, 0n)
  const byteLength = state.terms.words * wordBytes
  let next = state
  let updates = round.updates
  for (const update of Object.values(round.updates)) {
    if (update.state !== 'new' || ((members >> BigInt(update.input.provider)) & 1n) === 0n) continue
    const isSized = (update.message?.body.byteLength ?? byteLength) === byteLength
    const device = state.ledger.datas[update.input.provider]?.device
    if (!isSized || !isUnder(round, update) || device === undefined) continue
    next = Participant.wish(next, {
      id: `check:${round.round}:${update.input.provider}:${update.input.ciphertextRoot}`,
      type: 'check',
      round: round.round,
      opened: opened.bodyDigest,
      cohorts: adopted.digest,
      input: update.input,
      device,
      byteLength,
    })
    updates = { ...updates, [update.input.provider]: { ...update, state: 'checking' } }
  }
  return updates === round.updates ? next : put(next, { ...round, updates })
}

/** Promises to sign nothing that misses a sound update; not once a record is being made. */
export function giveReceipts<state extends State>(
  state: state,
  round: Round,
  opened: Message.Of<'roundOpened'>,
  _seat: number,
  now: number,
): state {
  if (state.signed[round.round] !== undefined || round.adding !== undefined || now > opened.body.updatesBy)
    return state
  if (Object.values(round.proposals).some(({ verdict }) => verdict === 'recomputing' || verdict === 'right'))
    return state
  let next = state
  let updates = round.updates
  for (const update of Object.values(round.updates)) {
    if (update.state !== 'sound' || update.receipted || update.message === undefined) continue
    if (!isUnder(round, update)) continue
    next = Participant.send(next, {
      kind: 'receipt',
      task: state.id,
      round: round.round,
      slot: update.input.provider,
      body: { update: update.message.digest, account: update.message.sender },
    })
    updates = { ...updates, [update.input.provider]: { ...update, receipted: true } }
  }
  return updates === round.updates ? next : put(next, { ...round, updates })
}
