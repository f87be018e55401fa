// What a data provider is told of its cohorts is what the chain holds, and leads to what it is paid.
import { expect, test } from 'vitest'
import type { Plan as RewardPlan } from '../../protocol/terms.ts'
import * as History from '../../protocol/history.ts'
import * as Payout from '../../protocol/payout.ts'
import type * as Plan from '../../protocol/plan.ts'
import * as DataProvider from '../../protocol/roles/dataProvider.ts'
import * as Talk from '../../test/conversation.ts'
import * as Contribution from './contribution.ts'
import * as Money from './money.ts'
import type { State } from './participations.ts'

const names = Array.from({ length: 6 }, (_, at) => `data ${at}`).toSorted((a, b) =>
  Talk.me(a).account < Talk.me(b).account ? -1 : 1,
)
const datas = names.map((name) => ({ ...Talk.datas[0]!, ...Talk.me(name), floor: 1000n, samples: 300 }))

/** Settled after rounds 1, 2 and 4, of three to an epoch; the first provider did not deliver in round 2. */
function settled(seat: number, plan: RewardPlan, utilities: Plan.Utilities): State {
  const name = names[seat] ?? ''
  const terms = { ...Talk.terms, plan, maxCohorts: 2, maxDatas: 6 }
  const created = DataProvider.create(
    {
      ...{ me: Talk.me(name), rules: { consent: true, claim: false }, place: Talk.place, id: Talk.task },
      ...{ terms, spec: Talk.spec, computes: [], records: {} },
      ...{ offer: Talk.dataOffer(name), request: Talk.request(name) },
    },
    Talk.now,
  )
  const round = (number: number, delivered: bigint, cohorts: readonly bigint[]): History.Round => ({
    record: {
      ...{ round: number, closes: 0, opened: Talk.opened, cohortsDigest: Talk.opened, aggregator: 0 },
      ...{ delivered, survivors: delivered, cohorts, jobs: 0n, sums: Talk.opened },
    },
    signers: 3,
    block: number,
  })
  const rounds = [
    round(1, 63n, [0b000_111n, 0b111_000n]),
    round(2, 62n, [0b000_110n, 0b111_000n]),
    round(4, 63n, [0b101_010n, 0b010_101n]),
  ]
  const ledger = { ...created.ledger, state: 'settled' as const, datas, computes: Talk.computes, rounds }
  const tallies = History.tallies(ledger)
  const { root } = Payout.compute({ ...ledger, terms, rounds: tallies, utilities, punished: false })
  return { ...created, ledger: { ...ledger, settlement: { root, punished: false, utilities } } }
}

const view = (state: State) => Contribution.of(state, Money.shareOf(state))
const utilities = [
  [600, 1200],
  [-120, 300],
]

test('a provider sees, epoch by epoch, what its cohort added and how much that counts', () => {
  expect(view(settled(0, 'proportional', utilities))).toEqual({
    epochs: [
      { first: 1, last: 3, own: 10, all: 30, cohorts: 2, weight: 10, delivered: 1 },
      { first: 4, last: 4, own: 5, all: 3, cohorts: 2, weight: 5, delivered: 1 },
    ],
    // 15 of the 10 + 2·(10 + 10) + 2·3·20 + 3·5 = 185 parts of a million less six floors.
    isEven: false,
    share: (994_000n * 15n) / 185n,
    tested: 100,
  })
})

test('a cohort that did harm counts for nothing', () => {
  expect(view(settled(1, 'proportional', utilities))?.epochs[1]).toMatchObject({ own: -2, weight: 0 })
})

test('where nobody added anything, delivered rounds count, and it says so', () => {
  const found = view(
    settled(0, 'proportional', [
      [-60, 0],
      [0, -1],
    ]),
  )
  // Two of the 2 + 5 · 3 rounds that were delivered.
  expect(found).toMatchObject({ isEven: true, share: (994_000n * 2n) / 17n })
})

test('by rank the place counts', () => {
  const epochs = view(settled(0, 'rank', utilities))?.epochs
  expect(epochs?.map(({ weight }) => weight)).toEqual([1, 2])
})

test('nothing is shown where everyone weighs the same, nor before there is a settlement', () => {
  expect(view(settled(0, 'equal', []))).toBeUndefined()
  const state = settled(0, 'proportional', utilities)
  const before = { ...state, ledger: { ...state.ledger, state: 'running' as const, settlement: undefined } }
  expect(view(before)).toBeUndefined()
})
