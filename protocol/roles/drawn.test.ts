import { expect, test } from 'vitest'
import * as Talk from '../../test/conversation.ts'
import * as Drawn from './drawn.ts'
import * as Ledger from './ledger.ts'
import * as Participant from './participant.ts'

const me = Talk.me('data 0')
const state: Drawn.State = {
  ...Participant.create({
    me,
    rules: { consent: true, claim: true },
    place: Talk.place,
    id: Talk.task,
    terms: { ...Talk.terms, roundsPerEpoch: 3, maxRounds: 12 },
    spec: Talk.spec,
  }),
  headers: {},
}
const record = {
  closes: 0,
  opened: Talk.opened,
  cohortsDigest: Talk.opened,
  aggregator: 0,
  delivered: 7n,
  survivors: 7n,
  cohorts: [7n],
  sums: Talk.opened,
}

/** The block that an epoch is drawn from once these rounds were committed, each in the block of ten times its number. */
function blockOf(rounds: readonly number[], epoch: number): string | undefined {
  const committed = rounds.map((round) => ({ record: { ...record, round }, signers: 3, block: 10 * round }))
  const ledger = {
    ...Ledger.empty,
    state: 'running' as const,
    startedAt: 1,
    datas: Talk.datas,
    rounds: committed,
  }
  return Object.keys(Drawn.ask({ ...state, ledger }, epoch).outbox)[0]
}

test('exports', () => {
  expect(Object.keys(Drawn)).toEqual(['ask', 'heard', 'cohorts'])
})

test.each<[string, readonly number[], number, string]>([
  ['the first epoch from the start', [], 0, 'header:5'],
  ['the first epoch from the start, whatever follows', [1, 2, 3], 0, 'header:5'],
  ['the next from the first round that was committed before it', [2, 3], 1, 'header:24'],
  ['one after an epoch without a commit from the same as that one', [2], 3, 'header:24'],
  ['one from the latest epoch that has a commit', [1, 5, 6], 2, 'header:54'],
])('draws %s', (_, rounds, epoch, header) => {
  expect(blockOf(rounds, epoch)).toBe(header)
})

test('knows the cohorts once the hash is known, and asks no more', () => {
  const ledger = { ...Ledger.empty, state: 'running' as const, startedAt: 1, datas: Talk.datas }
  const asked = Drawn.ask({ ...state, ledger }, 0)
  expect(Drawn.cohorts(asked, 0)).toBeUndefined()
  const told = Drawn.heard(
    asked,
    { type: 'header', effect: 'header:5', hash: Talk.digest('block') },
    Talk.now,
  )
  expect(Drawn.cohorts(told, 0)).toEqual([Talk.datas.map(({ account }) => account)])
  expect(Drawn.ask(told, 0)).toBe(told)
})
