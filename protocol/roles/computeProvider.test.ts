import { describe, expect, test } from 'vitest'
import * as Talk from '../../test/conversation.ts'
import type { Hex } from '../codec.ts'
import * as Masks from '../masks.ts'
import type * as Message from '../message.ts'
import * as Record from '../record.ts'
import * as ComputeProvider from './computeProvider.ts'
import type * as Effect from './effect.ts'
import type * as Event from './event.ts'

// Seat 0 is the aggregator of round 1, seat 1 its successor.
const [aggregator = '', member = ''] = Talk.computeNames
const options = (name: string, change: Partial<ComputeProvider.Options> = {}): ComputeProvider.Options => ({
  me: Talk.me(name),
  rules: { consent: true, claim: true },
  place: Talk.place,
  id: Talk.task,
  terms: Talk.terms,
  spec: Talk.spec,
  offer: Talk.computeOffer(name),
  request: Talk.request(name),
  ...change,
})
const create = (name: string, change?: Partial<ComputeProvider.Options>) =>
  ComputeProvider.create(options(name, change), Talk.now)
const follow = (state: ComputeProvider.State, events: readonly Event.Event[], now = Talk.now) =>
  Talk.follow(ComputeProvider.step, state, events, now)

const awake = Talk.now + 15
const opening = Talk.heard('model', Talk.opening)
const drawn = Talk.say(aggregator, Talk.cohortsDraft)
const update = (
  name: string,
  change: Partial<Message.Of<'encryptedUpdate'>['body']> = {},
): Message.Draft => ({
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
    ...change,
  },
})
const updates = Talk.dataNames.map((name) => Talk.heard(name, update(name)))
const ready = Talk.dataNames.map((name) => Talk.heard(name, Talk.readyDraft(name)))
const seated = (name: string) =>
  follow(create(name), [{ type: 'head', time: Talk.now }, Talk.created, Talk.started, Talk.header]).state
const inRound = (name: string) =>
  follow(seated(name), [Talk.heard('model', Talk.opening), ...ready], awake).state
const checked = (effects: readonly Effect.Effect[], fault = ''): readonly Event.Event[] =>
  effects.filter(({ type }) => type === 'check').map(({ id }) => ({ type: 'checked', effect: id, fault }))

/** A member that keeps the updates of these providers. */
function keeping(name: string, kept: readonly Event.Event[]) {
  const came = follow(inRound(name), [{ type: 'message', message: drawn }, ...kept], awake)
  return follow(came.state, checked(came.wished), awake)
}

/** What the aggregator proposes after adding these. */
function proposal(kept: readonly Event.Event[], now = Talk.now + 90): Message.Draft {
  const waited = follow(keeping(aggregator, kept).state, [{ type: 'tick' }, { type: 'tick' }], now)
  const added: Event.Event = {
    type: 'aggregated',
    effect: 'aggregate:1',
    sums: [{ cid: Talk.opening.body.model, root: Talk.digest('sum') }],
  }
  const { wished } = follow(waited.state, [added], now)
  const said = wished.find((effect) => effect.type === 'send' && effect.draft.kind === 'recordProposed')
  if (said?.type !== 'send') throw new Error(`nothing was proposed but ${wished.map(({ id }) => id).join()}`)
  return said.draft
}

const right = (id: string | undefined): Event.Event => ({
  type: 'aggregated',
  effect: id ?? '',
  sums: [{ cid: Talk.opening.body.model, root: Talk.digest('sum') }],
})
const recomputation = (wished: readonly Effect.Effect[]) =>
  wished.find(({ type }) => type === 'recompute')?.id

test('exports', () => {
  expect(Object.keys(ComputeProvider)).toMatchInlineSnapshot(`
    [
      "create",
      "step",
      "resume",
      "topics",
    ]
  `)
})

describe('a compute provider that was nominated', () => {
  test('stands, pays in its bond, and signs only then', () => {
    const { state, wished } = follow(create(member), [Talk.created])
    expect(Talk.saidOf(wished, 'nomination')).toEqual([{ compute: Talk.me(member).account }])
    const body = {
      datas: Talk.datas.map(({ account }) => account),
      computes: Talk.computes.map(({ account }) => account),
    }
    const rostered = follow(state, [
      Talk.heard('model', { kind: 'roster', task: Talk.task, round: 0, slot: 0, body }),
    ])
    expect(rostered.wished).toMatchObject([{ call: { name: 'deposit', amount: 100n } }])
    const paid = follow(rostered.state, [{ type: 'submitted', effect: 'deposit' }])
    expect(Talk.saidOf(paid.wished, 'computeAcceptance')).toMatchObject([{ party: { price: 10n } }])
  })

  test('declines a task that cannot pay its price', () => {
    const state = create(member, { terms: { ...Talk.terms, computePool: 0n } })
    expect(state).toMatchObject({ answer: 'declined', notes: ['The task pays less than the offer asks.'] })
  })

  test('declines on its own an offer that expired', () => {
    const { offer } = options(member)
    expect(ComputeProvider.create(options(member), offer.expires + 3).notes).toEqual([
      'This offer expired 3 s ago.',
    ])
  })
})

describe('a member of the committee', () => {
  test('draws the cohorts of a round when all are ready and it is its turn', () => {
    const { wished } = follow(inRound(aggregator), [{ type: 'tick' }], awake)
    expect(wished).toEqual([])
    const drew = follow(seated(aggregator), [Talk.heard('model', Talk.opening), ...ready], awake)
    expect(Talk.saidOf(drew.wished, 'cohorts')).toEqual([Talk.cohortsDraft.body])
    expect(Talk.saidOf(follow(inRound(member), [{ type: 'tick' }], awake).wished, 'cohorts')).toEqual([])
  })

  test('draws in place of an aggregator that does not', () => {
    const early = follow(inRound(member), [{ type: 'tick' }], Talk.now + 29)
    expect(early.wished).toEqual([])
    const { wished } = follow(early.state, [{ type: 'tick' }], Talk.now + 31)
    expect(Talk.saidOf(wished, 'cohorts')).toEqual([Talk.cohortsDraft.body])
  })

  test('waits after a restart until it should have heard what was drawn meanwhile', () => {
    const { state, wished } = follow(inRound(member), [{ type: 'restarted' }], Talk.now + 31)
    expect(wished).toEqual([])
    expect(follow(state, [{ type: 'message', message: drawn }], Talk.now + 42).wished).toEqual([])
    const { wished: later } = follow(state, [{ type: 'tick' }], Talk.now + 42)
    expect(Talk.saidOf(later, 'cohorts')).toHaveLength(1)
  })

  test('gives a receipt for an update that is sound, and none for one that is not', () => {
    const came = follow(inRound(member), [{ type: 'message', message: drawn }, ...updates], awake)
    expect(came.wished.filter(({ type }) => type === 'check')).toHaveLength(3)
    expect(Talk.saidOf(follow(came.state, checked(came.wished), awake).wished, 'receipt')).toHaveLength(3)
    expect(follow(came.state, checked(came.wished, 'another root'), awake).wished).toEqual([])
  })

  test.each<[string, string, Message.Draft]>([
    ['of the wrong size', 'data 0', update('data 0', { byteLength: 65_535 })],
    ['for other cohorts', 'data 0', update('data 0', { cohorts: Talk.digest('other') })],
    ['for another opening', 'data 0', update('data 0', { opened: Talk.digest('other') })],
    ['of a stranger', 'data 9', update('data 9')],
    ['of another task', 'data 0', { ...update('data 0'), task: Talk.digest('other') }],
  ])('does not look at an update %s', (_, name, draft) => {
    const state = inRound(member)
    const { wished } = follow(state, [{ type: 'message', message: drawn }, Talk.heard(name, draft)], awake)
    expect(wished).toEqual([])
  })

  test('signs a record whose sums it finds the same, once', () => {
    const proposed = Talk.heard(aggregator, proposal(updates))
    const { state, wished } = follow(keeping(member, updates).state, [proposed], awake)
    const signed = follow(state, [right(recomputation(wished))], awake)
    expect(Talk.saidOf(signed.wished, 'recordSigned')).toHaveLength(1)
    const again = follow(signed.state, [proposed, right(recomputation(wished)), { type: 'tick' }], awake)
    expect(Talk.saidOf(again.wished, 'recordSigned')).toEqual([])
  })

  test('does not sign sums that it finds otherwise', () => {
    const { state, wished } = follow(
      keeping(member, updates).state,
      [Talk.heard(aggregator, proposal(updates))],
      awake,
    )
    const other: Event.Event = {
      type: 'aggregated',
      effect: recomputation(wished) ?? '',
      sums: [{ cid: '', root: Talk.digest('other') }],
    }
    const { state: after, wished: said } = follow(state, [other], awake)
    expect(said).toEqual([])
    expect(after.notes).toEqual(['The sums proposed in round 1 are wrong.'])
  })

  test('fetches what the aggregator has and it has not, and then signs', () => {
    const proposed = Talk.heard(aggregator, proposal(updates))
    const asked = follow(keeping(member, updates.slice(1)).state, [proposed, { type: 'tick' }], awake)
    // It never heard this update's message: only its provider's signature can say under which cohorts it was made.
    expect(asked.wished).toMatchObject([
      { type: 'check', opened: Talk.opened, cohorts: drawn.bodyDigest, input: { provider: 0 } },
    ])
    const fetched = follow(asked.state, checked(asked.wished), awake)
    const { wished } = follow(fetched.state, [right(recomputation(fetched.wished))], awake)
    expect(Talk.saidOf(wished, 'recordSigned')).toHaveLength(1)
  })

  test('adds the bytes that it checked, wherever the aggregator says that they are', () => {
    const draft = proposal(updates)
    if (draft.kind !== 'recordProposed') throw new Error('no proposal')
    const cid = 'bafyreiabtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua'
    const inputs = draft.body.inputs.map((input) => ({ ...input, cid }))
    const proposed = Talk.heard(aggregator, { ...draft, body: { ...draft.body, inputs } })
    const { wished } = follow(keeping(member, updates).state, [proposed], awake)
    const cids = wished.flatMap((effect) =>
      effect.type === 'recompute' ? effect.cohorts.flat().map((input) => input.cid) : [],
    )
    expect(cids).toEqual(updates.map(() => Talk.opening.body.model))
  })

  test.each<
    [string, (body: Message.Of<'recordProposed'>['body']) => Message.Of<'recordProposed'>['body'], string]
  >([
    ['misses a receipt it gave', (body) => without(body, 0), 'misses a receipt we gave'],
    [
      'is about another round',
      (body) => changed(body, { opened: Talk.digest('other') }),
      'not about the round',
    ],
    ['closes at another time', (body) => changed(body, { closes: 5 }), 'not about the round'],
    ['pays somebody outside', (body) => changed(body, { delivered: 15n }), 'pays somebody outside'],
    [
      'adds what was not delivered',
      (body) => changed(body, { delivered: 6n, survivors: 7n }),
      'not delivered',
    ],
    ['pays job work that nobody knows', (body) => changed(body, { jobs: 1n << 16n }), 'pays other job work'],
    ['opens too few', (body) => changed(body, { survivors: 3n }), 'could be subtracted'],
    [
      'commits to other sums',
      (body) => changed(body, { sums: Talk.digest('other') }),
      'other sums than it lists',
    ],
  ])('does not sign a record that %s', (_, change, reason) => {
    const draft = proposal(updates)
    if (draft.kind !== 'recordProposed') throw new Error('no proposal')
    const proposed = Talk.heard(aggregator, { ...draft, body: change(draft.body) })
    const late = Talk.now + 80
    const { state, wished } = follow(keeping(member, updates).state, [proposed, { type: 'tick' }], late)
    expect(wished).toEqual([])
    expect(state.notes.join()).toContain(reason)
  })

  test('does not sign a record that names another update than it keeps, unless its provider signed both', () => {
    const draft = proposal(updates)
    if (draft.kind !== 'recordProposed') throw new Error('no proposal')
    const proposed = Talk.heard(aggregator, { ...draft, body: renamed(draft.body) })
    const { state, wished } = follow(keeping(member, updates).state, [proposed], Talk.now + 80)
    expect(wished).toMatchObject([{ type: 'check', input: { provider: 0 } }])
    const refused = follow(state, [...checked(wished, 'another signer'), { type: 'tick' }], Talk.now + 80)
    expect(refused.wished).toEqual([])
    expect(refused.state.notes.join()).toContain('another update than we keep')
    const both = follow(state, checked(wished), Talk.now + 80)
    expect(both.state.notes.join()).toContain('announced two updates')
    expect(both.state.rounds[1]?.updates[0]).toMatchObject({ receipted: false, state: 'sound' })
  })

  test('commits what enough members signed', () => {
    const draft = proposal(updates)
    if (draft.kind !== 'recordProposed') throw new Error('no proposal')
    const statement = Record.hash(draft.body.record)
    const signature = (from: string): Event.Event =>
      Talk.heard(from, {
        kind: 'recordSigned',
        task: Talk.task,
        round: 1,
        slot: 0,
        body: { record: statement },
      })
    const proposed = Talk.heard(aggregator, draft)
    const { state, wished } = follow(keeping(member, updates).state, [proposed], awake)
    const own: Event.Event = { type: 'sent', effect: 'send:recordSigned:1:0', once: Talk.digest('once') }
    const { state: signed } = follow(state, [right(recomputation(wished)), own, signature(aggregator)], awake)
    const later = follow(signed, [{ type: 'tick' }], awake + 60)
    expect(later.wished).toMatchObject([{ id: 'commit:1', call: { name: 'commitRound' } }])
  })
})

describe('a member that keeps secrets', () => {
  const record = () => {
    const draft = proposal(updates)
    if (draft.kind !== 'recordProposed') throw new Error('no proposal')
    return draft.body.record
  }
  const commit = (change: Partial<Record.Record> = {}): Event.Event =>
    Talk.chain({
      name: 'RoundCommitted',
      task: Talk.task,
      round: 1,
      record: { ...record(), ...change },
      signers: 3,
      deadline: Talk.now + 700,
    })
  const kinds = (wished: readonly Effect.Effect[]) =>
    wished.flatMap((effect) => (effect.type === 'unmask' ? effect.wanted.map(({ kind }) => kind) : []))

  test('makes and says a sealing key for this epoch and the next', () => {
    const { state, wished } = follow(create(member), [Talk.created, Talk.started])
    expect(wished.filter(({ type }) => type === 'seal')).toMatchObject([{ epoch: 0 }])
    const told = follow(state, [{ type: 'sealed', effect: 'seal:0', key: Talk.key('mine') }])
    expect(Talk.saidOf(told.wished, 'sealingKey')).toEqual([{ epoch: 0, key: Talk.key('mine') }])
    const opened = follow(told.state, [Talk.heard('model', Talk.opening)])
    expect(opened.wished.filter(({ type }) => type === 'seal')).toMatchObject([{ epoch: 1 }])
  })

  test('gives the shares of survivors’ seeds and of the others’ keys away once the round is committed, once', () => {
    const before = keeping(member, updates).state
    expect(kinds(follow(before, [Talk.heard(aggregator, proposal(updates))], awake).wished)).toEqual([])
    const { state, wished } = follow(before, [commit()], awake)
    expect(kinds(wished)).toEqual(['seed', 'seed', 'seed'])
    const shares = Talk.dataNames.map((name) => Talk.released(name, 'seed', 1))
    const said = follow(state, [{ type: 'unmasked', effect: 'unmask:1', shares }], awake)
    expect(Talk.saidOf(said.wished, 'unmask')).toEqual([{ record: Record.hash(record()), shares }])
    expect(
      kinds(follow(said.state, [commit(), ...ready, ...updates, { type: 'tick' }], awake).wished),
    ).toEqual([])
    expect(ComputeProvider.resume(structuredClone(state))).toEqual(ComputeProvider.resume(state))
  })

  test.each<[string, Partial<Record.Record>]>([
    ['another opening', { opened: Talk.digest('other') }],
    ['another time to close', { closes: 7 }],
    ['another draw', { cohortsDigest: Talk.digest('other') }],
    ['other cohorts', { cohorts: [3n] }],
    ['a set that is too small', { survivors: 3n }],
  ])('gives nothing away for a record with %s', (_, change) => {
    expect(kinds(follow(keeping(member, updates).state, [commit(change)], awake).wished)).toEqual([])
  })

  test('opens no shares that were sealed after it first heard of any from a provider', () => {
    const sealed: Hex = `0x${'1f'.repeat(Masks.sealedBytes)}`
    const late = Talk.dataNames.map((name) => {
      const shares = Talk.masksOf(name).shares.map((share) => ({ ...share, seed: sealed, key: sealed }))
      const body = { opened: Talk.opened, masks: { ...Talk.masksOf(name), shares } }
      return Talk.heard(name, { kind: 'ready', task: Talk.task, round: 1, slot: 0, body })
    })
    const before = keeping(member, updates).state
    const after = follow(before, late, Talk.opening.body.readyBy + 1)
    expect(after.state.rounds).toEqual(before.rounds)
    const { wished } = follow(after.state, [commit()], awake)
    const wanted = wished.flatMap((effect) => (effect.type === 'unmask' ? effect.wanted : []))
    expect(wanted.map((each) => each.sealed)).toEqual(
      Talk.dataNames.map((name) => Talk.masksOf(name).shares[1]?.seed),
    )
  })

  test('draws nobody in who says Ready after the draw that it goes by', () => {
    const [one = opening, ...others] = ready
    const drawnWithout = follow(
      seated(member),
      [opening, ...others, { type: 'message', message: drawn }],
      awake,
    )
    expect(drawnWithout.state.rounds[1]?.adopted).toBeUndefined()
    const told = follow(drawnWithout.state, [one], awake)
    expect(told.state.rounds[1]?.adopted?.digest).toBe(drawn.bodyDigest)
    const again = { ...Talk.readyDraft('stranger'), round: 1 }
    const late = follow(told.state, [Talk.heard('stranger', again)], Talk.opening.body.updatesBy)
    expect(late.state.rounds[1]?.adopted).toEqual(told.state.rounds[1]?.adopted)
    expect(late.state.rounds[1]?.ready).toEqual(told.state.rounds[1]?.ready)
  })

  test('waits for a Ready that it missed', () => {
    const missed = follow(
      seated(member),
      [Talk.heard('model', Talk.opening), ...ready.slice(1), { type: 'message', message: drawn }, commit()],
      awake,
    )
    expect(kinds(missed.wished)).toEqual([])
    expect(kinds(follow(missed.state, ready.slice(0, 1), awake).wished)).toHaveLength(3)
  })

  test('erases its keys when nothing can be challenged any more', () => {
    const { state } = follow(keeping(member, updates).state, [commit()], awake)
    const settled = Talk.chain({
      name: 'TaskSettled',
      task: Talk.task,
      root: Talk.digest('root'),
      punished: false,
      deadline: Talk.now + 200,
      utilities: [],
    })
    const closing = follow(state, [settled, { type: 'head', time: Talk.now + 200 }], awake)
    expect(closing.wished.map(({ type }) => type)).not.toContain('forget')
    const { wished } = follow(closing.state, [{ type: 'head', time: Talk.now + 201 }], awake)
    expect(wished.filter(({ type }) => type === 'forget')).toMatchObject([
      { of: 'epoch', number: 0 },
      { of: 'epoch', number: 1 },
    ])
  })
})

describe('a member that judges draws', () => {
  const without = {
    ...Talk.cohortsDraft,
    body: { ...Talk.cohortsDraft.body, cohorts: [Talk.datas.slice(1).map(({ account }) => account)] },
  }
  const adopted = (state: ComputeProvider.State) => state.rounds[1]?.adopted

  test('goes by none of somebody who is not enrolled, or not known to be ready', () => {
    const unready = follow(
      seated(member),
      [Talk.heard('model', Talk.opening), ...ready.slice(1), { type: 'message', message: drawn }],
      awake,
    )
    expect(adopted(unready.state)).toBeUndefined()
    expect(adopted(follow(unready.state, ready.slice(0, 1), awake).state)).toBeDefined()
  })

  test('goes by none that is too small', () => {
    const { state } = follow(inRound(member), [Talk.heard(aggregator, without)], Talk.now + 26)
    expect(adopted(state)).toBeUndefined()
  })

  test('goes by none before its drawer’s turn', () => {
    const early = follow(inRound(aggregator), [Talk.heard(member, Talk.cohortsDraft)], awake)
    expect(adopted(early.state)).toMatchObject({ seat: 0 })
  })
})

describe('a member that signed', () => {
  const reopening = (round: number, closes: number): Event.Event =>
    Talk.heard('model', {
      ...Talk.opening,
      round,
      body: { ...Talk.opening.body, closes, updatesBy: closes - 60, readyBy: closes - 120 },
    })
  const signing = () => {
    const proposed = Talk.heard(aggregator, proposal(updates))
    const { state, wished } = follow(keeping(member, updates).state, [proposed], awake)
    const signed = follow(state, [right(recomputation(wished))], awake)
    expect(Talk.saidOf(signed.wished, 'recordSigned')).toHaveLength(1)
    return signed.state
  }
  const { closes } = Talk.opening.body

  test('never takes part again in a round that was overtaken', () => {
    const overtaken = follow(signing(), [reopening(2, closes + 300), { type: 'tick' }], closes + 1).state
    expect(Object.keys(overtaken.rounds)).toEqual(['2'])
    const { state, wished } = follow(overtaken, [reopening(1, closes + 600), ...ready], closes + 2)
    expect(wished).toEqual([])
    expect(Object.keys(state.rounds)).toEqual(['2'])
  })

  test('remembers what it signed for as long as the task lasts', () => {
    const before = signing()
    expect(before.signed[1]).toMatch(/^0x/)
    const { state } = follow(before, [reopening(2, closes + 300), { type: 'tick' }], closes + 1)
    expect(state.signed).toEqual(before.signed)
  })

  test('goes by its own signature that it had forgotten and hears again', () => {
    const draft = proposal(updates)
    if (draft.kind !== 'recordProposed') throw new Error('no proposal')
    const other = Talk.digest('a record that it signed before')
    const own = Talk.heard(member, {
      kind: 'recordSigned',
      task: Talk.task,
      round: 1,
      slot: 0,
      body: { record: other },
    })
    const restored = follow(keeping(member, updates).state, [own, Talk.heard(aggregator, draft)], awake)
    expect(restored.state.signed[1]).toBe(other)
    expect(restored.wished).toEqual([])
    const { wished } = follow(restored.state, [{ type: 'tick' }], awake)
    expect(Talk.saidOf(wished, 'recordSigned')).toEqual([])
  })

  test('signs after a restart only when it should have heard what it said before', () => {
    const { state, wished } = follow(
      keeping(member, updates).state,
      [Talk.heard(aggregator, proposal(updates))],
      awake,
    )
    const woken = follow(state, [{ type: 'restarted' }, right(recomputation(wished))], awake)
    expect(Talk.saidOf(woken.wished, 'recordSigned')).toEqual([])
    const later = follow(woken.state, [{ type: 'tick' }], awake + 10)
    expect(Talk.saidOf(later.wished, 'recordSigned')).toHaveLength(1)
  })
})

type Proposed = Message.Of<'recordProposed'>['body']

function changed(body: Proposed, change: Partial<Record.Record>): Proposed {
  return { ...body, record: { ...body.record, ...change } }
}

function without(body: Proposed, seat: number): Proposed {
  const delivered = body.record.delivered & ~(1n << BigInt(seat))
  const inputs = body.inputs.filter(({ provider }) => provider !== seat)
  return { ...changed(body, { delivered, survivors: delivered }), inputs }
}

function renamed(body: Proposed): Proposed {
  const ciphertextRoot: Hex = Talk.digest('another')
  return {
    ...body,
    inputs: body.inputs.map((input) => (input.provider === 0 ? { ...input, ciphertextRoot } : input)),
  }
}
