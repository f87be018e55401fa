// Each law of jobs can fail: shown what breaks it, it names the breach, and its counterpart passes.
import { describe, expect, test } from 'vitest'
import type { Hex } from '../../protocol/codec.ts'
import * as Job from '../../protocol/job.ts'
import * as Message from '../../protocol/message.ts'
import * as Talk from '../conversation.ts'
import * as Keys from './keys.ts'
import * as OfJobs from './lawsOfJobs.ts'
import type { Task } from './market.ts'

const warmStart = {
  ...{ shards: [Talk.digest('shard')], samples: 200, parts: 1, epochs: 1000 },
  ...{ segment: 10, tolerance: 0.001, seconds: 30 },
}
const spec = { ...Talk.spec, warmStart }
const job = Job.warmStart(spec, 0)
if (job === undefined) throw new Error('there is a part')
const names = ['compute 0', 'compute 1', 'compute 2'].toSorted((a, b) =>
  Talk.me(a).account < Talk.me(b).account ? -1 : 1,
)
const computes = names.map((name) => ({ ...Talk.me(name), price: 10n }))
const task: Task = {
  ...{ terms: Talk.terms, datas: [], computes, rounds: [], payout: undefined, state: 'running' },
  ...{ deadline: 0, absent: 0, slashed: 0, guilty: false, claimed: 0n, escrow: 0n },
}
const hash: Hex = `0x${Keys.hash('block')}`
const [first = 0, second = 0, third = 0] = Job.executors(0, hash, [0, 1, 2])
const nameOf = (seat: number) => names[seat] ?? ''
const head = { task: Talk.task, round: 0, slot: 0 } as const
const times = { doneBy: 1, checkedBy: 2, closes: 3 }
const posted = Talk.say('model', { ...head, kind: 'jobPosted', body: { job, ...times } })
const result = Talk.digest('weights')
const body = { job: Job.digest(job), result, worth: null }
const done = Talk.say(nameOf(first), { ...head, kind: 'jobDone', body })
const check = (seat: number, agrees: boolean) =>
  Talk.say(nameOf(seat), {
    ...head,
    kind: 'jobChecked',
    body: { job: Job.digest(job), of: done.digest, agrees },
  })

/** What these say, where the result is right or not and one of the seats is a cheat's. */
function sight(said: readonly Message.Message[], isRight: boolean, cheat = -1, isHad = true): OfJobs.Sight {
  return {
    spec,
    isEvil: (account) => account === computes[cheat]?.account,
    heard: (kind) => said.filter((message): message is never => message.kind === kind),
    isRight: () => isRight,
    isHad: () => isHad,
    blockHash: () => hash,
  }
}
const paying = (seat: number, kilounits: bigint) => [{ jobs: kilounits << (16n * BigInt(seat)) }]
// Three ways through 8 weights for each of 200 samples, a thousand times, 2,048,000 to a kilounit.
const units = 3n

describe('jobs', () => {
  test('earn what their description says, for those who agree', () => {
    const agreed = sight([posted, done, check(second, true)], true)
    expect(OfJobs.judge(agreed, task)).toEqual([
      { job, kilounits: 3, earned: new Set([first, second]), contradicted: new Set() },
    ])
    for (const seat of [first, second])
      expect(() => OfJobs.assertEarned(agreed, task, paying(seat, units))).not.toThrow()
  })

  test('are not paid beyond that, twice, or to who was not asked', () => {
    const agreed = sight([posted, done, check(second, true)], true)
    expect(() => OfJobs.assertEarned(agreed, task, paying(first, units + 1n))).toThrow(/^I19: /)
    const twice = [...paying(first, units), ...paying(first, 1n)]
    expect(() => OfJobs.assertEarned(agreed, task, twice)).toThrow(/^I19: /)
    expect(() => OfJobs.assertEarned(agreed, task, paying(third, 1n))).toThrow(/^I19: /)
    const alone = sight([posted, done], true)
    expect(() => OfJobs.assertEarned(alone, task, paying(first, 1n))).toThrow(/^I19: /)
  })

  test('are judged rightly against one cheat', () => {
    const caught = sight([posted, done, check(second, false), check(third, false)], false, first)
    expect(OfJobs.judge(caught, task)).toMatchObject([{ contradicted: new Set([first]) }])
    expect(() => OfJobs.assertEarned(caught, task, paying(first, 1n))).toThrow(/^I19: /)
    const lied = sight([posted, done, check(second, true)], false, first)
    expect(() => OfJobs.judge(lied, task)).toThrow(/^I20: job 0 was judged wrongly/)
    const framed = sight([posted, done, check(second, false), check(third, false)], true, second)
    expect(() => OfJobs.judge(framed, task)).toThrow(/^I20: /)
  })

  test('convict nobody of what cannot be looked at', () => {
    const against = [posted, done, check(second, false), check(third, false)]
    expect(() => OfJobs.judge(sight(against, false, first, false), task)).toThrow(/of which nobody has/)
    expect(() => OfJobs.judge(sight(against, false, first), task)).not.toThrow()
  })

  test('pay who was drawn first for no result of another', () => {
    const redone = Talk.say(nameOf(third), {
      ...head,
      kind: 'jobDone',
      body: { ...body, result: Talk.digest('others') },
    })
    const agrees = (seat: number) =>
      Talk.say(nameOf(seat), {
        ...head,
        kind: 'jobChecked',
        body: { job: body.job, of: redone.digest, agrees: true },
      })
    const said = [posted, done, redone, agrees(first), agrees(second)]
    const both = sight(said, true, first)
    expect(OfJobs.judge(both, task)).toMatchObject([{ earned: new Set([third, second]) }])
    expect(() => OfJobs.assertEarned(both, task, paying(first, 1n))).toThrow(/^I19: /)
  })
})
