import { expect, test } from 'vitest'
import * as Talk from '../../test/conversation.ts'
import * as Cohort from '../cohort.ts'
import type * as Message from '../message.ts'
import type { DataParty } from '../party.ts'
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
  jobs: 0n,
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

/** Twelve data providers in two cohorts of an epoch of three rounds. */
const twelve: readonly DataParty[] = Array.from({ length: 12 }, (_, at) => Talk.me(`data ${at}`))
  .toSorted((a, b) => (a.account < b.account ? -1 : 1))
  .map((me) => ({ ...me, floor: 0n, samples: 1, quality: 1, compute: 0, dataSignature: Talk.opened }))
const even = 0b0101_0101_0101n
const odd = 0b1010_1010_1010n

/** What the model provider says of round 4: that these sums failed. */
function openingOf(discarded: readonly { readonly round: number; readonly cohorts: readonly number[] }[]) {
  const body = { ...Talk.opening.body, epoch: 1, discarded }
  const said = Talk.say('model', { ...Talk.opening, round: 4, body })
  if (said.kind !== 'roundOpened') throw new Error('an opening was read as something else')
  return said
}

/** Who has to wait for the epoch after round 4, and the bodies of the cohorts; undefined while they are not known. */
function drawnAfter(committed: Message.Of<'roundOpened'>, heard: readonly Message.Message[]) {
  const rounds = [1, 2, 3, 4].map((round) => ({
    record: {
      ...record,
      round,
      opened: round === 4 ? committed.bodyDigest : Talk.opened,
      cohorts: [even, odd],
      // In round 2 nobody of the second cohort came through.
      delivered: round === 2 ? even : even | odd,
      survivors: round === 2 ? even : even | odd,
    },
    signers: 3,
    block: 10 * round,
  }))
  const ledger = { ...Ledger.empty, state: 'running' as const, startedAt: 1, datas: twelve, rounds }
  const terms = { ...state.terms, maxCohorts: 2, minCohort: 3 }
  const spec = { ...state.spec, he: { ...state.spec.he, valueBits: 19 } }
  const knowing = { ...state, terms, spec, ledger, headers: { 44: Talk.digest('a block') } }
  return Drawn.cohorts(
    heard.reduce((so, message) => Participant.witness(so, message), knowing),
    2,
  )
}
const seatsOf = (cohort: readonly string[]) =>
  cohort.map((account) => twelve.findIndex((each) => each.account === account))

test('spreads those of a sum that failed over the cohorts of the next draw', () => {
  const failed = openingOf([{ round: 1, cohorts: [0] }])
  const cohorts = drawnAfter(failed, [failed]) ?? []
  const none = openingOf([])
  const suspects = (of: readonly (readonly string[])[]) =>
    of.map((cohort) => seatsOf(cohort).filter((seat) => seat % 2 === 0).length)
  expect(cohorts.map(({ length }) => length)).toEqual([6, 6])
  expect(suspects(cohorts)).toEqual([3, 3])
  expect(suspects(drawnAfter(none, [none]) ?? [])).not.toEqual([3, 3])
})

test('draws as ever where no sum failed that was opened', () => {
  const [none, void_] = [
    openingOf([]),
    openingOf([
      { round: 2, cohorts: [1] },
      { round: 9, cohorts: [0] },
    ]),
  ]
  const plain = drawnAfter(none, [none])
  const accounts = twelve.map(({ account }) => account)
  const seed = Cohort.seed(Talk.task, Talk.digest('a block'))
  expect(plain).toEqual(Cohort.draw(accounts, seed, { largest: 8, minCohort: 3, maxCohorts: 2 }))
  expect(drawnAfter(void_, [void_])).toEqual(plain)
})

test('goes by the opening that was committed, whatever else the model provider says of the round', () => {
  const [failed, other] = [openingOf([{ round: 1, cohorts: [0] }]), openingOf([{ round: 1, cohorts: [1] }])]
  expect(drawnAfter(failed, [])).toBeUndefined()
  expect(drawnAfter(failed, [other])).toBeUndefined()
  expect(drawnAfter(failed, [other, failed])).toEqual(drawnAfter(failed, [failed]))
  const stranger = { ...failed, device: Talk.me('stranger').device }
  expect(drawnAfter(failed, [stranger])).toBeUndefined()
})
