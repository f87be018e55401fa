import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as Talk from '../test/conversation.ts'
import type { Address } from './codec.ts'
import * as Hours from './hours.ts'
import type * as Offer from './offer.ts'
import * as Ranking from './ranking.ts'
import * as Reliability from './reliability.ts'

const noon = 12 * 3600
const names = ['ada', 'bob', 'cleo', 'dan', 'eve'] as const
const account = (at: number) => Talk.me(names[at] ?? '').account

type Plot = Partial<Pick<Offer.ComputeOffer, 'price' | 'training' | 'matmul' | 'additions' | 'hours'>> & {
  readonly record?: Partial<Reliability.Reliability>
}
type Record = Pick<Reliability.Reliability, 'rounds' | 'signed' | 'finished' | 'absent' | 'contradicted'>
const usual = { price: 100n, training: 1000, matmul: 1000, additions: 1000, hours: Hours.always }

function question(plots: readonly Plot[], lot = 'somebody'): Ranking.Question {
  const offers = plots.map((plot, at): Offer.ComputeOffer => {
    const { price, training, matmul, additions, hours } = { ...usual, ...plot }
    return { ...Talk.computeOffer(names[at] ?? ''), price, training, matmul, additions, hours }
  })
  const records = plots.map(({ record }, at): [Address, Reliability.Reliability] => [
    account(at),
    { ...Reliability.none, ...record },
  ])
  return { offers, records: Object.fromEntries(records), now: noon, lot }
}

const order = (asked: Ranking.Question) => Ranking.rank(asked).map(({ offer }) => offer.account)
const words = (plots: readonly Plot[], at: number) =>
  Ranking.rank(question(plots))
    .find(({ offer }) => offer.account === account(at))
    ?.reasons.map((reason) => reason.words)

const speed = fc.oneof(fc.nat(50), fc.nat(0xffff_ffff))
const record = fc
  .record({
    ...{ signed: fc.nat(50), missed: fc.nat(50), finished: fc.nat(5), absent: fc.nat(3) },
    contradicted: fc.nat(3),
  })
  .map(({ missed, ...rest }) => ({ ...rest, rounds: rest.signed + missed }))
const plot = fc.record({
  price: fc.bigInt(0n, 2n ** 80n).chain((big) => fc.constantFrom(big, big % 1000n)),
  ...{ training: speed, matmul: speed, additions: speed },
  hours: fc.nat(Hours.always),
  record,
})
const plots = fc.array(plot, { minLength: 1, maxLength: names.length })
const lot = fc.string()

test('exports', () => {
  expect(Object.keys(Ranking)).toEqual(['rank'])
})

describe('the ranking', () => {
  test('is the same for the same question, however the offers came in', () => {
    const shuffled = plots.chain((all) => {
      const asked = question(all)
      const offers = fc.shuffledSubarray([...asked.offers], { minLength: all.length })
      return fc.tuple(fc.constant(asked), offers)
    })
    fc.assert(
      fc.property(shuffled, ([asked, offers]) => {
        expect(Ranking.rank({ ...asked, offers })).toEqual(Ranking.rank(asked))
      }),
    )
  })

  type Whole = Required<Omit<Plot, 'record'>> & { readonly record: Record }
  type Better = (plot: Whole, by: number) => Plot
  test.each<[string, Better]>([
    ['a lower price', ({ price }, by) => ({ price: price / BigInt(by) })],
    ['a faster step', ({ training }, by) => ({ training: Math.min(0xffff_ffff, training + by) })],
    ['faster products', ({ matmul }, by) => ({ matmul: Math.min(0xffff_ffff, matmul * by) })],
    ['faster additions', ({ additions }, by) => ({ additions: Math.min(0xffff_ffff, additions * by) })],
    ['another hour', ({ hours }, by) => ({ hours: hours | (1 << (by % 24)) | (1 << 12) })],
    [
      'a round signed',
      (of, by) => ({
        record: { ...of.record, rounds: of.record.rounds + by, signed: of.record.signed + by },
      }),
    ],
    ['a task finished', (of, by) => ({ record: { ...of.record, finished: of.record.finished + by } })],
    ['an absence less', (of) => ({ record: { ...of.record, absent: Math.max(0, of.record.absent - 1) } })],
    [
      'a contradiction less',
      (of) => ({ record: { ...of.record, contradicted: Math.max(0, of.record.contradicted - 1) } }),
    ],
  ])('never puts an offer further back for %s', (_, better) => {
    const cases = fc.tuple(plots, fc.nat(names.length - 1), fc.integer({ min: 1, max: 1_000_000 }), lot)
    fc.assert(
      fc.property(cases, ([all, index, by, drawn]) => {
        const at = index % all.length
        const mended = all.map((each, i) => (i === at ? { ...each, ...better(each, by) } : each))
        const before = order(question(all, drawn)).indexOf(account(at))
        expect(order(question(mended, drawn)).indexOf(account(at))).toBeLessThanOrEqual(before)
      }),
      { numRuns: 500 },
    )
  })

  /** How often each comes first, of 400 providers. */
  function firsts(of: readonly Plot[]): readonly number[] {
    const found = Array.from({ length: 400 }, (_, at) => order(question(of, `provider ${at}`))[0])
    return of.map((_, at) => found.filter((each) => each === account(at)).length)
  }

  test('puts a newcomer behind who signed everything and before who is mostly silent', () => {
    const plots = [{ record: { rounds: 40, signed: 40 } }, {}, { record: { rounds: 40, signed: 4 } }]
    const [all = 0, none = 0, few = 0] = firsts(plots)
    expect(all).toBeGreaterThan(1.5 * none)
    expect(none).toBeGreaterThan(3 * few)
    const scores = new Map(Ranking.rank(question(plots)).map(({ offer, score }) => [offer.account, score]))
    const [best = 0, middle = 0, worst = 0] = [0, 1, 2].map((at) => scores.get(account(at)))
    expect(best).toBeGreaterThan(middle)
    expect(middle).toBeGreaterThan(worst)
  })

  test('is hardly ever led by a bad record, whatever its price and speed claim', () => {
    const good = { record: { rounds: 40, signed: 40 } }
    const bait = { price: 0n, training: 0xffff_ffff, record: { rounds: 40, signed: 2 } }
    expect(firsts([good, good, good, bait])[3]).toBeLessThan(20)
    const few = { price: 0n, training: 0xffff_ffff, record: { rounds: 3, signed: 3 } }
    const caught = { ...few, record: { ...few.record, contradicted: 1 } }
    const [before = 0, after = 0] = [few, caught].map((each) => firsts([good, good, good, each])[3])
    expect(before).toBeGreaterThan(3 * after)
  })

  test('spreads providers over offers that are as good, and more of them to a better one', () => {
    for (const count of firsts([{}, { price: 99n }, { training: 1001 }, {}]))
      expect(count).toBeGreaterThan(60)
    const [worse = 0, better = 0] = firsts([{}, { price: 20n }])
    expect(better).toBeGreaterThan(1.3 * worse)
  })
})

describe('the reasons', () => {
  test('name price, speed, record and hours', () => {
    const all = [
      { price: 50n, training: 2000, record: { rounds: 38, signed: 37, finished: 4 } },
      { price: 90n, hours: Hours.between(0, 6) },
      { hours: Hours.between(6, 20), record: { rounds: 1, signed: 1 } },
      { price: 110n, training: 10, record: { seats: 1, absent: 1 } },
    ]
    expect(all.map((_, at) => words(all, at))).toEqual([
      [
        'cheapest of 4',
        'fastest of 4 by its own measure',
        'signed 37 of 38 rounds, finished 4 tasks',
        'there at all hours',
      ],
      [
        'cheaper than 2 of 4',
        'faster than 1 of 4 by its own measure',
        'new: no record yet',
        'not there at this hour',
      ],
      [
        'cheaper than 1 of 4',
        'faster than 1 of 4 by its own measure',
        'signed 1 of 1 round',
        'there at this hour, not at all of them',
      ],
      [
        'dearest of 4',
        'slowest of 4 by its own measure',
        'new: no record yet, left a seat empty',
        'there at all hours',
      ],
    ])
  })

  test('compare nothing where there is nothing to compare with', () => {
    expect(words([{}], 0)?.slice(0, 2)).toEqual(['the only offer', 'no other speed to compare with'])
    expect(words([{}, {}], 0)?.slice(0, 2)).toEqual(['same price as all 2', 'as fast as all 2'])
    expect(words([{}, {}, { price: 101n }], 0)?.[0]).toBe('among the cheapest of 3')
  })

  test('say about how many jobs others contradicted it', () => {
    const signed = { rounds: 40, signed: 40, finished: 1 }
    const all = [{ record: { ...signed, contradicted: 1 } }, { record: { absent: 1, contradicted: 2 } }]
    expect(words(all, 0)?.[2]).toBe(
      'signed 40 of 40 rounds, finished a task, contradicted by two others about a job',
    )
    expect(words(all, 1)?.[2]).toBe(
      'new: no record yet, left a seat empty, contradicted by two others about 2 jobs',
    )
    const [reason] = Ranking.rank(question(all.slice(0, 1))).flatMap(({ reasons }) => reasons.slice(2, 3))
    expect(reason?.speaks).toBe(-1)
  })

  test('say before all else that a bond was lost', () => {
    const slashed = { rounds: 40, signed: 40, finished: 3, slashed: 2 }
    expect(words([{ record: slashed }], 0)?.[2]).toBe('lost its bond 2 times for signing what is false')
  })
})
