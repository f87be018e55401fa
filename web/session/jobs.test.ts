// What people see of jobs: whose turn it was, what they said, and what came of it.
import { describe, expect, test } from 'vitest'
import * as Job from '../../protocol/job.ts'
import type * as Message from '../../protocol/message.ts'
import * as Compute from '../../protocol/roles/computeProvider.ts'
import * as Book from '../../protocol/roles/jobs.ts'
import * as Ledger from '../../protocol/roles/ledger.ts'
import * as Lessons from '../../test/lessons.ts'
import * as Talk from '../../test/conversation.ts'
import * as Contradictions from './contradictions.ts'
import * as Jobs from './jobs.ts'

const { spec, part } = Lessons
const { now } = Talk
const names = ['compute 0', 'compute 1', 'compute 2'].toSorted((a, b) =>
  Talk.me(a).account < Talk.me(b).account ? -1 : 1,
)
const block = Talk.digest('block 5')
const [first = '', second = '', third = ''] = Job.executors(1, block, [0, 1, 2]).map(
  (seat) => names[seat] ?? '',
)
const job = part(1)
const head = { task: Talk.task, round: 0, slot: 1 } as const
const times = { doneBy: now + 100, checkedBy: now + 200, closes: now + 300 }
const posted = Talk.say('model', { ...head, kind: 'jobPosted', body: { job, ...times } })
const done = Talk.say(first, {
  ...head,
  kind: 'jobDone',
  body: { job: Job.digest(job), result: Talk.digest('weights'), worth: null },
})
const check = (by: string, agrees: boolean) =>
  Talk.say(by, { ...head, kind: 'jobChecked', body: { job: Job.digest(job), of: done.digest, agrees } })

function member(messages: readonly Message.Message[], headers: Compute.State['headers'] = { 5: block }) {
  const me = Talk.me('compute 0')
  const state = Compute.create(
    {
      ...{ me, rules: { consent: true, claim: true }, place: Talk.place, id: Talk.task },
      ...{
        terms: Talk.terms,
        spec,
        offer: Talk.computeOffer('compute 0'),
        request: Talk.request('compute 0'),
      },
    },
    now,
  )
  const computes = names.map((name) => ({ ...Talk.me(name), price: 10n }))
  const ledger = { ...Ledger.empty, state: 'running' as const, startedAt: 1, deadline: now + 3600, computes }
  return messages.reduce<Compute.State>(
    (so, message) => (Book.concerns(message) ? Book.read(so, message, now) : so),
    { ...state, ledger, headers },
  )
}

type Said = 'done' | 'agrees' | 'differs' | undefined
const executor = (name: string, said: Said, isOwed = false, isContradicted = false) => {
  return { account: Talk.me(name).account, said, isOwed, isContradicted }
}

describe('the view of a job', () => {
  const about = { number: 1, kind: 'warmStart', about: 2, kilounits: 1, closes: now + 300 }

  test('names who is to do it, and counts parts from 1', () => {
    expect(Jobs.of(member([posted]))).toEqual([
      {
        ...about,
        stage: 'open',
        executors: [executor(first, undefined), executor(second, undefined), executor(third, undefined)],
      },
    ])
    expect(about.kilounits).toBe(Job.kilounits(job, spec.model))
  })

  test('names nobody before the draw is known', () => {
    expect(Jobs.of(member([posted], {}))).toEqual([{ ...about, stage: 'open', executors: [] }])
  })

  test('stays open while one alone has done it', () => {
    const [view] = Jobs.of(member([posted, done]))
    expect(view).toMatchObject({ stage: 'open', executors: [executor(first, 'done'), {}, {}] })
  })

  test('is agreed where another found the same, and both are owed it', () => {
    const [view] = Jobs.of(member([posted, done, check(second, true)]))
    expect(view).toMatchObject({
      stage: 'agreed',
      executors: [
        executor(first, 'done', true),
        executor(second, 'agrees', true),
        executor(third, undefined),
      ],
    })
  })

  test('is disputed where two differ from one', () => {
    const [view] = Jobs.of(member([posted, done, check(second, false), check(third, false)]))
    expect(view).toMatchObject({
      stage: 'disputed',
      executors: [
        executor(first, 'done', false, true),
        executor(second, 'differs', true),
        executor(third, 'differs', true),
      ],
    })
    const [other] = Jobs.of(member([posted, done, check(second, false), check(third, true)]))
    expect(other).toMatchObject({
      stage: 'agreed',
      executors: [
        executor(first, 'done', true),
        executor(second, 'differs', false, true),
        executor(third, 'agrees', true),
      ],
    })
  })

  test('of scoring is about its round', () => {
    const score = Job.score(spec, { round: 2, models: 4, subject: Talk.digest('subject') })
    const slot = score.number
    const said = Talk.say('model', { ...head, slot, kind: 'jobPosted', body: { job: score, ...times } })
    expect(Jobs.of(member([said]))).toEqual([
      {
        number: slot,
        kind: 'score',
        about: 2,
        kilounits: Job.kilounits(score, spec.model),
        closes: now + 300,
        stage: 'open',
        executors: [],
      },
    ])
  })

  test('is empty without jobs', () => {
    expect(Jobs.of(member([]))).toEqual([])
  })
})

test('who is contradicted is counted once for each job, also by two roles of one device', () => {
  const state = member([posted, done, check(second, false), check(third, false)])
  const { account } = Talk.me(first)
  expect(Contradictions.of([state, state])).toEqual([account])
  expect(Contradictions.of([state, { ...state, id: Talk.digest('another task') }])).toEqual([
    account,
    account,
  ])
  expect(Contradictions.of([member([posted, done, check(second, false)])])).toEqual([])
})
