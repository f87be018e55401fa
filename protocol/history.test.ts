// A history is what happened, however it was told; dues add up at every moment of a life, and missing events are noticed.
// Agreement with the chain: test/history.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tasks, type Task } from '../test/tasks.ts'
import type { Hex } from './codec.ts'
import * as History from './history.ts'
import * as Payout from './payout.ts'
import * as Reason from './reason.ts'

const task: Hex = `0x${'7a'.repeat(32)}`
const transaction: Hex = `0x${'7b'.repeat(32)}`

const lives = fc
  .record({
    drawn: tasks,
    seats: fc.integer({ min: 0, max: 31 }),
    refaulted: fc.boolean(),
    claimed: fc.bigInt({ min: 0n, max: (1n << 26n) - 1n }),
    order: fc.array(fc.nat(), { minLength: 60, maxLength: 60 }),
  })
  .map((life) => ({ ...life, events: told(life.drawn, life) }))

type Untold = History.TaskEvent extends infer event
  ? event extends History.TaskEvent
    ? Omit<event, 'block' | 'logIndex' | 'transaction'>
    : never
  : never

/** The events of a life: started, rounds, a proof, perhaps settled twice with a fault between, claims. */
function told(
  drawn: Task,
  life: { readonly seats: number; readonly refaulted: boolean; readonly claimed: bigint },
): readonly History.TaskEvent[] {
  const { terms, computes, datas, absent, rounds, utilities } = drawn
  const punished = drawn.punished || life.refaulted
  const tallies = History.tallies({ rounds })
  const settled = (how: { punished: boolean; utilities: Task['utilities'] }): Untold => ({
    name: 'TaskSettled',
    task,
    root: Payout.compute({ ...drawn, rounds: tallies, ...how }).root,
    deadline: 9_000,
    ...how,
  })
  const { leaves } = Payout.compute({
    ...drawn,
    rounds: tallies,
    utilities: punished ? [] : utilities,
    punished,
  })
  const seats = life.seats & ~absent & (2 ** computes.length - 1)
  const receiver = (index: number, payee: Hex) =>
    ((seats >> (index - datas.length)) & 1) === 1 && index >= datas.length ? terms.modelProvider : payee
  const untold: readonly Untold[] = [
    { name: 'TaskCreated', task, modelProvider: terms.modelProvider, terms },
    { name: 'TaskStarted', task, computes, datas, absent, deadline: 5_000 },
    ...rounds.map(({ record, signers }): Untold => ({
      name: 'RoundCommitted',
      task,
      round: record.round,
      record,
      signers,
      deadline: 5_000 + record.round,
    })),
    ...(seats === 0 ? [] : [{ name: 'Slashed', task, round: 1, seats } satisfies Untold]),
    ...(life.refaulted
      ? [
          settled({ punished: drawn.punished, utilities }),
          { name: 'TaskFaulted', task, round: 1 } satisfies Untold,
        ]
      : []),
    settled({ punished, utilities: punished ? [] : utilities }),
    ...leaves
      .filter(({ index }) => ((life.claimed >> BigInt(index)) & 1n) === 1n)
      .map(({ index, payee, amount }): Untold => ({
        name: 'Claimed',
        task,
        index,
        payee: receiver(index, payee),
        amount,
      })),
  ]
  return untold.map((event, at) => ({ ...event, block: Math.floor(at / 3), logIndex: at % 3, transaction }))
}

test('events may be told twice, in any order and among those of other tasks', () => {
  fc.assert(
    fc.property(lives, ({ events, order }) => {
      const other = events.map((event) => ({ ...event, task: transaction, block: event.block + 1_000 }))
      const shuffled = [...events, ...other, ...events]
        .map((event, at) => ({ event, key: order[at % order.length] ?? 0 }))
        .sort((a, b) => a.key - b.key)
        .map(({ event }) => event)
      expect(History.of(shuffled, task)).toEqual(History.of(events))
    }),
  )
})

test('at every moment of its life the dues of a task add up to what it holds', () => {
  fc.assert(
    fc.property(lives, ({ events, drawn }) => {
      const present = drawn.computes.filter((_, seat) => ((drawn.absent >> seat) & 1) === 0).length
      events.forEach((_, at) => {
        const { dues } = History.owed(History.of(events.slice(0, at + 1)))
        const sum = dues.reduce((total, { amount }) => total + amount, 0n)
        expect(sum).toBe(Payout.funded(drawn.terms, at === 0 ? 0 : present))
        expect(dues.every(({ amount }) => amount >= 0n)).toBe(true)
      })
    }),
    { numRuns: 30 },
  )
})

test('claims are what was owed, to who was to receive it', () => {
  fc.assert(
    fc.property(lives, ({ events }) => {
      const history = History.of(events)
      const { dues, basis, claimed } = History.owed(history)
      expect(basis).toBe('settled')
      for (const { index, payee, amount } of history.claims)
        expect(dues[index]).toMatchObject({ receiver: payee, amount, isClaimed: true })
      expect(dues.filter(({ isClaimed }) => isClaimed)).toHaveLength(history.claims.length)
      expect(claimed === 0n).toBe(history.claims.length === 0)
    }),
  )
})

test('what the model provider would settle with gives what the settlement then gives', () => {
  fc.assert(
    fc.property(lives, ({ events, drawn, refaulted }) => {
      if (drawn.punished || refaulted) return
      const until = events.findIndex(({ name }) => name === 'TaskSettled')
      const before = History.owed(History.of(events.slice(0, until)), drawn.utilities)
      const after = History.owed(History.of(events.slice(0, until + 1)))
      expect(before).toEqual({ ...after, basis: 'ifSettled' })
      const guessed = History.owed(History.of(events.slice(0, until)))
      expect(guessed.isAssumed).toBe(drawn.terms.plan !== 'equal')
    }),
  )
})

test('an event left out is noticed', () => {
  fc.assert(
    fc.property(lives, fc.nat(), ({ events, drawn }, which) => {
      const left = which % (drawn.rounds.length + 2)
      const rest = events.filter((_, at) => at !== left)
      const isGap = left === 1 || drawn.rounds.length === 1
      const error = left === 0 ? History.UnknownError : isGap ? History.GapError : History.RootError
      expect(() => History.owed(History.of(rest, task))).toThrow(error)
    }),
  )
})

test('a cancelled task gave everything back, the bonds of slashed seats to the model provider', () => {
  const [life] = fc.sample(
    lives.filter(
      ({ events, drawn }) => events.some(({ name }) => name === 'Slashed') && drawn.datas.length > 3,
    ),
    1,
  )
  if (life === undefined) throw new Error('no sample')
  const kept = life.events.filter(({ name }) => ['TaskCreated', 'TaskStarted', 'Slashed'].includes(name))
  const cancelled = { name: 'TaskCancelled', task, block: 1_000, logIndex: 0, transaction } as const
  const open = kept.slice(0, 1)
  expect(History.owed(History.of(open)).basis).toBe('ifCancelled')
  expect(History.owed(History.of(kept)).basis).toBe('ifExpired')
  expect(History.owed(History.of([...open, cancelled])).dues).toHaveLength(1)
  const { basis, dues } = History.owed(History.of([...kept, cancelled]))
  expect(basis).toBe('cancelled')
  for (const due of dues.filter(({ isSlashed }) => isSlashed)) {
    expect(due.receiver).toBe(life.drawn.terms.modelProvider)
    expect(due.amount).toBe(life.drawn.terms.computeBond)
  }
})

test('every part of what is owed has a reason', () => {
  fc.assert(
    fc.property(lives, ({ events }) => {
      events.forEach((_, at) => {
        const history = History.of(events.slice(0, at + 1))
        for (const due of History.owed(history).dues) {
          const reasons = Reason.of(history, due, String)
          expect(reasons.reduce((sum, { amount }) => sum + amount, 0n)).toBe(due.amount)
          expect(reasons.length).toBeGreaterThan(0)
          for (const { because } of reasons) expect(because).not.toMatch(/undefined|NaN|^$/)
        }
      })
    }),
    { numRuns: 20 },
  )
})

test('nothing is known of a task that was not created, and none is created twice', () => {
  expect(() => History.of([])).toThrow(History.UnknownError)
  const [life] = fc.sample(lives, 1)
  const [created] = life?.events ?? []
  if (created === undefined) throw new Error('no sample')
  expect(() => History.of([created, { ...created, block: 5 }])).toThrow(History.GapError)
})
