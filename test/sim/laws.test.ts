// Each law can fail: shown once what breaks it, it ends the run, and its counterpart passes.
import { describe, expect, test } from 'vitest'
import type * as Body from '../../protocol/body.ts'
import type { Address, Hex } from '../../protocol/codec.ts'
import * as Payout from '../../protocol/payout.ts'
import * as Record from '../../protocol/record.ts'
import * as Adversaries from './adversaries/all.ts'
import * as Keys from './keys.ts'
import * as Laws from './laws.ts'
import type { Task } from './market.ts'
import * as Scenario from './scenario.ts'
import * as World from './world.ts'

const keys = Keys.pretended()
const datas = Array.from({ length: 6 }, (_, at) => keys.address(`data provider ${at}`))
const computes = Array.from({ length: 4 }, (_, at) => keys.address(`compute provider ${at}`))
const hash = (text: string): Hex => `0x${Keys.hash(text)}`
const { spec, terms } = Scenario.from(15, { datas: 6, computes: 4 })
const everyone = 0b111111n

const task: Task = {
  terms: {
    ...{ ...terms, roundsPerEpoch: 3, minCohort: 3, maxCohorts: 1, paidRounds: 3, threshold: 3 },
    ...{ modelProvider: keys.address('model provider'), opener: keys.address('opener') },
    ...{ token: keys.address('token'), specHash: hash('spec'), invited: hash('nobody'), startBy: 0 },
  },
  ...{ state: 'settled', deadline: 0, absent: 0, slashed: 0, guilty: false, claimed: 0n, escrow: 0n },
  datas: datas.map((account) => ({
    ...{ account, payee: account, device: account, box: hash('box'), floor: 30n, samples: 1 },
    ...{ quality: 1000, compute: 0, dataSignature: hash('rows') },
  })),
  computes: computes.map((account) => ({
    ...{ account, payee: account, device: account, box: hash('box'), price: 1n },
  })),
  rounds: [],
  payout: undefined,
}

function recordOf(round: number, change: Partial<Record.Body> = {}): Record.Body {
  const hashes = { opened: hash('opened'), cohortsDigest: hash('drawn'), sums: hash('sums') }
  const sets = { delivered: everyone, survivors: everyone, cohorts: [everyone], jobs: 0n }
  return { round, closes: 1000, aggregator: 0, ...hashes, ...sets, ...change }
}

const rootOf = (round: number, seat: number) => hash(`update ${round} ${seat}`)
const cidOf = (round: number, seat: number) => `${round} ${seat}`

function proposalOf(record: Record.Body): Body.Of<'recordProposed'> {
  const { round, delivered, survivors, cohorts } = record
  const inputs = Record.seats(delivered).map((provider) => {
    const signature: Hex = `0x${'00'.repeat(65)}`
    return { provider, cid: cidOf(round, provider), ciphertextRoot: rootOf(round, provider), signature }
  })
  const sums = cohorts
    .map((cohort) => Record.seats(cohort & survivors).map((seat) => cidOf(round, seat)))
    .filter((cids) => cids.length > 0)
    .map((cids) => ({ cid: 'sum', root: hash(cids.join()) }))
  return { record: { ...record, openerSignature: '0x' }, inputs, sums }
}

/** Laws that watch a task among the honest, but for `evil`, in which `said` was heard and `lost` cannot be fetched. */
function watch(
  records: readonly Record.Body[],
  {
    evil = [],
    lost = [],
    isWrong = false,
  }: { evil?: readonly Address[]; lost?: readonly string[]; isWrong?: boolean } = {},
): Laws.Laws {
  const laws = Laws.watch({
    task: hash('task'),
    spec,
    isEvil: (account) => evil.includes(account),
    nameOf: (account) => account,
    header: () => hash('header'),
    openings: () => [],
    proposed: (round) => records.filter((record) => record.round === round).map(proposalOf),
    updates: (round) => datas.map((account, seat) => ({ account, root: rootOf(round, seat) })),
    isPublished: (cid) => !lost.includes(cid),
    heard: () => [],
    isRight: () => true,
    isHad: () => true,
    sumRoot: (cids) => hash(isWrong ? 'wrong' : cids.join()),
  })
  laws.started(1, task)
  return laws
}

function commit(laws: Laws.Laws, record: Record.Body, time = 500): void {
  const { round } = record
  const place = { block: 10 + round, logIndex: 0, transaction: hash('transaction'), time }
  laws.committed(
    { name: 'RoundCommitted', task: hash('task'), round, record, signers: 15, deadline: 0, ...place },
    task,
  )
}

/** Commits these one after the other. */
function committing(records: readonly Record.Body[], options: Parameters<typeof watch>[1] = {}): Laws.Laws {
  const laws = watch(records, options)
  for (const record of records) commit(laws, record)
  return laws
}

function contribute(
  laws: Laws.Laws,
  round: number,
  seat: number,
  change: { root?: Hex; cohorts?: Hex } = {},
): void {
  const free = Array.from({ length: Laws.free }, (_, at) => 100 * seat + at)
  const values = [...free, ...datas.map((_, at) => (at === seat ? 1 : 0))]
  const masks = new Map([[`mask ${round} ${seat}`, 1]])
  laws.contributed({
    ...{ account: datas[seat] ?? '0x', seat, round, root: change.root ?? rootOf(round, seat) },
    view: { opened: hash('opened'), cohorts: change.cohorts ?? hash('drawn') },
    cipher: { under: hash('key'), values, masks },
  })
}

const exact = [...Array.from({ length: Laws.free }, (_, at) => 1500 + 6 * at), ...datas.map(() => 1)]

function opening(change: (values: number[]) => void, views: (seat: number) => Hex = () => hash('drawn')) {
  const laws = watch([recordOf(1)])
  datas.forEach((_, seat) => {
    contribute(laws, 1, seat, { cohorts: views(seat) })
  })
  commit(laws, recordOf(1))
  const values = [...exact]
  change(values)
  laws.opened(1, [values])
}

const share = (kind: 'seed' | 'key') => ({
  provider: datas[0] ?? '0x',
  kind,
  share: hash('s'),
  salt: hash('t'),
})
const released = (laws: Laws.Laws, kind: 'seed' | 'key', record = recordOf(1)) => {
  laws.released(computes[0] ?? '0x', 1, Record.hash(record), [share(kind)])
}

test('laws that are kept let the run go on', () => {
  const laws = committing([recordOf(1), recordOf(2)])
  released(laws, 'seed')
  released(laws, 'seed')
  laws.promised(datas[0] ?? '0x', 1, [0, 1])
  laws.settled(paying(30n))
  opening(() => undefined)
})

describe('a law that is broken is named', () => {
  const breaches: readonly (readonly [string, RegExp, () => void])[] = [
    [
      'both kinds of shares of one provider',
      /^I1: /,
      () => {
        const laws = committing([recordOf(1)])
        released(laws, 'seed')
        released(laws, 'key')
      },
    ],
    ['shares without a commit', /^I2: /, () => released(watch([recordOf(1)]), 'seed')],
    [
      'shares for another record',
      /^I2: /,
      () => released(committing([recordOf(1)]), 'seed', recordOf(1, { closes: 1 })),
    ],
    ['an opening without a commit', /^I2: /, () => watch([]).opened(1, [exact])],
    ['two commits of a round', /^I3: /, () => committing([recordOf(1), recordOf(1)])],
    ['a commit after a later round', /^I3: /, () => committing([recordOf(2), recordOf(1)])],
    ['a commit after the end of its round', /^I3: /, () => commit(watch([recordOf(1)]), recordOf(1), 1001)],
    ['survivors that did not deliver', /^I4: /, () => committing([recordOf(1, { delivered: 0b011111n })])],
    ['too few survivors', /^I4: /, () => committing([recordOf(1, { survivors: 0b11n })])],
    [
      'other cohorts than were drawn',
      /^I4: /,
      () => committing([recordOf(1, { cohorts: [0b111n, 0b111000n] })]),
    ],
    [
      'sums that are too near',
      /^I5: .* near/,
      () => committing([recordOf(1), recordOf(2, { survivors: 0b11111n })]),
    ],
    [
      'two updates by one provider',
      /^I6: /,
      () => {
        const laws = watch([])
        contribute(laws, 1, 0)
        contribute(laws, 1, 0, { root: hash('another') })
      },
    ],
    [
      'a sum over different views',
      /^I7: /,
      () =>
        opening(
          () => undefined,
          (seat) => hash(`drawn ${seat === 2}`),
        ),
    ],
    [
      'a provider that is counted twice',
      /^I8: .* twice/,
      () => opening((values) => (values[Laws.free + 2] = 2)),
    ],
    [
      'a provider that is left out',
      /^I8: .* leaves out/,
      () => opening((values) => (values[Laws.free + 2] = 0)),
    ],
    ['a mark that is no mark', /^I8: .* corrupted/, () => opening((values) => (values[Laws.free + 2] = -1))],
    ['a sum that is one off', /^I8: .* exact/, () => opening((values) => (values[1] = 0))],
    [
      'a sum of the honest that is discarded',
      /^I8: .* discarded/,
      () => committing([recordOf(1)]).opened(1, [undefined]),
    ],
    ['an update that lies bare', /^I9: /, () => watch([]).bared([{ account: datas[0] ?? '0x', round: 1 }])],
    [
      'a record without an update that has its receipts',
      /^I10: /,
      () => {
        const laws = watch([recordOf(1, { delivered: 0b111110n, survivors: 0b111110n })])
        laws.promised(datas[0] ?? '0x', 1, [0, 1])
        commit(laws, recordOf(1, { delivered: 0b111110n, survivors: 0b111110n }))
      },
    ],
    ['one who delivered and is not paid', /^I11: /, () => watch([]).settled(paying(29n))],
    ['an honest member that is slashed', /^I12: /, () => watch([]).slashed(0b10, task)],
    ['a wrong sum that is committed', /^I12: /, () => committing([recordOf(1)], { isWrong: true })],
    ['bytes that nobody has', /^I13: /, () => committing([recordOf(1)], { lost: [cidOf(1, 3)] })],
    ['an honest party that is convicted', /^I14: /, () => watch([]).convicted([computes[0] ?? '0x'])],
    [
      'an opening that its provider did not count',
      /^I17: /,
      () => {
        const laws = watch([recordOf(1)])
        datas.forEach((_, seat) => contribute(laws, 1, seat))
        commit(laws, recordOf(1))
        laws.opened(1, [exact])
        laws.ended(datas[0] ?? '0x', 0)
      },
    ],
    ['secrets that are left', /^I18: /, () => watch([]).left(datas[0] ?? '0x', 1)],
  ]
  test.each(breaches)('%s', (_, law, break_) => {
    expect(break_).toThrow(law)
  })

  test('a provider that is alone in what two sums differ by', () => {
    const large = { ...task, terms: { ...task.terms, minCohort: 1 } }
    const records = [recordOf(1), recordOf(2, { survivors: 0b111110n, delivered: 0b111110n })]
    const laws = watch(records)
    const [first, second] = records
    const place = { name: 'RoundCommitted', task: hash('task'), signers: 15, deadline: 0, block: 11 } as const
    const rest = { logIndex: 0, transaction: hash('transaction'), time: 1 }
    if (first === undefined || second === undefined) throw new Error('there are two records')
    laws.committed({ ...place, ...rest, round: 1, record: first }, large)
    expect(() => laws.committed({ ...place, ...rest, round: 2, record: second }, large)).toThrow(
      /^I5: .* singles/,
    )
  })
})

/** A settled task in which everyone delivered three rounds and the first is paid this much. */
function paying(amount: bigint): Task {
  const rounds = [1, 2, 3].map((round) => Record.tally(recordOf(round), 15))
  const { leaves, root } = Payout.compute({ ...task, rounds, utilities: [], punished: false })
  const [first, ...rest] = leaves
  return {
    ...task,
    rounds,
    payout: { root, leaves: first === undefined ? [] : [{ ...first, amount }, ...rest] },
  }
}

describe('what only a world can break', () => {
  const seed = 15
  const size = { datas: 6, computes: 4 }

  test('I15: one message said in two ways by somebody who is taken for honest', () => {
    const [liar] = Adversaries.all.filter(({ name }) => name === 'A3 two roots')
    if (liar === undefined) throw new Error('there is such an adversary')
    const scenario = { ...Scenario.from(seed, size), adversaries: [liar] }
    expect(() => World.run(scenario, { isBlind: true })).toThrow(/^I15: /)
  })

  test('I2: shares for a commit that one lying endpoint tells, where a device asks no other', () => {
    const calm = Scenario.from(seed, size)
    const weather = { ...calm.weather, endpointsDisagree: 0.3 }
    expect(() => World.run({ ...calm, weather, endpoints: 1 })).toThrow(/^I2: /)
    expect(World.run({ ...calm, weather }).tally.counts.adversaries.size).toBeGreaterThan(0)
  })

  test('I16: a task that never ends', () => {
    const calm = Scenario.from(seed, size)
    const weather = { ...calm.weather, decline: 1 }
    expect(() => World.run({ ...calm, weather, startWithin: 100_000 })).toThrow(/^I16: /)
  })
})
