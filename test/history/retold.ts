// A life told from its events alone, held against what the chain says of it: slots, roots, leaves and balances.
import { expect } from 'vitest'
import type { Address } from '../../protocol/codec.ts'
import * as History from '../../protocol/history.ts'
import * as Market from '../../protocol/market.ts'
import * as Party from '../../protocol/party.ts'
import * as Payout from '../../protocol/payout.ts'
import * as Record from '../../protocol/record.ts'
import * as Terms from '../../protocol/terms.ts'
import type { Chronicle } from './chronicle.ts'

/** What must have happened among the tasks, or the comparison has shown little. */
export const kinds = [
  ...Market.states.filter((state) => state !== 'none'),
  'absent',
  'slashed',
  'guilty',
  'punished',
  'scored',
  'claimed',
  'claimed in full',
  'cancelled after the start',
] as const
type Kind = (typeof kinds)[number]

/** Fails where they differ. Resolves with what the tasks have seen. */
export function compare(chronicle: Chronicle): readonly Kind[] {
  const histories = chronicle.tasks.map(({ id }) => History.of(chronicle.events, id))
  histories.forEach((history, at) => {
    slots(history, chronicle, at)
    leaves(history)
  })
  balances(histories, chronicle)
  return histories.flatMap(kindsOf)
}

function slots(history: History.History, { market, tasks }: Chronicle, at: number): void {
  const { terms, computes, datas, rounds, absent, slashed, guilty, state, deadline, settlement } = history
  const task = tasks[at]
  const isStarted = datas.length > 0
  expect({
    id: Terms.id(market, terms),
    status: {
      state: Market.states.indexOf(state),
      deadline,
      rounds: rounds.length,
      lastRound: rounds.at(-1)?.record.round ?? 0,
      datas: datas.length,
      computes: computes.length,
      absent,
      slashed,
      guilty,
    },
    parties: isStarted ? Party.partiesHash(computes, datas) : Terms.noHash,
    log: History.tallies(history).reduce(Record.log, Terms.noHash),
    // A fault leaves the root of the settlement that it undid.
    root: state === 'faulted' ? task?.root : (settlement?.root ?? Terms.noHash),
    claimed: History.owed(history).claimed,
  }).toEqual(task)
}

function leaves(history: History.History): void {
  const { terms, absent, computes, settlement, claims, state } = history
  const { dues } = History.owed(history)
  const present = computes.filter((_, seat) => ((absent >> seat) & 1) === 0).length
  expect(sum(dues.map(({ amount }) => amount))).toBe(Payout.funded(terms, present))
  for (const { index, payee, amount } of claims)
    expect(dues[index]).toMatchObject({ receiver: payee, amount, isClaimed: true })
  if (settlement === undefined) return
  expect(state).toBe('settled')
  const payout = Payout.compute({ ...history, ...settlement, rounds: History.tallies(history) })
  expect(payout.root).toBe(settlement.root)
  expect(dues).toMatchObject(payout.leaves)
}

/** Every token that anybody holds came by a claim or a withdrawal, and every deposit is what events left of it. */
function balances(
  histories: readonly History.History[],
  { market, events, balances: told }: Chronicle,
): void {
  const tokens = new Map<string, bigint>()
  const deposits = new Map<string, bigint>()
  const add = (to: Map<string, bigint>, token: Address, account: Address, amount: bigint) =>
    to.set(`${token} ${account}`, (to.get(`${token} ${account}`) ?? 0n) + amount)
  const move = (token: Address, account: Address, amount: bigint) => {
    add(tokens, token, account, amount)
    add(tokens, token, market, -amount)
  }
  for (const event of events) {
    if (event.name === 'Deposited') {
      add(deposits, event.token, event.account, event.amount)
      add(tokens, event.token, market, event.amount)
    }
    if (event.name === 'Withdrawn') {
      add(deposits, event.token, event.account, -event.amount)
      move(event.token, event.account, event.amount)
    }
  }
  for (const history of histories) {
    const { terms, computes, absent, claims, state } = history
    add(tokens, terms.token, market, Terms.funding(terms))
    for (const { payee, amount } of claims) move(terms.token, payee, amount)
    computes.forEach(({ account }, seat) => {
      if (((absent >> seat) & 1) === 0) add(deposits, terms.token, account, -terms.computeBond)
    })
    if (state === 'cancelled')
      for (const { receiver, amount } of History.owed(history).dues)
        add(deposits, terms.token, receiver, amount)
  }
  for (const { token, account, tokens: held, deposit } of told) {
    const key = `${token} ${account}`
    expect({ key, held: tokens.get(key) ?? 0n, deposit: deposits.get(key) ?? 0n }).toEqual({
      key,
      held,
      deposit,
    })
  }
}

function kindsOf(history: History.History): readonly Kind[] {
  const { state, absent, slashed, guilty, settlement, claims, datas, computes } = history
  if (state === 'none') return []
  return [
    state,
    ...(absent === 0 ? [] : ['absent' as const]),
    ...(slashed === 0 ? [] : ['slashed' as const]),
    ...(guilty ? ['guilty' as const] : []),
    ...(settlement?.punished === true ? ['punished' as const] : []),
    ...((settlement?.utilities.length ?? 0) > 0 ? ['scored' as const] : []),
    ...(claims.length > 0 ? ['claimed' as const] : []),
    ...(claims.length === datas.length + computes.length + 1 ? ['claimed in full' as const] : []),
    ...(state === 'cancelled' && datas.length > 0 ? ['cancelled after the start' as const] : []),
  ]
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n)
}
