// What a member of the committee does in a round, step by step: draws cohorts or goes by another's draw here, keeps
// updates in memberUpdates.ts, makes records in memberRecord.ts, and gives shares away in memberUnmask.ts.
import type * as Message from '../message.ts'
import { put, viewOf } from './committeeRound.ts'
import type { Round, State } from './committeeRound.ts'
import * as Draw from './draw.ts'
import * as MemberRecord from './memberRecord.ts'
import * as MemberUpdates from './memberUpdates.ts'
import * as Participant from './participant.ts'
import * as Rotation from './rotation.ts'

type Opened = Message.Of<'roundOpened'>

/** Changes nothing when the facts call for nothing. */
type Act = <state extends State>(
  state: state,
  round: Round,
  opened: Opened,
  seat: number,
  now: number,
) => state

/** Draws the cohorts when it is this seat's turn and nobody did. */
function draw<state extends State>(
  state: state,
  round: Round,
  opened: Opened,
  seat: number,
  now: number,
): state {
  const { readyBy, updatesBy, epoch } = opened.body
  const view = viewOf(round)
  if (round.adopted !== undefined || now > updatesBy || view === undefined) return state
  if (Draw.acceptable(state, view, round.drawn, now).length > 0) return state
  const rank = Rotation.rankOf(state, round.round, seat) ?? 0
  const cohorts = Draw.make(state, view)
  if (cohorts === undefined || !Participant.isAwake(state, now)) return state
  const isTurn = now > Rotation.drawsFrom(state, readyBy, rank)
  if (!isTurn && !(rank === 0 && Draw.isWhole(state, epoch, cohorts))) return state
  const draft = {
    kind: 'cohorts',
    task: state.id,
    round: round.round,
    slot: 0,
    body: { opened: opened.bodyDigest, cohorts },
  } as const
  return Participant.send(put(state, { ...round, adopted: Draw.own(state, seat, draft) }), draft)
}

/** Goes by the draw of the lowest rank that it knows of when it gives its first receipt. */
function adopt<state extends State>(
  state: state,
  round: Round,
  _opened: Opened,
  _seat: number,
  now: number,
): state {
  const isBound =
    state.signed[round.round] !== undefined ||
    round.adding !== undefined ||
    Object.values(round.updates).some(({ receipted }) => receipted)
  const view = viewOf(round)
  if (view === undefined || (round.adopted !== undefined && isBound)) return state
  const [best] = Draw.acceptable(state, view, round.drawn, now)
  if (best === undefined || best.digest === round.adopted?.digest) return state
  if (round.adopted !== undefined && rankOf(state, round, best) > rankOf(state, round, round.adopted))
    return state
  return put(state, { ...round, adopted: best })
}

function rankOf(state: State, round: Round, { seat }: Draw.Draw): number {
  return Rotation.rankOf(state, round.round, seat) ?? Infinity
}

/** In this order: what one does may call for the next. */
export const acts: readonly Act[] = [
  draw,
  adopt,
  MemberUpdates.check,
  MemberUpdates.giveReceipts,
  MemberRecord.add,
  MemberRecord.examine,
  MemberRecord.sign,
  MemberRecord.commit,
]
