// Whole tasks under every weather. What is particular about some of them, beside the laws.
import { describe, expect, test } from 'vitest'
import * as Adversaries from './adversaries/all.ts'
import * as Collusion from './collusion.ts'
import * as Devices from './devices.ts'
import * as Keys from './keys.ts'
import * as OfJobs from './lawsOfJobs.ts'
import * as Scenario from './scenario.ts'
import * as World from './world.ts'

/** Seeds with nothing wrong in them. */
const calm = [15, 30, 60]

function run(
  seed: number,
  size: Scenario.Size,
  change: Partial<Scenario.Scenario> = {},
  keys?: Keys.Keys,
): World.Outcome {
  try {
    const devices = Devices.pretended(seed, keys)
    return World.run({ ...Scenario.from(seed, size), ...change }, { devices })
  } catch (cause) {
    const replay = `npm run sim -- --seeds ${seed} --datas ${size.datas} --computes ${size.computes}`
    throw new Error(`seed ${seed} failed; replay it with: ${replay}`, { cause })
  }
}

test('a task ends settled or refunded with all money out of escrow', () => {
  for (let seed = 1; seed <= 15; seed++) {
    const { state, escrow } = run(seed, { datas: 8, computes: 4 })
    expect(['settled', 'cancelled', 'never created']).toContain(state)
    expect(escrow).toBe(0n)
  }
})

test('a task is settled with sixty data providers', () => {
  expect(run(15, { datas: 60, computes: 5 })).toMatchObject({ state: 'settled' })
})

test.each(calm)('in calm weather (seed %i) every round is committed and everybody is enrolled', (seed) => {
  const { state, committed, aborted, enrolled, scenario } = run(seed, { datas: 12, computes: 4 })
  expect({ state, aborted, enrolled }).toEqual({ state: 'settled', aborted: 0, enrolled: 12 })
  expect(committed).toBeGreaterThan(1)
  expect(committed).toBeLessThanOrEqual(scenario.spec.rounds)
})

test.each([15, 30])(
  'in calm weather (seed %i) every job is posted, agreed on and paid, and holds up no round',
  (seed) => {
    const { jobs, chain, aborted, scenario, committed } = run(seed, { datas: 6, computes: 4 })
    const { parts = 0 } = scenario.spec.warmStart ?? {}
    expect(jobs).toHaveLength(parts + committed - 1)
    expect(aborted).toBe(0)
    const records = chain.events.flatMap((event) => (event.name === 'RoundCommitted' ? [event.record] : []))
    for (const seat of [0, 1, 2, 3]) {
      const earned = jobs.filter((job) => job.earned.has(seat))
      const sum = earned.reduce((all, { kilounits }) => all + kilounits, 0)
      expect(OfJobs.paidTo(records, seat)).toBe(sum)
    }
    expect(jobs.map(({ earned }) => earned.size)).toEqual(jobs.map(() => 2))
  },
)

test('two compute providers are a committee', () => {
  expect(run(30, { datas: 4, computes: 2 })).toMatchObject({ state: 'settled', aborted: 0, enrolled: 4 })
})

test.each([1, 15])('seed %i is settled with signatures that are real', (seed) => {
  expect(run(seed, { datas: 6, computes: 3 }, {}, Keys.real())).toMatchObject({ state: 'settled' })
})

describe('with somebody corrupted', () => {
  test.each(Adversaries.all.map((adversary) => [adversary.name, adversary] as const))(
    '%s: the laws hold',
    (name, adversary) => {
      // Long enough for everybody to be the aggregator once, and for what is not done in every round.
      const seed = /^A[12] |wrong mask|(wrong|unpublished) job/.test(name) ? 30 : 15
      const { state, tally } = run(seed, { datas: 6, computes: 4 }, { adversaries: [adversary] })
      expect(['settled', 'cancelled']).toContain(state)
      const did = [...tally.counts.adversaries.keys()].filter((kind) => kind.startsWith(name))
      expect(did).not.toEqual([])
    },
  )

  test('a wrong share convicts its author, and does not stop the round where others suffice', () => {
    const adversaries = Adversaries.all.filter(({ name }) => name === 'A4 wrong share')
    const { notes, aborted, committed, scenario } = run(15, { datas: 6, computes: 4 }, { adversaries })
    expect(notes.filter((note) => note.includes('wrong share'))).toHaveLength(1)
    expect({ aborted, committed }).toEqual({ aborted: 0, committed: scenario.spec.rounds })
  })

  test('a spoiler costs its cohort the round, and nobody the pay', () => {
    const adversaries = Adversaries.all.filter(({ name }) => name === 'A10 spoiler')
    const { tally, state } = run(15, { datas: 6, computes: 4 }, { adversaries })
    expect(tally.counts.faults.get('sum discarded: guards')).toBeGreaterThan(0)
    expect(state).toBe('settled')
  })
})

describe('a cheat at jobs', () => {
  const caught = (name: string, isRight: boolean) => {
    const adversaries = Adversaries.all.filter((adversary) => adversary.name === name)
    const { jobs, chain, state, aborted, scenario, tally } = run(
      30,
      { datas: 6, computes: 4 },
      { adversaries },
    )
    expect({ state, aborted }).toEqual({ state: 'settled', aborted: 0 })
    expect(adversaries).toHaveLength(1)
    const contradicted = jobs.filter((job) => job.contradicted.size > 0)
    expect(contradicted.length > 0).toBe(isRight)
    const records = chain.events.flatMap((event) => (event.name === 'RoundCommitted' ? [event.record] : []))
    return { jobs, records, contradicted, tally, parts: scenario.spec.warmStart?.parts ?? 0 }
  }

  test('is contradicted by two others, who are paid', () => {
    for (const job of caught('A4 wrong job', true).contradicted) expect(job.earned.size).toBe(2)
  })

  test('that denies what it found is contradicted, and the result counts', () => {
    for (const job of caught('A4 false check', true).contradicted) expect(job.earned.size).toBe(2)
  })

  test('that publishes nothing is replaced by the referee', () => {
    const { jobs, tally } = caught('A4 unpublished job', false)
    expect([...tally.counts.adversaries.keys()].join()).toMatch(/published nothing/)
    expect(jobs.filter((job) => job.earned.size < 2)).toEqual([])
  })

  test('that says later that it did itself what it checked costs nobody any pay', () => {
    const { jobs, records } = caught('A4 check taken back', false)
    expect(jobs.map(({ earned }) => earned.size)).toEqual(jobs.map(() => 2))
    for (const seat of [0, 1, 2, 3]) {
      const sum = jobs.reduce((all, { earned, kilounits }) => all + (earned.has(seat) ? kilounits : 0), 0)
      expect(OfJobs.paidTo(records, seat)).toBe(sum)
    }
  })

  test('that keeps silent is replaced', () => {
    const { jobs } = caught('A4 silence about jobs', false)
    expect(jobs.filter((job) => job.earned.size < 2)).toEqual([])
  })
})

describe('a model provider that colludes with members', () => {
  const outcome = run(15, { datas: 9, computes: 5 })
  const { threshold } = outcome.scenario.terms

  test('reads nothing with fewer than the threshold', () => {
    expect(outcome.bared(Collusion.firstSeats(threshold - 1))).toEqual([])
  })

  test('reads every update with as many: so the one before can fail', () => {
    expect(outcome.bared(Collusion.firstSeats(threshold))).toHaveLength(9 * outcome.committed)
  })
})

test('a seed is replayed step by step', () => {
  const size = { datas: 8, computes: 4 }
  const [first, second] = [run(6, size), run(6, size)]
  expect(second).toMatchObject({ seconds: first.seconds, committed: first.committed })
  expect(second.tally.counts).toEqual(first.tally.counts)
})
