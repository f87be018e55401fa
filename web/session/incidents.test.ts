// What the chain says went wrong reaches each role in words, with what anyone may do about it; and no bond is promised twice.
import { expect, test } from 'vitest'
import * as ComputeProvider from '../../protocol/roles/computeProvider.ts'
import * as DataProvider from '../../protocol/roles/dataProvider.ts'
import type * as Event from '../../protocol/roles/event.ts'
import * as ModelProvider from '../../protocol/roles/modelProvider.ts'
import * as Talk from '../../test/conversation.ts'
import * as Bonds from './bonds.ts'
import * as Incidents from './incidents.ts'
import * as Money from './money.ts'
import type { State } from './participations.ts'
import * as Stages from './stages.ts'

const rules = { consent: true, claim: false }
const common = { rules, place: Talk.place, id: Talk.task, terms: Talk.terms, spec: Talk.spec }
const [dataName = ''] = Talk.dataNames
const [computeName = '', otherName = ''] = Talk.computeNames
const head = (time: number): Event.Event => ({ type: 'head', time })
const committed = Talk.chain({
  name: 'RoundCommitted',
  task: Talk.task,
  round: 1,
  record: {
    round: 1,
    closes: Talk.now,
    opened: Talk.opened,
    cohortsDigest: Talk.opened,
    aggregator: 0,
    delivered: 7n,
    survivors: 7n,
    cohorts: [7n],
    jobs: 0n,
    sums: Talk.opened,
  },
  signers: 3,
  deadline: Talk.now + 600,
})
const slashed = Talk.chain({ name: 'Slashed', task: Talk.task, round: 1, seats: 1 })
const faulted = Talk.chain({ name: 'TaskFaulted', task: Talk.task, round: 1 })

function data(events: readonly Event.Event[], time = Talk.now): State {
  const request = Talk.request(dataName)
  const offer = Talk.dataOffer(dataName)
  const computes = Talk.computeNames.map(Talk.computeOffer)
  const options = { ...common, me: Talk.me(dataName), offer, request, computes, records: {} }
  const state = DataProvider.create(options, Talk.now)
  return Talk.follow(DataProvider.step, state, [Talk.created, Talk.started, ...events], time).state
}

function compute(name: string, events: readonly Event.Event[], task = common): ComputeProvider.State {
  const request = Talk.request(name)
  const offer = Talk.computeOffer(name)
  const state = ComputeProvider.create({ ...task, me: Talk.me(name), offer, request }, Talk.now)
  return Talk.follow(ComputeProvider.step, state, [Talk.created, ...events]).state
}

function model(events: readonly Event.Event[]): State {
  const state = ModelProvider.create({ ...common, me: Talk.me('model'), computes: [], invited: [] })
  return Talk.follow(ModelProvider.step, state, [Talk.created, Talk.started, ...events]).state
}

const kinds = (state: State) => Incidents.of(state).map(({ kind }) => kind)
const situation = (state: State) => Stages.of(state, Money.of(state), Talk.now)

test('nothing is told while nothing is wrong', () => {
  for (const state of [
    data([committed]),
    compute(computeName, [Talk.started, committed]),
    model([committed]),
  ])
    expect(kinds(state)).toEqual([])
})

test('a silent model provider can be replaced by anyone once its time is up', () => {
  const waiting = data([committed, head(Talk.now + 600)])
  expect(situation(waiting).can.settle).toBe(false)
  // Others have their turn first: this one does nothing by itself yet.
  const silent = data([committed, head(Talk.now + 601)])
  expect(kinds(silent)).toEqual(['silence'])
  expect(situation(silent).can.settle).toBe(true)
  if (silent.role !== 'data') throw new Error('another role')
  const { effects } = DataProvider.step(silent, { type: 'ended' }, Talk.now)
  expect(effects).toMatchObject([{ call: { name: 'settle', utilities: [] } }])
})

test('a task without a round is closed instead', () => {
  const silent = data([head(Talk.now + 601)])
  expect(Incidents.of(silent)[0]?.safe).toContain('gives everyone back')
  if (silent.role !== 'data') throw new Error('another role')
  const { effects } = DataProvider.step(silent, { type: 'ended' }, Talk.now)
  expect(effects).toMatchObject([{ call: { name: 'expire' } }])
})

test('a fault is told to everyone, each in its own words', () => {
  const events = [committed, faulted]
  const states = [data(events), compute(computeName, [Talk.started, ...events]), model(events)]
  for (const state of states) {
    expect(kinds(state)).toEqual(['fault'])
    expect(situation(state)).toMatchObject({ stage: 'faulted', can: { settle: true } })
  }
  expect(new Set(states.map((state) => Incidents.of(state)[0]?.safe)).size).toBe(3)
})

test('a lie that this device can prove is told until the chain knows it', () => {
  const signed = [Talk.digest('one'), Talk.digest('another')].map((record) =>
    Talk.heard(computeName, { kind: 'recordSigned', task: Talk.task, round: 1, slot: 0, body: { record } }),
  )
  const events = [committed, ...signed]
  for (const state of [data(events), compute(otherName, [Talk.started, ...events]), model(events)]) {
    expect(kinds(state)).toEqual(['lie'])
    expect(Incidents.of(state)[0]?.message).toContain(`${Talk.me(computeName).account} signed two records`)
  }
  expect(kinds(compute(computeName, [Talk.started, ...events]))).toEqual([])
  expect(kinds(data([...events, slashed]))).toEqual(['slash'])
})

test('a slashed seat loses its leaf to the model provider', () => {
  const events = [committed, slashed]
  const [own, other] = [computeName, otherName].map((name) => compute(name, [Talk.started, ...events]))
  if (own === undefined || other === undefined) throw new Error('two seats are missing')
  expect(Money.of(own)).toMatchObject({ earned: 0n, bond: 0n })
  expect(Money.of(other).bond).toBe(Talk.terms.computeBond)
  expect(Money.of(model(events)).bond).toBe(Talk.terms.computeBond)
  expect(Incidents.of(own)[0]?.message).toContain('your device signed')
  expect(Incidents.of(other)[0]?.message).toContain('A compute provider was')
})

test('an absent seat is told why, and waits for nothing', () => {
  const absent = Talk.chain({
    name: 'TaskStarted',
    task: Talk.task,
    computes: Talk.computes,
    datas: Talk.datas,
    absent: 1,
    deadline: Talk.now + 600,
  })
  const state = compute(computeName, [absent])
  expect(kinds(state)).toEqual(['absence'])
  expect(situation(state).stage).toBe('missed')
})

test('a bond is promised from its deposit to the start, and to one task only', () => {
  const { account } = Talk.me(computeName)
  const roster = Talk.heard('model', {
    kind: 'roster',
    task: Talk.task,
    round: 0,
    slot: 0,
    body: {
      datas: Talk.datas.map((party) => party.account),
      computes: Talk.computes.map((party) => party.account),
    },
  })
  const depositing = compute(computeName, [roster])
  expect(depositing.outbox['deposit']).toBeDefined()
  expect(Bonds.promised([depositing], account)).toBe(Talk.terms.computeBond)
  expect(Bonds.promised([depositing], account, Talk.task)).toBe(0n)
  expect(Bonds.promised([depositing], Talk.me(otherName).account)).toBe(0n)
  expect(Bonds.promised([compute(computeName, [roster, Talk.started])], account)).toBe(0n)
})
