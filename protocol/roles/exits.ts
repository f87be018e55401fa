// The ways out of a task that anyone may take once its time has come, so that no money waits for a vanished party.
import * as Payout from '../payout.ts'
import * as Ledger from './ledger.ts'
import * as Participant from './participant.ts'

/** Seconds between the turns in which participants take the same way out. */
const turn = 30
/** Most payouts claimed by one transaction. */
const mostClaims = 40
const ownClaim = 'exit:claim'
const restOfClaims = 'exit:rest:'

/** Wishes for whatever ends this task or pays what it owes, when it is this participant's turn. */
export function take<state extends Participant.Participant>(state: state, now: number): state {
  const { ledger, terms } = state
  const past = ledger.head - ledger.deadline
  const mine = order(state) * turn
  switch (ledger.state) {
    case 'none':
    case 'cancelled':
      return state
    case 'open':
      if (past <= mine) return state
      return Participant.submit(state, 'exit:cancel', { name: 'cancel', terms }, now)
    case 'running': {
      if (past <= mine) return state
      const { computes, datas } = ledger
      if (ledger.rounds.length === 0)
        return Participant.submit(state, 'exit:expire', { name: 'expire', terms, computes, datas }, now)
      return settle(state, now)
    }
    case 'settled':
      return past <= 0 ? state : claim(state, past, now)
    default:
      return ledger.state satisfies never
  }
}

/** Drops exits that the chain has made moot. */
export function tidy<state extends Participant.Participant>(state: state): state {
  const { ledger, me, payout } = state
  const due = payout?.leaves.filter(({ amount, index }) => amount > 0n && !Ledger.isPaid(ledger, index)) ?? []
  return Participant.unwish(state, ({ id }) => {
    if (id === 'exit:cancel') return ledger.state !== 'open'
    if (id === 'exit:expire' || id === 'exit:settle') return ledger.state !== 'running'
    if (id === ownClaim) return due.every(({ account }) => account !== me.account)
    return id.startsWith(restOfClaims) && id !== `${restOfClaims}${due.length}`
  })
}

export function settle<state extends Participant.Participant>(state: state, now: number): state {
  const { computes, datas } = state.ledger
  const rounds = Ledger.tallies(state.ledger)
  return Participant.submit(
    state,
    'exit:settle',
    { name: 'settle', terms: state.terms, computes, datas, rounds },
    now,
  )
}

/** One's own payouts first; when others let theirs lie, each participant in turn pays them out. */
function claim<state extends Participant.Participant>(state: state, past: number, now: number): state {
  const { ledger, me, rules, terms } = state
  if ((!rules.claim && !state.claims) || state.payout === undefined) return state
  const { leaves } = state.payout
  const due = leaves.filter(({ amount, index }) => amount > 0n && !Ledger.isPaid(ledger, index))
  const own = due.filter(({ account }) => account === me.account)
  const mine = own.length > 0
  if (due.length === 0 || (!mine && past <= (2 + order(state)) * turn)) return state
  const id = mine ? ownClaim : `${restOfClaims}${due.length}`
  if (!Participant.maySubmit(state, id, now)) return state
  const claims = (mine ? own : due)
    .slice(0, mostClaims)
    .map(({ index }) => Payout.claim(terms.token, leaves, index))
  return Participant.submit(state, id, { name: 'claim', task: state.id, token: terms.token, claims }, now)
}

/** Whose turn it is: model provider, committee by seat, data providers by seat; before seats exist, by account. */
function order(state: Participant.Participant): number {
  const { ledger, me, terms } = state
  if (me.account === terms.modelProvider) return 0
  if (ledger.state === 'open') return 1 + Number(BigInt(me.account) % 64n)
  const compute = Ledger.seatOf(ledger.computes, me.account)
  if (compute !== undefined) return 1 + compute
  const data = Ledger.seatOf(ledger.datas, me.account)
  return 1 + ledger.computes.length + (data ?? ledger.datas.length)
}
