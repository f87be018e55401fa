// The ways out of a task that anyone may take once its time has come, so that no money waits for a vanished party.
import type { Address } from '../codec.ts'
import * as History from '../history.ts'
import * as Payout from '../payout.ts'
import type * as Plan from '../plan.ts'
import * as Ledger from './ledger.ts'
import * as Participant from './participant.ts'

/** Seconds between the turns in which participants take the same way out. */
const turn = 30
/** Most payouts claimed by one transaction. */
const mostClaims = 40
const ownClaim = 'exit:claim'
const restOfClaims = 'exit:rest:'

/** Wishes for whatever ends this task or pays what it owes, when it is this participant's turn. */
export function take<state extends Participant.Participant>(
  state: state,
  now: number,
  /** Asked for only where a settlement is due: the market refuses a model provider's without. */
  utilities: () => Plan.Utilities = () => [],
): state {
  const { ledger, terms } = state
  const past = ledger.head - ledger.deadline
  const mine = state.ended ? 0 : order(state) * turn
  switch (ledger.state) {
    case 'none':
    case 'cancelled':
      return state
    case 'open':
      if (past <= mine) return state
      return Participant.submit(state, 'exit:cancel', { name: 'cancel', terms }, now)
    case 'running':
    case 'faulted': {
      if (past <= mine) return state
      const { computes, datas } = ledger
      if (ledger.rounds.length === 0)
        return Participant.submit(state, 'exit:expire', { name: 'expire', terms, computes, datas }, now)
      return settle(state, ledger.state === 'running' ? utilities() : [], now)
    }
    case 'settled':
      return past <= 0 ? state : claim(state, past, now)
    default:
      return ledger.state satisfies never
  }
}

/** Drops exits that the chain has made moot. */
export function tidy<state extends Participant.Participant>(state: state): state {
  const { ledger, me } = state
  const due = owing(state)
  return Participant.unwish(state, ({ id }) => {
    if (id === 'exit:cancel') return ledger.state !== 'open'
    if (id === 'exit:expire') return ledger.state !== 'running'
    if (id === 'exit:settle') return ledger.state !== 'running' && ledger.state !== 'faulted'
    if (id === ownClaim) return due.every((leaf) => recipient(state, leaf) !== me.account)
    return id.startsWith(restOfClaims) && id !== `${restOfClaims}${due.length}`
  })
}

/** Only the model provider of a task without fault has utilities to give. */
export function settle<state extends Participant.Participant>(
  state: state,
  utilities: Plan.Utilities,
  now: number,
): state {
  const { computes, datas } = state.ledger
  const rounds = History.tallies(state.ledger)
  const call = {
    name: 'settle',
    terms: state.terms,
    parties: { computes, datas },
    rounds,
    utilities,
  } as const
  return Participant.submit(state, 'exit:settle', call, now)
}

/** Whether anyone may end this task now: its time is up, or its model provider is at fault. */
export function isDue({ ledger }: Participant.Participant): boolean {
  if (ledger.state === 'faulted') return true
  return (ledger.state === 'open' || ledger.state === 'running') && ledger.head > ledger.deadline
}

/** What is not claimed yet. */
function owing({ ledger, payout }: Participant.Participant): readonly History.Due[] {
  const claimed = Ledger.claimed(ledger)
  return payout?.filter(({ amount, index }) => amount > 0n && !((claimed >> BigInt(index)) & 1n)) ?? []
}

/** Whose account it is for: what a slashed compute provider would get is the model provider's. */
function recipient({ terms }: Participant.Participant, { isSlashed, account }: History.Due): Address {
  return isSlashed ? terms.modelProvider : account
}

/** One's own payouts first; when others let theirs lie, each participant in turn pays them out. */
function claim<state extends Participant.Participant>(state: state, past: number, now: number): state {
  const { me, payout, rules, terms } = state
  if ((!rules.claim && !state.claims) || payout === undefined) return state
  const due = owing(state)
  const own = due.filter((leaf) => recipient(state, leaf) === me.account)
  const mine = own.length > 0
  if (due.length === 0 || (!mine && past <= (2 + order(state)) * turn)) return state
  const id = mine ? ownClaim : `${restOfClaims}${due.length}`
  if (!Participant.maySubmit(state, id, now)) return state
  const tried = state.tries[id]?.count ?? 0
  const indices = batchOf(state, mine ? own : due, tried).map(({ index }) => index)
  const claims = Payout.claims(terms.token, payout, indices)
  return Participant.submit(state, id, { name: 'claim', terms, claims }, now)
}

/**
 * The next leaves to pay out together: halves of what was refused, down to the leaf that is to blame, which waits until
 * all others are paid.
 */
function batchOf(
  { refused }: Participant.Participant,
  due: readonly History.Due[],
  tried: number,
): readonly History.Due[] {
  const isRefused = (leaves: readonly History.Due[]) => refused.includes(Participant.batch(leaves))
  let leaves = due.filter((leaf) => !isRefused([leaf])).slice(0, mostClaims)
  if (leaves.length === 0) return due.slice(tried % due.length).slice(0, 1)
  while (isRefused(leaves)) leaves = leaves.slice(0, Math.ceil(leaves.length / 2))
  return leaves
}

/** Whose turn it is: model provider, committee by seat, data providers by seat; before seats exist, by account. */
export function order(state: Participant.Participant): number {
  const { ledger, me, terms } = state
  if (me.account === terms.modelProvider) return 0
  if (ledger.state === 'open') return 1 + Number(BigInt(me.account) % 64n)
  const compute = Ledger.seatOf(ledger.computes, me.account)
  if (compute !== undefined) return 1 + compute
  const data = Ledger.seatOf(ledger.datas, me.account)
  return 1 + ledger.computes.length + (data ?? ledger.datas.length)
}
