// What a member of the committee knows of a round. Plain facts; what follows from them is in member.ts.
import type * as Body from '../body.ts'
import type { Hex } from '../codec.ts'
import type * as Message from '../message.ts'
import type * as Draw from './draw.ts'
import type * as Effect from './effect.ts'
import * as Jobs from './jobs.ts'
import type { Readiness } from './readiness.ts'

export type Update = {
  readonly input: Effect.Input
  /** The `EncryptedUpdate`; undefined for one that is known from a proposal only. */
  readonly message: Message.Of<'encryptedUpdate'> | undefined
  readonly state: 'new' | 'checking' | 'sound' | 'faulty'
  readonly receipted: boolean
}

export type Proposed = {
  readonly hash: Hex
  readonly seat: number
  readonly body: Body.Of<'recordProposed'>
  readonly verdict: 'new' | 'recomputing' | 'right' | 'refused'
}

export type Round = {
  readonly round: number
  readonly opened: Message.Of<'roundOpened'> | undefined
  /** With the shares that are sealed to this member. */
  readonly ready: Readiness
  readonly drawn: readonly Message.Of<'cohorts'>[]
  readonly adopted: Draw.Draw | undefined
  /** By data seat. */
  readonly updates: Readonly<{ [seat: number]: Update }>
  /** By data seat, updates that others name in place of ours: a provider that signed both is owed nothing. */
  readonly rivals: Readonly<{ [seat: number]: Update }>
  /** What it is adding itself. */
  readonly adding: { readonly delivered: readonly Effect.Input[]; readonly survivors: bigint } | undefined
  /** By record hash. */
  readonly proposals: Readonly<{ [hash: Hex]: Proposed }>
  /** By record hash and committee seat. */
  readonly signatures: Readonly<{ [hash: Hex]: Readonly<{ [seat: number]: Hex }> }>
  /** Unix seconds when enough signatures were seen; 0 before. */
  readonly quorumAt: number
}

export type State = Jobs.State & {
  readonly rounds: Readonly<{ [round: number]: Round }>
  /** Its sealing keys by epoch. */
  readonly keys: Readonly<{ [epoch: number]: 'made' | 'erased' }>
  /** By round, the hash of the only record for which it gives shares away. */
  readonly released: Readonly<{ [round: number]: Hex }>
  /** By round, the hash of the only record that it signs; outlives the round, for who signs two is slashed. */
  readonly signed: Readonly<{ [round: number]: Hex }>
  /** The highest round that it forgot; it takes up none up to it any more. */
  readonly dropped: number
}

export const nothing: Pick<
  State,
  'headers' | 'jobs' | 'rounds' | 'keys' | 'released' | 'signed' | 'dropped'
> = {
  headers: {},
  jobs: Jobs.nothing,
  rounds: {},
  keys: {},
  released: {},
  signed: {},
  dropped: 0,
}

/** What is known for a draw; undefined before the round was opened. */
export function viewOf({ round, opened, ready }: Round): Draw.View | undefined {
  if (opened === undefined) return undefined
  return { round, opened: opened.bodyDigest, body: opened.body, ready }
}

/** Whether this update was made under the draw that this member goes by. */
export function isUnder(round: Round, { message }: Update): boolean {
  if (round.opened === undefined || round.adopted === undefined) return false
  if (message === undefined) return true
  return message.body.opened === round.opened.bodyDigest && message.body.cohorts === round.adopted.digest
}

/** The id of the wish to recompute the sums of a proposed record. */
export function recomputation(round: number, hash: Hex): string {
  return `recompute:${round}:${hash}`
}

export function blank(round: number): Round {
  const nothing = { ready: {}, drawn: [], updates: {}, rivals: {}, proposals: {}, signatures: {} }
  const unknown = { opened: undefined, adopted: undefined, adding: undefined }
  return { round, ...nothing, ...unknown, quorumAt: 0 }
}

export function put<state extends State>(state: state, round: Round): state {
  return { ...state, rounds: { ...state.rounds, [round.round]: round } }
}

/** Binds it to a record, unless it is bound. */
export function withSigned<state extends State>(state: state, round: number, hash: Hex): state {
  return state.signed[round] === undefined ? { ...state, signed: { ...state.signed, [round]: hash } } : state
}

export function withUpdate(round: Round, update: Update): Round {
  return { ...round, updates: { ...round.updates, [update.input.provider]: update } }
}

export function withRival(round: Round, rival: Update): Round {
  return { ...round, rivals: { ...round.rivals, [rival.input.provider]: rival } }
}

export function withProposal(round: Round, proposal: Proposed): Round {
  return { ...round, proposals: { ...round.proposals, [proposal.hash]: proposal } }
}

export function withSignature(round: Round, hash: Hex, seat: number, signature: Hex): Round {
  const known = round.signatures[hash] ?? {}
  if (known[seat] !== undefined) return round
  return { ...round, signatures: { ...round.signatures, [hash]: { ...known, [seat]: signature } } }
}
