// What a data provider knows of its rounds. Plain facts; what follows from them is in dataRound.ts and dataReady.ts.
import type * as Body from '../body.ts'
import type { Hex } from '../codec.ts'
import type * as Masks from '../masks.ts'
import type * as Message from '../message.ts'
import type * as Offer from '../offer.ts'
import type * as Drawn from './drawn.ts'
import type * as Readiness from './readiness.ts'

export type Round = {
  readonly round: number
  /** Digest of the body of `RoundOpened`. */
  readonly opened: Hex
  readonly body: Body.Of<'roundOpened'>
  /** Has its worker make masks; from here on there are secrets of this round. */
  readonly preparing: boolean
  /** What its worker made, until `Ready` is said. */
  readonly masks: Masks.Masks | undefined
  /** Said `Ready`; from here on leaving shows. */
  readonly ready: boolean
  /** Digest of the body of the `Cohorts` that it trains under. */
  readonly cohorts: Hex | undefined
  /** Digest of its `EncryptedUpdate` message. */
  readonly update: Hex | undefined
  /** The root in it. */
  readonly root: Hex | undefined
  /** Committee seats that keep the update. */
  readonly receipts: readonly number[]
  /** Basis points, as the model provider says. */
  readonly accuracy: number | undefined
  /** Its secrets are erased. */
  readonly forgotten: boolean
}

/** What others said of a round, which may come before it was opened. */
type Heard = { readonly ready: Readiness.Readiness; readonly drawn: readonly Message.Of<'cohorts'>[] }

export type State = Drawn.State & {
  readonly offer: Offer.DataOffer
  /** Takes part in no further round. */
  readonly left: boolean
  readonly rounds: Readonly<{ [round: number]: Round }>
  readonly heard: Readonly<{ [round: number]: Heard }>
  /** Members' sealing keys, by epoch and committee seat. */
  readonly sealing: Readonly<{ [epoch: number]: Readonly<{ [seat: number]: Hex }> }>
  /** By round, the `EncryptedUpdate` that it heard itself say before it knew of it. */
  readonly updates: Readonly<{ [round: number]: Message.Of<'encryptedUpdate'> }>
}

export const nothing: Pick<State, 'headers' | 'rounds' | 'heard' | 'sealing' | 'updates'> = {
  headers: {},
  rounds: {},
  heard: {},
  sealing: {},
  updates: {},
}

/** The round it takes part in or waits for the end of. */
export function current(state: State): Round | undefined {
  const numbers = Object.keys(state.rounds).map(Number)
  return numbers.length === 0 ? undefined : state.rounds[Math.max(...numbers)]
}

export function put<state extends State>(state: state, round: Round): state {
  return { ...state, rounds: { ...state.rounds, [round.round]: round } }
}
