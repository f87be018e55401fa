// One leaf that the market cannot pay must hold up no other.
import { expect, test } from 'vitest'
import * as Talk from '../../test/conversation.ts'
import type { Hex } from '../codec.ts'
import type * as History from '../history.ts'
import * as Payout from '../payout.ts'
import type * as Effect from './effect.ts'
import * as Exits from './exits.ts'
import * as Participant from './participant.ts'

const leaves = 50
const parts = { ...Payout.nothing, pay: 1n }
const due: readonly History.Due[] = Array.from({ length: leaves }, (_, index) => {
  const account: Hex = `0x${(index + 1).toString(16).padStart(40, '0')}`
  const seat = {
    role: 'compute',
    isAbsent: false,
    isSlashed: false,
    isClaimed: false,
    receiver: account,
  } as const
  return { index, account, payee: account, amount: 1n, work: 1, units: Payout.idle, ...seat, parts }
})

function settled(): Participant.Participant {
  const options = {
    me: Talk.me('compute 0'),
    rules: { consent: true, claim: true },
    place: Talk.place,
    id: Talk.task,
    terms: Talk.terms,
    spec: Talk.spec,
  }
  const state = Participant.create(options)
  const ledger = { ...state.ledger, state: 'settled', deadline: Talk.now, head: Talk.now + 100_000 } as const
  return { ...state, ledger, payout: due, ended: true }
}

/** Plays a market that refuses every batch with one of these leaves; which leaves are paid after so many seconds. */
function play(bad: readonly number[], seconds: number): ReadonlySet<number> {
  let state = settled()
  const paid = new Set<number>()
  for (let now = Talk.now; now < Talk.now + seconds; now += 5) {
    state = Exits.take(Exits.tidy(state), now)
    const [wish] = Object.values(state.outbox).filter(isClaim)
    if (wish === undefined) continue
    const indices = wish.call.claims.map(({ index }) => index)
    const fails = indices.some((index) => bad.includes(index))
    const result = fails
      ? ({ type: 'failed', effect: wish.id, reason: 'The token refuses this payee.' } as const)
      : ({ type: 'submitted', effect: wish.id } as const)
    state = Participant.finish(state, result, now)?.state ?? state
    if (fails) continue
    for (const index of indices) paid.add(index)
    const claims = due
      .filter(({ index }) => paid.has(index))
      .map(({ index, payee, amount }) => {
        const place = { block: 1, logIndex: index, transaction: Talk.digest('claim') }
        return { ...place, name: 'Claimed', task: Talk.task, index, payee, amount } as const
      })
    state = { ...state, ledger: { ...state.ledger, claims } }
  }
  return paid
}

function isClaim(effect: Effect.Effect): effect is Extract<Effect.Effect, { readonly type: 'submit' }> & {
  readonly call: Extract<Effect.Call, { readonly name: 'claim' }>
} {
  return effect.type === 'submit' && effect.call.name === 'claim'
}

test('everything is paid in batches where nothing is refused', () => {
  expect(play([], 300).size).toBe(leaves)
})

test.each([[[0]], [[17]], [[39]], [[3, 4, 30]], [[49]]])('only the leaves %j wait', (bad) => {
  const paid = play(bad, 7200)
  expect(due.map(({ index }) => index).filter((index) => !paid.has(index))).toEqual(bad)
})
