// Jobs as roles post them, do them and pay them: three compute providers, a task with a warm start of two parts.
import { describe, expect, test } from 'vitest'
import * as Talk from '../../test/conversation.ts'
import type { Hex } from '../codec.ts'
import * as Job from '../job.ts'
import type * as Message from '../message.ts'
import type { TaskSpec } from '../taskSpec.ts'
import * as Committee from './committeeRound.ts'
import * as DataProvider from './dataProvider.ts'
import * as Drawn from './drawn.ts'
import type * as Effect from './effect.ts'
import type * as Event from './event.ts'
import * as JobPost from './jobPost.ts'
import * as JobWork from './jobWork.ts'
import * as Jobs from './jobs.ts'
import * as Ledger from './ledger.ts'
import * as ModelProvider from './modelProvider.ts'
import * as Participant from './participant.ts'

const shards = [0, 1].map((at) => Talk.digest(`shard ${at}`))
const warmStart = { shards, samples: 512, parts: 2, epochs: 1000, segment: 10, tolerance: 0.001, seconds: 60 }
const spec: TaskSpec = { ...Talk.spec, warmStart }
const terms = { ...Talk.terms, jobKilounits: 3000 }
// Three ways through 8 weights for each of 256 samples, a thousand times, 2,048,000 to a kilounit.
const units = 3

const names = ['compute 0', 'compute 1', 'compute 2'].toSorted((a, b) =>
  Talk.me(a).account < Talk.me(b).account ? -1 : 1,
)
const computes = names.map((name) => ({ ...Talk.me(name), price: 10n }))
const { datas, now } = Talk
const startedUntil = (deadline: number) =>
  Talk.chain({ name: 'TaskStarted', task: Talk.task, computes, datas, absent: 0, deadline })
const started = startedUntil(now + 3600)
const block = Talk.digest('block 5')
const drawn = (part: number) => Job.executors(part, block, [0, 1, 2]).map((seat) => names[seat] ?? '')
const [first = '', second = '', third = ''] = drawn(0)
/** The wish to check what this one did. */
const verify = (author: string) => `verify:0:${names.indexOf(author)}`
const part = (at: number): Job.WarmStart => {
  const job = Job.warmStart(spec, at)
  if (job === undefined) throw new Error(`there is no part ${at}`)
  return job
}
const head = { task: Talk.task, round: 0 } as const
const times = { doneBy: now + 100, checkedBy: now + 200, closes: now + 300 }
const posted = (at = 0) =>
  Talk.say('model', { ...head, slot: at, kind: 'jobPosted', body: { job: part(at), ...times } })
const done = (by: string, at = 0, result: Hex = Talk.digest(`weights by ${by}`)) =>
  Talk.say(by, {
    ...head,
    slot: at,
    kind: 'jobDone',
    body: { job: Job.digest(part(at)), result, worth: null },
  })
const check = (by: string, agrees: boolean, of: string, at = 0) =>
  Talk.say(by, {
    ...head,
    slot: at,
    kind: 'jobChecked',
    body: { job: Job.digest(part(at)), of: done(of, at).digest, agrees },
  })

/** A member that has seen the start and knows the draw. */
function member(name: string): Committee.State {
  const rules = { consent: true, claim: true }
  const options = { me: Talk.me(name), rules, place: Talk.place, id: Talk.task, terms, spec }
  const ledger = { ...Ledger.empty, state: 'running' as const, startedAt: 1, deadline: now + 3600 }
  return {
    ...Participant.create(options),
    ...Committee.nothing,
    ledger: { ...ledger, computes, datas },
    headers: { 5: block },
  }
}
const hear = <state extends Jobs.State>(
  state: state,
  messages: readonly Message.Message[],
  at = now,
): state =>
  messages.reduce((so, message) => (Jobs.concerns(message) ? Jobs.read(so, message, at) : so), state)
const wishes = (state: Jobs.State): readonly string[] => Object.keys(state.outbox)
/** What a member wishes for after it heard these. */
const after = (name: string, messages: readonly Message.Message[], at = now + 20): readonly string[] =>
  wishes(JobWork.advance(hear(member(name), messages), at))

describe('a job that was posted', () => {
  test('is done by the first, checked by the second, and left alone by the third', () => {
    expect(after(first, [posted()])).toEqual(['perform:0'])
    expect(after(second, [posted()])).toEqual([])
    expect(after(third, [posted()])).toEqual([])
    expect(after(second, [posted(), done(first)])).toEqual([verify(first)])
    expect(after(third, [posted(), done(first)])).toEqual([])
  })

  test('waits for the draw, which is asked for', () => {
    const early = { ...hear(member(first), [posted()]), headers: {} }
    expect(wishes(JobWork.advance(early, now + 20))).toEqual(['header:5'])
  })

  test('is done once, and said once', () => {
    const state = JobWork.advance(hear(member(first), [posted()]), now + 20)
    const result = {
      type: 'performed',
      effect: 'perform:0',
      result: Talk.digest('weights'),
      worth: null,
    } as const
    const said = JobWork.finish(state, result, now + 30)
    expect(Talk.saidOf(Object.values(said.outbox), 'jobDone')).toEqual([
      { job: Job.digest(part(0)), result: Talk.digest('weights'), worth: null },
    ])
    expect(JobWork.advance(said, now + 40)).toBe(said)
    expect(JobWork.finish(said, result, now + 50)).toBe(said)
  })

  test('is not done again by a device that lost its state but hears that it was', () => {
    expect(after(first, [posted(), done(first)])).toEqual([])
    expect(after(second, [posted(), done(first), check(second, true, first)])).toEqual([])
  })

  test('is taken over by the third when the first or the second keeps silent', () => {
    expect(after(third, [posted()], now + 101)).toEqual(['perform:0'])
    expect(after(second, [posted(), done(third)], now + 120)).toEqual([verify(third)])
    expect(after(third, [posted(), done(first)], now + 201)).toEqual([verify(first)])
  })

  test('is decided by the third where the two differ', () => {
    const said = [posted(), done(first), check(second, false, first)]
    expect(after(third, said)).toEqual([verify(first)])
    expect(after(third, [posted(), done(first), check(second, true, first)], now + 250)).toEqual([])
  })

  describe('and that the first did without publishing it', () => {
    // A third of the time from when the check was due to the end.
    const redone = now + 233.4
    const looking = (name: string) => JobWork.advance(hear(member(name), [posted(), done(first)]), now + 201)
    const verified = (author: string, agrees: boolean) =>
      ({ type: 'verified', effect: verify(author), agrees }) as const

    test('is done by the third once it could not check it, and checked by the second', () => {
      expect(wishes(looking(third))).toEqual([verify(first)])
      expect(JobWork.advance(looking(third), redone - 1)).toEqual(looking(third))
      expect(wishes(JobWork.advance(looking(third), redone))).toEqual(['perform:0'])

      const told = hear(looking(second), [done(third)])
      expect(wishes(JobWork.advance(told, redone - 1))).toEqual([verify(first)])
      const moved = JobWork.advance(told, redone)
      expect(wishes(moved)).toEqual([verify(third)])
      const said = JobWork.finish(moved, verified(third, true), redone + 1)
      expect(Talk.saidOf(Object.values(said.outbox), 'jobChecked')).toEqual([
        { job: Job.digest(part(0)), of: done(third).digest, agrees: true },
      ])
    })

    test('is agreed on as the third did it, which pays those two and convicts nobody', () => {
      const state = hear(member(first), [posted(), done(first), done(third), check(second, true, third)])
      expect(Jobs.agreed(state, 0)).toEqual(done(third).body)
      const owed = [second, third].map((name) => names.indexOf(name)).toSorted()
      expect(Jobs.verdict(state, 0)).toEqual({ agreed: names.indexOf(third), owed, contradicted: [] })
    })

    test('pays nothing to the first for agreeing with the third', () => {
      const state = hear(member(second), [posted(), done(first), done(third), check(first, true, third)])
      expect(Jobs.verdict(state, 0)).toMatchObject({ owed: [names.indexOf(third)], contradicted: [] })
    })

    test('is left alone by a third that did not find it in time, but said so of what it found', () => {
      const said = JobWork.finish(looking(third), verified(first, false), now + 220)
      expect(JobWork.advance(said, redone)).toBe(said)
      const failed = Participant.unwish(looking(third), ({ id }) => id === verify(first))
      expect(JobWork.advance(failed, redone)).toBe(failed)
    })

    test('is not checked twice by a second that had found it after all', () => {
      const said = JobWork.finish(looking(second), verified(first, true), now + 220)
      const told = hear(said, [done(third)])
      expect(JobWork.advance(told, redone)).toBe(told)
    })

    test('is not done again by the third where the second says anything, or counts only', () => {
      const denied = [posted(), done(first), check(second, false, first)]
      expect(after(third, denied, redone)).toEqual([verify(first)])
      const job = Job.score({ ...spec, scoring: 'committee' }, { round: 1, models: 2, subject: block })
      expect(Jobs.redoneFrom({ job, ...times })).toBe(times.closes)
    })
  })

  test('is over at its end, and with the task', () => {
    const busy = JobWork.advance(hear(member(first), [posted()]), now + 20)
    expect(wishes(JobWork.advance(busy, now + 301))).toEqual([])
    const settled = { ...busy, ledger: { ...busy.ledger, state: 'settled' as const } }
    expect(wishes(JobWork.advance(settled, now + 30))).toEqual([])
  })

  test('counts only from the model provider, as its spec has it, and the first time', () => {
    const other = Talk.say('model', {
      ...{ ...head, slot: 0, kind: 'jobPosted' },
      body: { job: { ...part(0), samples: 9 }, ...times },
    })
    const misplaced = Talk.say('model', {
      ...head,
      slot: 1,
      kind: 'jobPosted',
      body: { job: part(0), ...times },
    })
    const stranger = Talk.say('stranger', {
      ...head,
      slot: 0,
      kind: 'jobPosted',
      body: { job: part(0), ...times },
    })
    expect(hear(member(first), [other, misplaced, stranger]).jobs).toBe(Jobs.nothing)
    const again = Talk.say('model', {
      ...{ ...head, slot: 0, kind: 'jobPosted' },
      body: { job: part(0), ...times, closes: now },
    })
    expect(hear(member(first), [posted(), again]).jobs.posted[0]?.body.closes).toBe(times.closes)
  })

  test('names who is contradicted, with what shows it', () => {
    const said = [posted(), done(first), check(second, false, first), check(third, false, first)]
    const state = hear(member(second), said)
    const { account } = Talk.me(first)
    const [cheat] = Jobs.contradicted(state)
    expect(cheat).toMatchObject({ number: 0, account })
    expect(new Set(cheat?.evidence)).toEqual(new Set(said))
    expect(state.notes).toEqual([`${account} is contradicted by two others about job 0.`])
    expect(Jobs.agreed(state, 0)).toBeUndefined()
  })
})

test('a data provider knows who is contradicted, also where it heard it before the start', () => {
  const offered = { offer: Talk.dataOffer('data 0'), request: Talk.request('data 0') }
  const state = DataProvider.create(
    {
      ...{ me: Talk.me('data 0'), rules: { consent: true, claim: true }, place: Talk.place, id: Talk.task },
      ...{ terms, spec, computes: [], records: {}, ...offered },
    },
    now,
  )
  const said = [posted(), done(first), check(second, false, first), check(third, false, first)].map(
    (message): Event.Event => ({ type: 'message', message }),
  )
  const header: Event.Event = { type: 'header', effect: 'header:5', hash: block }
  const contradicted = (events: readonly Event.Event[]) =>
    Jobs.contradicted(Talk.follow(DataProvider.step, state, [Talk.created, ...events]).state)
  const cheat = { number: 0, account: Talk.me(first).account }
  expect(contradicted([started, header, ...said])).toMatchObject([cheat])
  expect(contradicted([...said, started, header])).toMatchObject([cheat])
  expect(contradicted([started, header, ...said.slice(0, -1)])).toEqual([])
})

describe('lanes', () => {
  const seats = (...who: readonly string[]) => who.map((name) => names.indexOf(name))
  const laneOf = (kilounits: number, ...who: readonly string[]) =>
    seats(...who).reduce((all, seat) => all | (BigInt(kilounits) << (16n * BigInt(seat))), 0n)
  const agreed = [posted(), done(first), check(second, true, first)]

  test('pay what two agree on, once everybody should have heard it', () => {
    const state = hear(member(third), agreed)
    expect(Jobs.lanes(state, 1, now + 19)).toBe(0n)
    expect(Jobs.lanes(state, 1, now + 20)).toBe(laneOf(units, first, second))
    expect(Jobs.lanes(hear(member(third), agreed.slice(0, 2)), 1, now + 60)).toBe(0n)
  })

  test('pay nothing after a round that was not committed, nor twice', () => {
    const state = hear(member(third), agreed)
    expect(Jobs.lanes(state, 2, now + 60)).toBe(0n)
    const jobs = laneOf(units, first, second)
    const record = {
      ...{ round: 1, closes: now, opened: Talk.opened, cohortsDigest: Talk.opened, aggregator: 0, jobs },
      ...{ delivered: 7n, survivors: 7n, cohorts: [7n], sums: Talk.opened },
    }
    const paid = { ...state, ledger: { ...state.ledger, rounds: [{ record, signers: 7, block: 9 }] } }
    expect(Jobs.lanes(paid, 2, now + 60)).toBe(0n)
    expect(Jobs.areEarned(paid, 1n << (16n * BigInt(names.indexOf(first))))).toBe(false)
  })

  test('are signed by who knows of the work, and of no more', () => {
    const state = hear(member(third), agreed)
    const jobs = laneOf(units, first, second)
    expect(Jobs.areEarned(state, jobs)).toBe(true)
    expect(Jobs.areEarned(state, laneOf(units, first))).toBe(true)
    expect(Jobs.areEarned(state, jobs + laneOf(1, second))).toBe(false)
    expect(Jobs.areEarned(state, laneOf(1, third))).toBe(false)
    expect(Jobs.areEarned(state, 1n << 240n)).toBe(false)
    expect(Jobs.areEarned(hear(member(third), [posted(), done(first)]), jobs)).toBe(false)
    expect(Jobs.areEarned(member(third), 0n)).toBe(true)
  })

  test('leave out who is contradicted', () => {
    const said = [posted(), done(first), check(second, false, first), check(third, false, first)]
    expect(Jobs.lanes(hear(member(second), said), 1, now + 60)).toBe(laneOf(units, second, third))
  })
})

describe('a model provider with data to release', () => {
  const create = (change: Partial<ModelProvider.Options> = {}) =>
    ModelProvider.create({
      ...{ me: Talk.me('model'), rules: { consent: true, claim: true }, place: Talk.place },
      ...{ id: Talk.task, terms, spec, computes: [], invited: [] },
      ...change,
    })
  const header: Event.Event = { type: 'header', effect: 'header:5', hash: block }
  const begin = (change?: Partial<ModelProvider.Options>) =>
    follow(create(change), [Talk.created, started, header])
  const follow = (state: ModelProvider.State, events: readonly Event.Event[], at = now + 20) =>
    Talk.follow(ModelProvider.step, state, events, at)
  const message = (of: Message.Message): Event.Event => ({ type: 'message', message: of })
  const jobs = (wished: readonly Effect.Effect[]) =>
    wished.flatMap((effect) =>
      effect.type === 'send' && effect.draft.kind === 'jobPosted' ? [effect.draft.body.job] : [],
    )
  /** Its own words come back to it, and both parts are agreed on by the two that were drawn. */
  const answers = [0, 1].flatMap((at) => {
    const [by = '', with_ = ''] = drawn(at)
    return [posted(at), done(by, at), check(with_, true, by, at)]
  })

  test('posts every part, and opens no round meanwhile', () => {
    const { state, wished } = begin()
    expect(jobs(wished)).toEqual([part(0), part(1)])
    expect(wished.map(({ type }) => type)).not.toContain('prepare')
    expect(follow(state, [{ type: 'tick' }]).wished).toEqual([])
  })

  test('makes the first model of what is agreed, and goes on', () => {
    const { state, wished } = follow(begin().state, answers.map(message))
    expect(wished).toEqual([
      {
        id: 'federate',
        type: 'federate',
        parts: [0, 1].map((at) => ({
          number: at,
          result: Talk.digest(`weights by ${drawn(at)[0]}`),
          samples: 256,
        })),
      },
    ])
    const federated = follow(state, [{ type: 'federated', effect: 'federate' }])
    expect(federated.wished.map(({ id }) => id)).toEqual(['prepare:1'])
  })

  test('goes on without what is not agreed in time', () => {
    const { state } = follow(begin().state, answers.slice(0, 3).map(message))
    expect(follow(state, [{ type: 'tick' }], now + 100).wished).toEqual([])
    expect(follow(state, [{ type: 'tick' }], now + 400).wished).toMatchObject([{ parts: [{ number: 0 }] }])
    const { wished } = follow(begin().state, [{ type: 'tick' }], now + 400)
    expect(wished.map(({ id }) => id)).toEqual(['prepare:1'])
  })

  test('waits for what somebody did as long as it may be done again, and no longer for what nobody did', () => {
    const { state, wished } = begin()
    const [, body] = wished.flatMap((effect) =>
      effect.type === 'send' && effect.draft.kind === 'jobPosted' ? [effect.draft.body] : [],
    )
    if (body === undefined) throw new Error('two parts were to be posted')
    const { doneBy, checkedBy, closes } = body
    expect([checkedBy - doneBy, Jobs.redoneFrom(body) - checkedBy, closes - doneBy]).toEqual([60, 60, 240])
    const [by = ''] = drawn(1)
    const onPartOne = (said: readonly Message.Message[], at: number) => {
      const told = follow(state, [...answers.slice(0, 3), ...said].map(message)).state
      return follow(told, [{ type: 'tick' }], at).wished.map(({ type }) => type)
    }
    expect(onPartOne([], Jobs.redoneFrom(body))).toEqual([])
    expect(onPartOne([], Jobs.redoneFrom(body) + 1)).toEqual(['federate'])
    expect(onPartOne([posted(1), done(by, 1)], closes)).toEqual([])
    expect(onPartOne([posted(1), done(by, 1)], closes + 1)).toEqual(['federate'])
  })

  test('leaves a part the time for all its stages where the longest silence is as long as that takes', () => {
    const stretch = (silence: number) => {
      const { wished } = follow(create(), [Talk.created, startedUntil(now + silence), header])
      const closes = wished.flatMap((effect) =>
        effect.type === 'send' && effect.draft.kind === 'jobPosted' ? [effect.draft.body.closes] : [],
      )
      return Math.min(...closes) - (now + 20)
    }
    const enough = JobPost.silence(spec.timeouts, warmStart.seconds)
    expect(stretch(enough)).toBe(5 * warmStart.seconds)
    expect(stretch(enough - spec.timeouts.commit)).toBeLessThan(5 * warmStart.seconds)
  })

  test('posts only what it can pay to all three', () => {
    expect(jobs(begin({ terms: { ...terms, jobKilounits: 3 * 2 * units } }).wished)).toHaveLength(2)
    expect(jobs(begin({ terms: { ...terms, jobKilounits: 3 * 2 * units - 1 } }).wished)).toHaveLength(1)
    const none = begin({ terms: { ...terms, jobKilounits: 0 } })
    expect(none.wished.map(({ id }) => id)).toContain('prepare:1')
  })

  test('begins at once where its spec releases none', () => {
    expect(begin({ spec: Talk.spec }).wished.map(({ id }) => id)).toContain('prepare:1')
  })

  test('asks for the draw of the start', () => {
    const { wished } = follow(create(), [Talk.created, started])
    expect(wished.map(({ id }) => id)).toContain('header:5')
    expect(Drawn.hash(begin().state, 0)).toBe(block)
  })
})
