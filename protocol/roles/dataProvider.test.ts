import { describe, expect, test } from 'vitest'
import * as Talk from '../../test/conversation.ts'
import * as Offer from '../offer.ts'
import type * as TaskSpec from '../taskSpec.ts'
import type * as Terms from '../terms.ts'
import * as DataProvider from './dataProvider.ts'
import type * as Event from './event.ts'

const name = 'data 0'
const me = Talk.me(name)
const rules = { consent: true, claim: true }
const nominees = Talk.computeNames.map(Talk.computeOffer)
const options: DataProvider.Options = {
  me,
  rules,
  place: Talk.place,
  id: Talk.task,
  terms: Talk.terms,
  spec: Talk.spec,
  offer: Talk.dataOffer(name),
  request: Talk.request(name),
  computes: nominees,
  records: {},
}
const seat = Talk.datas.findIndex(({ account }) => account === me.account)
const follow = (state: DataProvider.State, events: readonly Event.Event[], now = Talk.now) =>
  Talk.follow(DataProvider.step, state, events, now)
const asked = () => DataProvider.create(options, Talk.now)
const enrolled = () => follow(asked(), [Talk.created, Talk.started, Talk.header, ...keys]).state
const opened = Talk.heard('model', Talk.opening)
const keys = Talk.computeNames.map((member) => Talk.heard(member, Talk.sealingKey(member)))
const masked: Event.Event = { type: 'masked', effect: 'ready:1', masks: Talk.masksOf(name) }
const ready = Talk.dataNames.map((each) => Talk.heard(each, Talk.readyDraft(each)))
const receipt = (from: string, update: `0x${string}`): Event.Event =>
  Talk.heard(from, {
    kind: 'receipt',
    task: Talk.task,
    round: 1,
    slot: seat,
    body: { update, account: me.account },
  })
const contributed = (state: DataProvider.State) => {
  const result = { cid: Talk.opening.body.model, ciphertextRoot: Talk.digest('root'), byteLength: 65_536 }
  return follow(state, [{ type: 'contributed', effect: 'contribute:1', ...result }])
}
const training = () =>
  follow(enrolled(), [opened, masked, ...ready, Talk.heard(Talk.computeNames[0] ?? '', Talk.cohortsDraft)])

test('exports', () => {
  expect(Object.keys(DataProvider)).toMatchInlineSnapshot(`
    [
      "create",
      "step",
      "resume",
      "topics",
      "isKept",
      "currentRound",
    ]
  `)
})

describe('a data provider that was asked', () => {
  test('nominates a compute provider it can afford once the money is in escrow', () => {
    const { wished } = follow(asked(), [{ type: 'tick' }])
    expect(wished).toEqual([])
    const [nomination] = Talk.saidOf(follow(asked(), [Talk.created]).wished, 'nomination')
    expect(nominees.map(({ account }) => ({ compute: account }))).toContainEqual(nomination)
  })

  test('waits for its owner where no rule answers', () => {
    const waiting = DataProvider.create({ ...options, rules: { ...rules, consent: false } }, Talk.now)
    const { state, wished } = follow(waiting, [Talk.created, { type: 'tick' }])
    expect(wished).toEqual([])
    const [, wanted] = nominees
    const answered = follow(state, [{ type: 'consented', compute: wanted?.account }])
    expect(Talk.saidOf(answered.wished, 'nomination')).toEqual([{ compute: wanted?.account }])
  })

  test('nominates again among those it is asked to choose from', () => {
    const { state } = follow(asked(), [Talk.created])
    const other = nominees.find(({ account }) => account !== state.nominated?.compute)?.account ?? me.account
    const again: Event.Event = { type: 'message', message: Talk.request(name, 7, [other]) }
    expect(Talk.saidOf(follow(state, [again]).wished, 'nomination')).toEqual([{ compute: other }])
  })

  test.each<[string, Partial<DataProvider.Options>, string]>([
    ['its offer expired', { offer: { ...options.offer, expires: Talk.now - 1 } }, 'another offer'],
    ['another offer was meant', { request: Talk.request('data 1') }, 'another offer'],
    [
      'a stranger asks',
      { request: { ...options.request, device: me.device } },
      'not from the model provider',
    ],
    ['the schema is another', { terms: terms({ schemaId: Talk.digest('other') }) }, 'another schema'],
    ['the token is another', { terms: terms({ token: me.account }) }, 'another token'],
    ['its quality is too low', { terms: terms({ minQuality: 9000 }) }, 'higher quality'],
    ['it asks for more than there is', { terms: terms({ dataPool: 1n }) }, 'pays less'],
    [
      'the spec is not what was committed to',
      { spec: spec({ title: 'Other' }) },
      'does not match its contract',
    ],
  ])('declines when %s', (_, change, reason) => {
    const state = DataProvider.create({ ...options, ...change }, Talk.now)
    expect(state.answer).toBe('declined')
    expect(state.notes.join()).toContain(reason)
    expect(Talk.saidOf(follow(state, [Talk.created]).wished, 'nomination')).toEqual([])
  })

  test.each<[number, string]>([
    [15, 'declined'],
    [16, 'none'],
  ])('with %i samples, which an update could show, it answers: %s', (samples, answer) => {
    const offer = { ...options.offer, samples }
    const body = { ...options.request.body, offer: Offer.dataDigest(Talk.place, offer) }
    const state = DataProvider.create({ ...options, offer, request: { ...options.request, body } }, Talk.now)
    expect(state.answer).toBe(answer)
  })

  test('says that its offer expired in the words of the offer', () => {
    const offer = { ...options.offer }
    const state = DataProvider.create({ ...options, offer }, offer.expires + 5)
    expect(state.notes).toEqual(['This offer expired 5 s ago.'])
  })

  test('accepts a roster with itself and its nominee, and no other', () => {
    const { state } = follow(asked(), [Talk.created])
    const roster = (slot: number, computes: readonly `0x${string}`[]): Event.Event => {
      const body = { datas: Talk.datas.map(({ account }) => account), computes }
      return Talk.heard('model', { kind: 'roster', task: Talk.task, round: 0, slot, body })
    }
    const without = Talk.computes
      .map(({ account }) => account)
      .filter((each) => each !== state.nominated?.compute)
    expect(follow(state, [roster(0, without)]).wished).toEqual([])
    const all = Talk.computes.map(({ account }) => account)
    expect(Talk.saidOf(follow(state, [roster(1, all)]).wished, 'dataAcceptance')).toMatchObject([
      {
        party: {
          account: me.account,
          compute: all.indexOf(state.nominated?.compute ?? me.account),
          floor: 1000n,
        },
      },
    ])
  })
})

describe('a data provider in a round', () => {
  test('says Ready once, with the masks of its worker', () => {
    const { state, wished } = follow(enrolled(), [opened, opened, { type: 'tick' }])
    expect(wished.filter(({ type }) => type === 'prepareReady')).toMatchObject([
      { opened: Talk.opened, threshold: 2, members: [{ seat: 0 }, { seat: 1 }] },
    ])
    const said = follow(state, [masked])
    expect(Talk.saidOf(said.wished, 'ready')).toEqual([{ opened: Talk.opened, masks: Talk.masksOf(name) }])
    expect(Talk.saidOf(follow(said.state, [opened, masked]).wished, 'ready')).toEqual([])
  })

  test('waits for the sealing keys of all members, and in the end for as many as open a share', () => {
    const state = follow(asked(), [Talk.created, Talk.started, Talk.header, opened]).state
    const one = follow(state, keys.slice(0, 1), Talk.now + 15)
    expect(one.wished).toEqual([])
    expect(follow(one.state, keys.slice(1), Talk.now + 15).wished).toMatchObject([{ id: 'ready:1' }])
    const lenient = { ...one.state, terms: { ...Talk.terms, threshold: 1 } }
    expect(follow(lenient, [{ type: 'tick' }], Talk.now + 9).wished).toEqual([])
    expect(follow(lenient, [{ type: 'tick' }], Talk.now + 10).wished).toMatchObject([{ id: 'ready:1' }])
  })

  test('says no Ready with shares that were sealed after the time for it', () => {
    const { state } = follow(enrolled(), [opened])
    const late = follow(state, [masked], Talk.opening.body.readyBy + 1)
    expect(Talk.saidOf(late.wished, 'ready')).toEqual([])
    expect(DataProvider.currentRound(late.state)?.ready).toBe(false)
  })

  test('says after a restart only the Ready that it said before', () => {
    const own = Talk.heard(name, Talk.readyDraft(name))
    const { state } = follow(enrolled(), [opened, { type: 'restarted' }, masked])
    expect(state.outbox['send:ready:1']).toBeUndefined()
    for (const heard of [[], [own]]) {
      const { wished } = follow(follow(state, heard).state, [{ type: 'tick' }], Talk.now + 10)
      expect(Talk.saidOf(wished, 'ready')).toEqual([{ opened: Talk.opened, masks: Talk.masksOf(name) }])
    }
  })

  test.each<[string, Partial<ReturnType<typeof Talk.masksOf>>]>([
    ['another key', { ephemeral: Talk.key('another') }],
    ['another seed', { seedHash: Talk.digest('another') }],
  ])('gives the round up where its restored worker makes %s than it announced', (_, change) => {
    const own = Talk.heard(name, Talk.readyDraft(name))
    const others = ready.filter((_event, at) => Talk.dataNames[at] !== name)
    const again: Event.Event = {
      type: 'masked',
      effect: 'ready:1',
      masks: { ...Talk.masksOf(name), ...change },
    }
    const cohorts = Talk.heard(Talk.computeNames[0] ?? '', Talk.cohortsDraft)
    const events = [opened, { type: 'restarted' } as const, own, ...others, again, cohorts]
    const { state } = follow(enrolled(), events)
    const { state: later, wished } = follow(state, [{ type: 'tick' }], Talk.now + 10)
    expect(wished.map(({ type }) => type)).not.toContain('contribute')
    expect(Talk.saidOf(wished, 'ready')).toEqual([])
    expect(later.notes[0]).toContain('Round 1 is given up')
  })

  test('trains with the keys of the others of its cohort', () => {
    const effect = training().wished.find(({ type }) => type === 'contribute')
    const others = Talk.dataNames.filter((each) => each !== name)
    expect(effect).toMatchObject({
      peers: others.map((each) => ({
        account: Talk.me(each).account,
        ephemeral: Talk.masksOf(each).ephemeral,
      })),
    })
  })

  test('does not train with somebody whose key it does not know, or who copied one', () => {
    const copied = {
      ...Talk.readyDraft('data 1'),
      kind: 'ready',
      body: {
        opened: Talk.opened,
        masks: { ...Talk.masksOf('data 1'), ephemeral: Talk.masksOf(name).ephemeral },
      },
    } as const
    const cohorts = Talk.heard(Talk.computeNames[0] ?? '', Talk.cohortsDraft)
    for (const last of [[], [Talk.heard('data 1', copied)]]) {
      const known = ready.filter((_, at) => Talk.dataNames[at] !== 'data 1')
      const { wished } = follow(enrolled(), [opened, masked, ...known, ...last, cohorts])
      expect(wished.map(({ type }) => type)).not.toContain('contribute')
    }
  })

  test('erases its secrets once the round is over', () => {
    const { state } = training()
    const late = Talk.opening.body.closes
    expect(follow(state, [{ type: 'head', time: late }], late).wished).toEqual([])
    const { wished } = follow(state, [{ type: 'head', time: late + 1 }], late + 1)
    expect(wished).toMatchObject([{ type: 'forget', of: 'round', number: 1 }])
  })

  test.each<[string, readonly Event.Event[], number]>([
    ['after the time for it', [opened], Talk.now + 21],
    ['after its owner left', [{ type: 'left' }, opened], Talk.now],
    ['for a round that a stranger opened', [Talk.heard('data 1', Talk.opening)], Talk.now],
  ])('does not say Ready %s', (_, events, now) => {
    expect(Talk.saidOf(follow(enrolled(), events, now).wished, 'ready')).toEqual([])
  })

  test('gives a round up, with one note, where its worker refuses Ready, and asks again in the next', () => {
    const reason = 'This data set has no opening left.'
    const refused = follow(enrolled(), [opened, { type: 'failed', effect: 'ready:1', reason }])
    expect(refused.state.notes).toEqual([reason])
    const later = follow(
      refused.state,
      [{ type: 'tick' }, { type: 'restarted' }, opened, ...keys],
      Talk.now + 5,
    )
    expect(later.wished.filter(({ type }) => type === 'prepareReady' || type === 'contribute')).toEqual([])
    expect(Talk.saidOf([...refused.wished, ...later.wished], 'ready')).toEqual([])

    const { body } = Talk.opening
    const next = Talk.heard('model', { ...Talk.opening, round: 2, body })
    const again = follow(later.state, [next, { type: 'failed', effect: 'ready:2', reason }], Talk.now + 6)
    expect(again.wished.filter(({ type }) => type === 'prepareReady')).toMatchObject([{ round: 2 }])
    expect(again.state.notes).toEqual([reason])
  })

  test('hears of a round that was opened before it saw the start', () => {
    const cohorts = Talk.heard(Talk.computeNames[0] ?? '', Talk.cohortsDraft)
    const early = [opened, ...keys, ...ready, cohorts]
    const { wished } = follow(asked(), [Talk.created, ...early, Talk.started, Talk.header, masked])
    expect(wished.map(({ id }) => id)).toContain('contribute:1')
  })

  test('trains when the committee drew it, and announces the same update after a restart', () => {
    const { state, wished } = training()
    expect(wished.find(({ type }) => type === 'contribute')).toMatchObject({
      opened: Talk.opened,
      samples: 300,
    })
    const restarted = structuredClone(state)
    expect(DataProvider.resume(restarted)).toEqual(DataProvider.resume(state))
    expect(contributed(restarted)).toEqual(contributed(state))
    expect(Talk.saidOf(contributed(state).wished, 'encryptedUpdate')).toHaveLength(1)
  })

  test('signs no second update of a round for which it hears its own', () => {
    const body = {
      opened: Talk.opened,
      cohorts: Talk.digest('cohorts'),
      cid: Talk.opening.body.model,
      ciphertextRoot: Talk.digest('an earlier root'),
      byteLength: 65_536,
    }
    const draft = { kind: 'encryptedUpdate', task: Talk.task, round: 1, slot: 0, body } as const
    const own = Talk.say(name, draft)
    const event: Event.Event = { type: 'message', message: own }
    const cohorts = Talk.heard(Talk.computeNames[0] ?? '', Talk.cohortsDraft)
    const meanwhile = follow(training().state, [event])
    expect(meanwhile.state.outbox['contribute:1']).toBeUndefined()
    expect(Talk.saidOf(contributed(meanwhile.state).wished, 'encryptedUpdate')).toEqual([])
    expect(DataProvider.currentRound(meanwhile.state)?.update).toBe(own.digest)
    for (const heard of [
      [opened, masked, ...ready, event, cohorts],
      [event, opened, masked, ...ready, cohorts],
    ]) {
      const { state, wished } = follow(enrolled(), heard)
      expect(wished.map(({ type }) => type)).not.toContain('contribute')
      expect(DataProvider.currentRound(state)?.update).toBe(own.digest)
    }
  })

  test('trains after a restart only when it should have heard what it said before', () => {
    const cohorts = Talk.heard(Talk.computeNames[0] ?? '', Talk.cohortsDraft)
    const { state, wished } = follow(enrolled(), [opened, masked, ...ready, { type: 'restarted' }, cohorts])
    expect(wished.map(({ type }) => type)).not.toContain('contribute')
    const later = follow(state, [{ type: 'tick' }], Talk.now + 10)
    expect(later.wished.map(({ type }) => type)).toContain('contribute')
  })

  test('does not train for a draw of somebody outside the committee', () => {
    const { wished } = follow(enrolled(), [opened, masked, ...ready, Talk.heard('data 1', Talk.cohortsDraft)])
    expect(wished.map(({ type }) => type)).not.toContain('contribute')
  })

  test('does not train under cohorts that the committee would refuse', () => {
    const { body } = Talk.cohortsDraft
    const small = {
      ...Talk.cohortsDraft,
      body: { ...body, cohorts: body.cohorts.map((cohort) => cohort.slice(0, 1)) },
    }
    const member = Talk.computeNames[0] ?? ''
    const { state, wished } = follow(enrolled(), [opened, masked, ...ready, Talk.heard(member, small)])
    expect(wished.map(({ type }) => type)).not.toContain('contribute')
    const second = follow(state, [Talk.heard(Talk.computeNames[1] ?? '', Talk.cohortsDraft)], Talk.now + 30)
    expect(second.wished.map(({ type }) => type)).toContain('contribute')
  })

  test('counts receipts of members for its own update, each once', () => {
    const { state } = contributed(training().state)
    const update = DataProvider.currentRound(state)?.update ?? Talk.digest('none')
    const [first = '', second = ''] = Talk.computeNames
    const events = [
      receipt(first, update),
      receipt(first, update),
      receipt('data 1', update),
      receipt(second, Talk.digest('other')),
    ]
    const kept = follow(state, events).state
    const round = DataProvider.currentRound(kept)
    expect(round?.receipts).toEqual([0])
    if (round === undefined) throw new Error('no round is open')
    expect(DataProvider.isKept(kept, round)).toBe(true)
    expect(DataProvider.isKept(kept, { ...round, receipts: [] })).toBe(false)
    // The word of a member that was slashed binds no record any more.
    const members = [...Talk.computes, ...Talk.computes]
    const ledger = { ...kept.ledger, computes: members, slashed: 1 }
    expect(DataProvider.isKept({ ...kept, ledger }, round)).toBe(false)
  })

  test('is told what went on without it', () => {
    const others = Talk.datas.filter(({ account }) => account !== me.account)
    const without = Talk.chain({
      name: 'TaskStarted',
      task: Talk.task,
      computes: Talk.computes,
      datas: others,
      absent: 0,
      deadline: Talk.now + 600,
    })
    expect(follow(asked(), [Talk.created, without]).state.notes).toEqual([
      'The task started without this provider.',
    ])
  })

  test('changes nothing at messages that are not its concern', () => {
    const state = enrolled()
    const foreign = { ...Talk.opening, task: Talk.digest('another task') }
    for (const event of [Talk.heard('data 9', Talk.readyDraft('data 9')), Talk.heard('model', foreign)])
      expect(DataProvider.step(state, event, Talk.now).state).toBe(state)
  })

  test('ends a task that everybody else left', () => {
    const { state } = follow(enrolled(), [{ type: 'head', time: Talk.now + 600 }])
    const late = follow(state, [{ type: 'head', time: Talk.now + 2000 }], Talk.now + 2000)
    expect(late.wished).toMatchObject([{ id: 'exit:expire', call: { name: 'expire' } }])
  })
})

function terms(change: Partial<Terms.Terms>): Terms.Terms {
  return { ...Talk.terms, ...change }
}

function spec(change: Partial<TaskSpec.TaskSpec>): TaskSpec.TaskSpec {
  return { ...Talk.spec, ...change }
}
