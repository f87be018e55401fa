// A round as the model provider knows it: what was said and given away, and whether its sums can be opened.
import type * as Body from '../body.ts'
import type { Address, Hex } from '../codec.ts'
import * as Game from '../contribution.ts'
import type * as Masks from '../masks.ts'
import type * as Message from '../message.ts'
import * as Record from '../record.ts'
import type { Player } from './contribution.ts'
import type * as Effect from './effect.ts'
import type * as Jobs from './jobs.ts'
import * as Ledger from './ledger.ts'
import * as Participant from './participant.ts'
import * as Proposal from './proposal.ts'
import * as Readiness from './readiness.ts'
import * as Shares from './shares.ts'

export type Round = {
  readonly round: number
  readonly prepared:
    { readonly modelHash: Hex; readonly model: string; readonly publicKey: string } | undefined
  /** `RoundOpened`: digest of its body, and the body. */
  readonly opened: { readonly digest: Hex; readonly body: Body.Of<'roundOpened'> } | undefined
  /** Bitmaps of data seats that said `Ready` and that announced an update. */
  readonly ready: bigint
  readonly announced: bigint
  /** What the `Ready`s say, with the hashes of all shares. */
  readonly masks: Readiness.Readiness
  readonly drawn: readonly Message.Of<'cohorts'>[]
  /** By record hash, one for each member that proposed. */
  readonly proposals: Readonly<{ [hash: Hex]: Body.Of<'recordProposed'> }>
  /** By committee seat, what each gave away. */
  readonly unmasked: Readonly<{ [seat: number]: Body.Of<'unmask'> }>
  /** What opening the sums gave; `lost` when they could not be had or opened. */
  readonly result: 'none' | 'lost' | Gained
  /** Cohorts of the committed record whose sums were discarded, ascending. */
  readonly discarded: readonly number[]
  /** Its secret key is erased. */
  readonly forgotten: boolean
}

export type Gained = {
  readonly correct: number
  readonly total: number
  readonly nextModelHash: Hex
  /** By cohort of the record, in 60ths of a correct prediction; empty where the plan asks for none. */
  readonly contributions: readonly number[]
  /** Whose contributions those are. */
  readonly players: readonly Player[]
}

export type State = Jobs.State & {
  readonly rounds: Readonly<{ [round: number]: Round }>
  /** Who gave what is provably wrong, and what. */
  readonly convicted: Readonly<{ [account: Address]: string }>
}

export function blank(round: number): Round {
  return {
    round,
    prepared: undefined,
    opened: undefined,
    ready: 0n,
    announced: 0n,
    masks: {},
    drawn: [],
    proposals: {},
    unmasked: {},
    result: 'none',
    discarded: [],
    forgotten: false,
  }
}

export function put<state extends State>(state: state, round: Round): state {
  return { ...state, rounds: { ...state.rounds, [round.round]: round } }
}

/** Records of a round that one member can have proposed. */
const mostProposals = 4

/** Takes in a message of a round that was opened. */
export function read(state: State, round: Round, message: Message.Message, now: number): Round {
  if (round.opened === undefined) return round
  if (message.kind === 'ready' || message.kind === 'encryptedUpdate') {
    const seat = Participant.dataSeat(state, message)
    if (seat === undefined || message.body.opened !== round.opened.digest) return round
    const bit = 1n << BigInt(seat)
    if (message.kind === 'encryptedUpdate') return { ...round, announced: round.announced | bit }
    const before = state.rounds[round.round - 1]?.masks ?? {}
    const masks = Readiness.hear(round.masks, before, message, state, now, () => true)
    return masks === round.masks ? round : { ...round, masks, ready: round.ready | bit }
  }
  const seat = Participant.committeeSeat(state, message)
  if (seat === undefined) return round
  if (message.kind === 'cohorts') {
    if (round.drawn.some(({ sender }) => sender === message.sender)) return round
    return { ...round, drawn: [...round.drawn, message] }
  }
  if (message.kind === 'recordProposed') {
    const { record } = message.body
    const hash = Record.hash(record)
    if (round.proposals[hash] !== undefined || record.aggregator !== seat) return round
    // More than one: of two that it signed, the other may be the one that is committed.
    const own = Object.values(round.proposals).filter((each) => each.record.aggregator === seat)
    if (own.length >= mostProposals) return round
    return { ...round, proposals: { ...round.proposals, [hash]: message.body } }
  }
  if (message.kind !== 'unmask' || round.unmasked[seat] !== undefined) return round
  return { ...round, unmasked: { ...round.unmasked, [seat]: message.body } }
}

/** Unix seconds after which a committed round is opened no more. */
export function opensBy({ spec }: Participant.Participant, closes: number): number {
  return closes + spec.timeouts.commit
}

/** Why a committed round cannot be opened yet, or what opens it; `patient` waits for every cohort. */
export function opening(
  state: State,
  round: Round,
  record: Record.Body,
  isPatient: boolean,
): Extract<Effect.Effect, { readonly type: 'open' }> | string {
  const { threshold } = state.terms
  const given = Object.values(round.unmasked).length
  if (given < threshold) return `Too few members gave shares of round ${round.round} away.`
  const hash = Record.hash(record)
  const proposal = round.proposals[hash]
  const isKnown =
    proposal !== undefined &&
    Proposal.sumsDigest(state, record, proposal.inputs, proposal.sums) === record.sums
  if (!isKnown) return `The sums of round ${round.round} were not to be had.`
  const draw = round.drawn.find(({ bodyDigest }) => bodyDigest === record.cohortsDigest)
  if (draw === undefined) return `The cohorts of round ${round.round} were not to be had.`
  const opened = record.cohorts.flatMap((cohort, at) =>
    (cohort & record.survivors) === 0n ? [] : [{ cohort: at, accounts: draw.body.cohorts[at] ?? [] }],
  )
  const cohorts = opened.flatMap(({ cohort, accounts }, at) => {
    const members = accounts.flatMap((account) => masked(state, round, record.survivors, hash, account) ?? [])
    const isOpen =
      members.length === accounts.length && members.every(({ shares }) => shares.length >= threshold)
    const sum = proposal.sums[at]
    return isOpen && sum !== undefined ? [{ cohort, ...sum, members }] : []
  })
  if (cohorts.length === 0 || (isPatient && cohorts.length < opened.length))
    return `Too few members gave shares of round ${round.round} away.`
  return {
    id: `open:${round.round}`,
    type: 'open',
    round: round.round,
    opened: record.opened,
    cohortsDigest: record.cohortsDigest,
    threshold,
    cohorts,
    coalitions: state.terms.plan === 'equal' ? [] : Game.coalitions(cohorts.length, hash),
  }
}

/**
 * Who made its cohort's sum unreadable, by cohort: more members than may lie while rounds are committed have answered
 * without a share of its secret, so it sealed them something else. A wrong share is its member's fault.
 */
export function spoilers(
  state: State,
  round: Round,
  record: Record.Body,
): readonly { readonly cohort: number; readonly account: Address }[] {
  const hash = Record.hash(record)
  const answers = Object.values(round.unmasked).filter((body) => body.record === hash).length
  const liars = Ledger.present(state.ledger).length - state.terms.threshold
  const draw = round.drawn.find(({ bodyDigest }) => bodyDigest === record.cohortsDigest)
  return record.cohorts.flatMap((set, cohort) =>
    ((set & record.survivors) === 0n ? [] : (draw?.body.cohorts[cohort] ?? [])).flatMap((account) =>
      answers - given(round, hash, account).length > liars ? [{ cohort, account }] : [],
    ),
  )
}

/** What is known of somebody in an opened cohort, with its right shares. */
function masked(
  { ledger }: State,
  round: Round,
  survivors: bigint,
  record: Hex,
  account: Address,
): Effect.Masked | undefined {
  const seat = Ledger.seatOf(ledger.datas, account) ?? -1
  const [ready, party] = [round.masks[seat], ledger.datas[seat]]
  if (ready === undefined || party === undefined) return undefined
  const { ephemeral, seedHash } = ready.masks
  const survived = ((survivors >> BigInt(seat)) & 1n) === 1n
  const shares = given(round, record, account).flatMap(({ seat: member, released }) => {
    const hash = hashOf(ready, member, survived)
    return hash !== undefined && Shares.isRight(released, survived ? 'seed' : 'key', hash)
      ? [{ seat: member, hash, share: released.share, salt: released.salt }]
      : []
  })
  return { account, ephemeral, seedHash, samples: party.samples, survived, shares }
}

type Given = { readonly seat: number; readonly released: Masks.Released }

/** What members gave away of this provider for this record. */
function given({ unmasked }: Round, record: Hex, account: Address): readonly Given[] {
  return Object.entries(unmasked).flatMap(([seat, body]) => {
    const released = body.record === record ? byProvider(body).get(account) : undefined
    return released === undefined ? [] : [{ seat: Number(seat), released }]
  })
}

/** Shares of a message by provider, found once. */
function byProvider(body: Body.Of<'unmask'>): ReadonlyMap<Address, Masks.Released> {
  const found = indices.get(body) ?? new Map(body.shares.map((share) => [share.provider, share]))
  indices.set(body, found)
  return found
}
const indices = new WeakMap<Body.Of<'unmask'>, ReadonlyMap<Address, Masks.Released>>()

function hashOf(ready: Readiness.Ready, seat: number, survived: boolean): Hex | undefined {
  const share = ready.masks.shares.find((each) => each.seat === seat)
  return survived ? share?.seedHash : share?.keyHash
}

/** Notes the members whose shares are not the ones that a `Ready` of this record's cohorts names. */
export function convict<state extends State>(state: state, round: Round, record: Record.Body): state {
  if (Object.keys(round.unmasked).length === 0) return state
  let next = state
  const statement = Record.hash(record)
  for (const [seat, ready] of Object.entries(round.masks)) {
    const party = state.ledger.datas[Number(seat)]
    if (party === undefined) continue
    const survived = ((record.survivors >> BigInt(seat)) & 1n) === 1n
    for (const { seat: member, released } of given(round, statement, party.account)) {
      const hash = hashOf(ready, member, survived)
      const author = state.ledger.computes[member]?.account
      if (hash === undefined || author === undefined || next.convicted[author] !== undefined) continue
      if (Shares.isRight(released, survived ? 'seed' : 'key', hash)) continue
      next = blame(next, author, `${author} gave a wrong share of ${party.account} in round ${round.round}.`)
    }
  }
  return next
}

/** Notes who did wrong, once. */
export function blame<state extends State>(state: state, account: Address, sentence: string): state {
  if (state.convicted[account] !== undefined) return state
  return Participant.note({ ...state, convicted: { ...state.convicted, [account]: sentence } }, sentence)
}
