import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as Talk from '../../test/conversation.ts'
import type { Hex } from '../codec.ts'
import type * as Message from '../message.ts'
import * as Record from '../record.ts'
import * as Accusation from './accusation.ts'
import * as ComputeProvider from './computeProvider.ts'
import * as DataProvider from './dataProvider.ts'
import type * as Effect from './effect.ts'
import type * as Event from './event.ts'
import * as ModelProvider from './modelProvider.ts'
import type * as Participant from './participant.ts'
import * as Proposal from './proposal.ts'
import * as Witness from './witness.ts'

const common = {
  rules: { consent: true, claim: true },
  place: Talk.place,
  id: Talk.task,
  terms: Talk.terms,
  spec: Talk.spec,
}
const [dataName = ''] = Talk.dataNames
const [first = '', second = ''] = Talk.computeNames
const begin = [Talk.created, Talk.started]

const data = (name = dataName) =>
  DataProvider.create(
    {
      ...common,
      me: Talk.me(name),
      offer: Talk.dataOffer(name),
      request: Talk.request(name),
      computes: Talk.computeNames.map(Talk.computeOffer),
      records: {},
    },
    Talk.now,
  )
const compute = (name: string) =>
  ComputeProvider.create(
    { ...common, me: Talk.me(name), offer: Talk.computeOffer(name), request: Talk.request(name) },
    Talk.now,
  )
const model = () => ModelProvider.create({ ...common, me: Talk.me('model'), computes: [], invited: [] })

/** A record that adds these inputs, as its aggregator proposes it. */
function proposed(roots: readonly string[], root = 'sum'): Message.Of<'recordProposed'>['body'] {
  const cid = Talk.opening.body.model
  const inputs = roots.map((text, provider) => ({
    provider,
    cid,
    ciphertextRoot: Talk.digest(text),
    signature: `0x${'11'.repeat(65)}` as const,
  }))
  const sums = [{ cid, root: Talk.digest(root) }]
  const fields = { survivors: 7n, delivered: 7n, cohorts: [7n], jobs: 0n }
  const record = {
    round: 1,
    closes: Talk.opening.body.closes,
    opened: Talk.opened,
    cohortsDigest: Talk.opened,
    aggregator: 0,
    ...fields,
    sums: Proposal.sumsDigest(common, fields, inputs, sums),
    openerSignature: `0x${'22'.repeat(65)}` as const,
  }
  return { record, inputs, sums }
}
const proposal = (body: Message.Of<'recordProposed'>['body']): Event.Event =>
  Talk.heard(first, { kind: 'recordProposed', task: Talk.task, round: 1, slot: 0, body })

function commit(record: Record.Body): Event.Event {
  const { round, closes, opened, cohortsDigest, aggregator, delivered, survivors, cohorts, jobs, sums } =
    record
  const sets = { delivered, survivors, cohorts, jobs }
  const bare = { round, closes, opened, cohortsDigest, aggregator, ...sets, sums }
  const told = { name: 'RoundCommitted', task: Talk.task, round, record: bare, signers: 3 } as const
  return Talk.chain({ ...told, deadline: Talk.now + 600 })
}
const committed = commit(proposed(['a', 'b', 'c']).record)
const signed = (name: string, text: string): Event.Event =>
  Talk.heard(name, {
    kind: 'recordSigned',
    task: Talk.task,
    round: 1,
    slot: 0,
    body: { record: Talk.digest(text) },
  })
const opened = (modelHash: Hex): Event.Event =>
  Talk.heard('model', { ...Talk.opening, body: { ...Talk.opening.body, modelHash } })
const twoRecords = [signed(first, 'one'), signed(first, 'another')]
const twoOpenings = [opened(Talk.digest('one')), opened(Talk.digest('another'))]
const head = (time: number): Event.Event => ({ type: 'head', time })

const proofs = (wished: readonly Effect.Effect[]) =>
  wished.flatMap((effect) =>
    effect.type === 'submit' && effect.call.name.startsWith('prove') ? [effect.call] : [],
  )
const inData = (events: readonly Event.Event[], time = Talk.now + 200) => {
  const { state, wished } = Talk.follow(DataProvider.step, data(), [...begin, ...events], Talk.now)
  const later = Talk.follow(DataProvider.step, state, [{ type: 'tick' }], time)
  return { state: later.state, wished: [...wished, ...later.wished] }
}

describe('two statements by one key', () => {
  test('are shown by everybody who heard both, but by nobody against itself', () => {
    const events = [...begin, committed, ...twoRecords, ...twoOpenings]
    const later = (state: Participant.Participant) => Accusation.lies(state).map(({ kind }) => kind)
    expect(later(Talk.follow(DataProvider.step, data(), events).state)).toEqual(['openings', 'records'])
    expect(later(Talk.follow(ComputeProvider.step, compute(second), events).state)).toEqual([
      'openings',
      'records',
    ])
    expect(later(Talk.follow(ComputeProvider.step, compute(first), events).state)).toEqual(['openings'])
    expect(later(Talk.follow(ModelProvider.step, model(), events).state)).toEqual(['records'])
  })

  test('are shown with both signatures once a round is committed, in turn', () => {
    expect(proofs(inData(twoRecords).wished)).toEqual([])
    const early = inData([...twoRecords, committed], Talk.now + 25)
    expect(proofs(early.wished)).toEqual([])
    expect(early.state.notes[0]).toBe(`${Talk.me(first).account} signed two records of round 1.`)
    const { wished } = Talk.follow(DataProvider.step, early.state, [{ type: 'tick' }], Talk.now + 200)
    const texts = ['one', 'another'].map((text) => ({ statement: Talk.digest(text) }))
    expect(proofs(wished)).toMatchObject([{ name: 'prove', round: 1, seat: 0, statements: texts }])
  })

  test('are not waited for a turn with where claims would open before', () => {
    const settled = Talk.chain({
      name: 'TaskSettled',
      task: Talk.task,
      root: Talk.digest('root'),
      punished: false,
      deadline: Talk.now + 20,
      utilities: [],
    })
    const events = [committed, settled, head(Talk.now), ...twoRecords]
    expect(proofs(inData(events, Talk.now).wished)).toHaveLength(1)
    expect(proofs(inData([committed, settled, head(Talk.now + 21), ...twoRecords]).wished)).toEqual([])
  })

  test.each<[string, readonly Event.Event[]]>([
    ['one of them twice', [signed(first, 'one'), signed(first, 'one')]],
    ['those of two members', [signed(first, 'one'), signed(second, 'another')]],
    ['those of a stranger', [signed('stranger', 'one'), signed('stranger', 'another')]],
    ['openings by a stranger', [Talk.heard('stranger', Talk.opening), opened(Talk.digest('one'))]],
  ])('are none: %s', (_, events) => {
    expect(inData([committed, ...events]).state.witness.records[1]?.[0]?.length ?? 0).toBeLessThan(2)
    expect(proofs(inData([committed, ...events]).wished)).toEqual([])
  })

  test('are forgotten once the market knows, and shown again where it did not take them', () => {
    const { state } = inData([...twoRecords, committed])
    const [id = ''] = Object.keys(state.outbox).filter((each) => each.startsWith('prove:'))
    const slashed = Talk.chain({ name: 'Slashed', task: Talk.task, round: 1, seats: 1 })
    const known = Talk.follow(DataProvider.step, state, [slashed], Talk.now + 200).state
    expect(known.outbox[id]).toBeUndefined()
    expect(Accusation.lies(known)).toEqual([])
    const failed = { type: 'failed', effect: id, reason: 'The chain refused.' } as const
    const refused = Talk.follow(DataProvider.step, state, [failed], Talk.now + 200)
    expect(proofs(refused.wished)).toEqual([])
    const again = Talk.follow(DataProvider.step, refused.state, [{ type: 'tick' }], Talk.now + 211)
    expect(proofs(again.wished)).toHaveLength(1)
  })
})

describe('a committed record that adds another update than its provider announced', () => {
  const seat = Talk.dataNames.indexOf(dataName)
  const own = Talk.heard(dataName, {
    kind: 'encryptedUpdate',
    task: Talk.task,
    round: 1,
    slot: 0,
    body: {
      opened: Talk.opened,
      cohorts: Talk.opened,
      cid: Talk.opening.body.model,
      ciphertextRoot: Talk.digest('a'),
      byteLength: 65_536,
    },
  })
  const opening = Talk.heard('model', Talk.opening)
  const forged = proposed(['forged', 'b', 'c'])

  test('is shown by the provider, with what its sums stand for', () => {
    expect(seat).toBe(0)
    const { wished } = inData([opening, own, proposal(forged), commit(forged.record)])
    const [call] = proofs(wished)
    if (call?.name !== 'proveForged') throw new Error('nothing was shown')
    expect(Record.sums(call.sums)).toBe(forged.record.sums)
    expect(call.log.map(({ record }) => Record.hash(record))).toEqual([Record.hash(forged.record)])
  })

  test('is shown also where it is added to other cohorts than it was masked for', () => {
    const body = proposed(['a', 'b', 'c'])
    const record = { ...body.record, cohortsDigest: Talk.digest('other cohorts') }
    const { wished } = inData([opening, own, proposal({ ...body, record }), commit(record)])
    expect(proofs(wished)).toMatchObject([{ name: 'proveForged', round: 1 }])
  })

  test.each<[string, Message.Of<'recordProposed'>['body'], readonly Event.Event[]]>([
    ['it adds what was announced', proposed(['a', 'x', 'y']), []],
    ['another record was committed', forged, [committed]],
    ['its sums are not those that were committed to', { ...forged, sums: proposed([], 'other').sums }, []],
  ])('is not where %s', (_, body, events) => {
    const told = [opening, own, proposal(body), ...(events.length > 0 ? events : [commit(body.record)])]
    expect(proofs(inData(told).wished)).toEqual([])
  })

  test('is given up after a few tries: it may have been signed after all', () => {
    let { state } = inData([opening, own, proposal(forged), commit(forged.record)])
    for (let tries = 0; tries < 10; tries++) {
      const [id] = Object.keys(state.outbox).filter((each) => each.startsWith('prove:'))
      if (id === undefined) break
      const failed = { type: 'failed', effect: id, reason: 'Every input was signed.' } as const
      const time = Talk.now + 1000 * (tries + 1)
      state = Talk.follow(DataProvider.step, state, [failed, head(Talk.now)], time).state
      state = Talk.follow(DataProvider.step, state, [{ type: 'tick' }], time + 400).state
    }
    expect(state.tries['prove:inputs:1']?.count).toBe(4)
    expect(Accusation.lies(state)).toEqual([])
  })
})

describe('a member that crashes and resumes from any state it stored', () => {
  const drawn = Talk.say(first, Talk.cohortsDraft)
  const updates = Talk.dataNames.map((name) =>
    Talk.say(name, {
      kind: 'encryptedUpdate',
      task: Talk.task,
      round: 1,
      slot: 0,
      body: {
        opened: Talk.opened,
        cohorts: drawn.bodyDigest,
        cid: Talk.opening.body.model,
        ciphertextRoot: Talk.digest(`${name}'s update`),
        byteLength: 65_536,
      },
    }),
  )
  const sums = [{ cid: Talk.opening.body.model, root: Talk.digest('sum') }]
  /** What the member on this seat proposes once it has added all three. */
  const proposalOf = (name: string, aggregator: number): Event.Event => {
    const inputs = updates.map(({ once = '0x' }, provider) => ({
      provider,
      cid: Talk.opening.body.model,
      ciphertextRoot: Talk.digest(`${Talk.dataNames[provider]}'s update`),
      signature: once,
    }))
    const fields = { survivors: 7n, delivered: 7n, cohorts: [7n], jobs: 0n }
    const record = {
      ...fields,
      round: 1,
      closes: Talk.opening.body.closes,
      opened: Talk.opened,
      cohortsDigest: drawn.bodyDigest,
      aggregator,
      sums: Proposal.sumsDigest(common, fields, inputs, sums),
      openerSignature: Talk.say('model', Talk.opening).once ?? '0x',
    }
    const body = { record, inputs, sums }
    return Talk.heard(name, { kind: 'recordProposed', task: Talk.task, round: 1, slot: 0, body })
  }
  const ofAggregator = proposalOf(first, 0)
  const heard: readonly Event.Event[] = [
    Talk.heard('model', Talk.opening),
    ...Talk.dataNames.map((name) => Talk.heard(name, Talk.readyDraft(name))),
    { type: 'message', message: drawn },
    ...updates.map((message) => ({ type: 'message', message }) as const),
    ofAggregator,
    proposalOf(second, 1),
  ]

  function answer(effect: Effect.Effect): Event.Event | undefined {
    if (effect.type === 'check') return { type: 'checked', effect: effect.id, fault: '' }
    if (effect.type === 'aggregate' || effect.type === 'recompute')
      return { type: 'aggregated', effect: effect.id, sums }
    return undefined
  }

  test('never states two things, whatever it heard in whatever order', () => {
    const order = fc.shuffledSubarray([...heard], { minLength: 8 })
    const fall = fc.record({ at: fc.nat(60), back: fc.nat(60), isLost: fc.boolean() })
    let statements = 0
    fc.assert(
      fc.property(
        fc.constantFrom(first, second),
        order,
        fc.array(fall, { maxLength: 4 }),
        (name, events, falls) => {
          let state = Talk.follow(ComputeProvider.step, compute(name), [...begin, Talk.header]).state
          let witness = Witness.nothing
          let now = Talk.now + 15
          const stored = [state]
          const network: Event.Event[] = []
          const queue = [...events]
          for (let step = 0; step < 80; step++) {
            const fallen = falls.find(({ at }) => at === step)
            if (fallen !== undefined) {
              // What it said lies with relays; of what others said, something may be lost.
              state = structuredClone(stored.at(-1 - Math.min(fallen.back, stored.length - 1)) ?? state)
              const again = ComputeProvider.resume(state).flatMap((each) => answer(each) ?? [])
              const told = network.filter((each) => !fallen.isLost || each !== ofAggregator)
              queue.unshift({ type: 'restarted' }, ...told, ...again)
            }
            const event = queue.shift() ?? { type: 'tick' }
            // Hearing what was missed takes no longer than a role waits for it.
            now += event.type === 'tick' ? 5 : 0.1
            const next = ComputeProvider.step(state, event, now)
            state = next.state
            stored.push(state)
            if (event.type === 'message') network.push(event)
            for (const effect of next.effects) {
              const result = answer(effect)
              if (result !== undefined) queue.unshift(result)
              if (effect.type !== 'send') continue
              const message = Talk.say(name, effect.draft)
              network.push({ type: 'message', message })
              if (message.kind !== 'recordSigned') continue
              statements += 1
              witness = Witness.record(witness, message, 0)
              queue.push({ type: 'sent', effect: effect.id, once: message.once })
            }
          }
          expect(Witness.contradictions(witness)).toEqual([])
        },
      ),
      { numRuns: 200 },
    )
    expect(statements).toBeGreaterThan(50)
  })
})

test('a compute provider that is absent or slashed is accused of nothing more', () => {
  const state = Talk.follow(DataProvider.step, data(), [...begin, committed, ...twoRecords]).state
  const of = (change: { readonly absent?: number; readonly slashed?: number }) =>
    Accusation.lies({ ...state, ledger: { ...state.ledger, ...change } })
  expect(of({ absent: 1 })).toEqual([])
  expect(of({ slashed: 1 })).toEqual([])
  expect(of({ slashed: 2 })).toHaveLength(1)
})
