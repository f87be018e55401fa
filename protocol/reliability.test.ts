import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as Talk from '../test/conversation.ts'
import type { Address } from './codec.ts'
import type * as Market from './market.ts'
import * as Reliability from './reliability.ts'

const [first, second] = Talk.computes.map(({ account }) => account) as [Address, Address]

/** The market's events about a task, from a plot: who signed each round, and what else happened. */
function task(
  name: string,
  plot: { readonly signers: readonly number[]; readonly absent?: number; readonly settled?: boolean },
  ...more: readonly Market.Event[]
): readonly Market.Event[] {
  const id = Talk.digest(name)
  const place = (block: number) => ({ block, logIndex: 0, transaction: id })
  const deadline = Talk.now
  const { computes, datas } = Talk
  const settled: Market.Event = {
    ...{ ...place(1000), name: 'TaskSettled', task: id, root: id, punished: false, deadline, utilities: [] },
  }
  return [
    { ...place(1), name: 'TaskStarted', task: id, computes, datas, absent: plot.absent ?? 0, deadline },
    ...plot.signers.map((signers, at): Market.Event => ({
      ...{ ...place(10 * (at + 1)), name: 'RoundCommitted', task: id, round: at + 1, signers, deadline },
      record: {
        ...{ round: at + 1, closes: 0, opened: id, cohortsDigest: id, aggregator: 0 },
        ...{ delivered: 0n, survivors: 0n, cohorts: [], sums: id, jobs: 0n },
      },
    })),
    ...more,
    ...(plot.settled === true ? [settled] : []),
  ]
}
const slashed = (name: string, block: number, seats: number): Market.Event => {
  const id = Talk.digest(name)
  return { block, logIndex: 1, transaction: id, name: 'Slashed', task: id, round: 1, seats }
}

test('exports', () => {
  expect(Object.keys(Reliability)).toEqual(['none', 'of', 'ofTask', 'sum', 'withContradicted', 'share'])
})

describe('the record of a compute provider', () => {
  test('is the rounds it signed of those that were committed, over all tasks', () => {
    const events = [
      ...task('one', { signers: [0b11, 0b01, 0b11], settled: true }),
      ...task('two', { signers: [0b10] }),
    ]
    expect(Reliability.of(events)).toEqual({
      [first]: { seats: 2, absent: 0, rounds: 4, signed: 3, finished: 1, slashed: 0, contradicted: 0 },
      [second]: { seats: 2, absent: 0, rounds: 4, signed: 3, finished: 1, slashed: 0, contradicted: 0 },
    })
  })

  test('counts no round of a seat that was absent, and no task as finished', () => {
    const { [first]: there, [second]: away } = Reliability.of(
      task('one', { signers: [1, 1], absent: 0b10, settled: true }),
    )
    expect(there).toMatchObject({ absent: 0, rounds: 2, signed: 2, finished: 1 })
    expect(away).toEqual({
      seats: 1,
      absent: 1,
      rounds: 0,
      signed: 0,
      finished: 0,
      slashed: 0,
      contradicted: 0,
    })
  })

  test('ends where it was slashed', () => {
    const events = task('one', { signers: [3, 3, 3], settled: true }, slashed('one', 15, 0b01))
    expect(Reliability.of(events)[first]).toEqual({
      ...{ seats: 1, absent: 0, rounds: 1, signed: 1, finished: 0, slashed: 1, contradicted: 0 },
    })
  })

  test('is the same however often and in whatever order it is told', () => {
    const events = [
      ...task('one', { signers: [3, 1, 2], settled: true }, slashed('one', 25, 0b10)),
      ...task('two', { signers: [2, 2], absent: 0b01 }),
    ]
    const expected = Reliability.of(events)
    const orders = fc.shuffledSubarray([...events, ...events], {
      minLength: 2 * events.length,
      maxLength: 2 * events.length,
    })
    fc.assert(
      fc.property(orders, (told) => {
        expect(Reliability.of(told)).toEqual(expected)
      }),
    )
  })

  test('is empty for a task that never started', () => {
    expect(Reliability.ofTask([])).toEqual(new Map())
    expect(Reliability.of([slashed('one', 1, 1)])).toEqual({})
  })
})

test('adds what was verified of jobs to what the market tells', () => {
  const [one, two] = [Talk.me('one').account, Talk.me('two').account]
  const known = { [one]: { ...Reliability.none, rounds: 3, signed: 3 } }
  expect(Reliability.withContradicted(known, [one, two, one])).toEqual({
    [one]: { ...Reliability.none, rounds: 3, signed: 3, contradicted: 2 },
    [two]: { ...Reliability.none, contradicted: 1 },
  })
})

describe('the share of rounds that can be expected of it', () => {
  const of = (record: Partial<Reliability.Reliability>) =>
    Reliability.share({ ...Reliability.none, ...record })

  test('puts a newcomer between those who sign and those who do not', () => {
    expect(of({ rounds: 20, signed: 20 })).toBeGreaterThan(of({}))
    expect(of({ rounds: 20, signed: 5 })).toBeLessThan(of({}))
    expect(of({ rounds: 1, signed: 0 })).toBeGreaterThan(of({ rounds: 20, signed: 0 }))
  })

  test.each([2, 3, 4, 5, 7, 16])(
    'puts whoever signs above a newcomer, though records of %i name only the threshold',
    (k) => {
      const threshold = Math.floor((2 * k) / 3) + 1
      expect(of({ rounds: 10 * k, signed: 10 * threshold })).toBeGreaterThan(of({}))
    },
  )

  test('is a share, that one false signature outweighs', () => {
    const whole = fc.nat(1000)
    fc.assert(
      fc.property(whole, whole, whole, whole, whole, (signed, missed, finished, absent, slashes) => {
        const share = of({ rounds: signed + missed, signed, finished, absent, slashed: slashes })
        expect(share).toBeGreaterThan(0)
        expect(share).toBeLessThan(1)
      }),
    )
    expect(of({ rounds: 60, signed: 60, finished: 3, slashed: 1 })).toBeLessThan(of({}))
  })

  test('falls with each job about which two others contradicted it, by less than with a false signature', () => {
    const signed = { rounds: 20, signed: 20 }
    expect(of({ ...signed, contradicted: 2 })).toBeLessThan(of({ ...signed, contradicted: 1 }))
    expect(of({ ...signed, contradicted: 1 })).toBeLessThan(of({}))
    expect(of({ ...signed, slashed: 1, contradicted: 0 })).toBeLessThan(of({ ...signed, contradicted: 1 }))
  })
})
