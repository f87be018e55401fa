import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as Talk from '../test/conversation.ts'
import * as Job from './job.ts'
import * as Message from './message.ts'
import * as Verdict from './verdict.ts'

type Check = readonly [seat: number, of: number, agrees: boolean]

/** The seats of `done` named results; of each check who says what of whose. */
function verdict(done: readonly number[], checks: readonly Check[]): Verdict.Verdict {
  return Verdict.of([4, 1, 6], {
    done: new Map(done.map((seat) => [seat, { digest: Talk.digest(`by ${seat}`), result: '0x' }])),
    checked: new Map(checks.map(([seat, of, agrees]) => [seat, { of: Talk.digest(`by ${of}`), agrees }])),
  })
}

test('exports', () => {
  expect(Object.keys(Verdict)).toMatchInlineSnapshot(`
    [
      "of",
      "contradicted",
      "seatsOf",
      "seatOf",
    ]
  `)
})

describe('a verdict', () => {
  test.each<[string, readonly number[], readonly Check[], Verdict.Verdict]>([
    ['none of one alone', [4], [], { agreed: undefined, owed: [], contradicted: [] }],
    ['two who agree', [4], [[1, 4, true]], { agreed: 4, owed: [1, 4], contradicted: [] }],
    ['none of one against one', [4], [[1, 4, false]], { agreed: undefined, owed: [], contradicted: [] }],
    [
      'two who contradict the first',
      [4],
      [
        [1, 4, false],
        [6, 4, false],
      ],
      { agreed: undefined, owed: [1, 6], contradicted: [4] },
    ],
    [
      'two who contradict a check',
      [4],
      [
        [1, 4, false],
        [6, 4, true],
      ],
      { agreed: 4, owed: [4, 6], contradicted: [1] },
    ],
    [
      'who takes over from a silent first',
      [6],
      [[1, 6, true]],
      { agreed: 6, owed: [1, 6], contradicted: [] },
    ],
    [
      'who did it again where nobody finds what the first did',
      [4, 6],
      [[1, 6, true]],
      { agreed: 6, owed: [1, 6], contradicted: [] },
    ],
    [
      'a first who names a result and checks another’s, which pays it nothing',
      [4, 6],
      [[4, 6, true]],
      { agreed: 6, owed: [6], contradicted: [] },
    ],
    [
      'two who agree, of whom one names a result of its own as well',
      [4, 1],
      [[1, 4, true]],
      { agreed: 4, owed: [1, 4], contradicted: [] },
    ],
    ['none of who was not drawn', [4], [[2, 4, true]], { agreed: undefined, owed: [], contradicted: [] }],
    ['none of who checks itself', [4], [[4, 4, true]], { agreed: undefined, owed: [], contradicted: [] }],
  ])('is reached by %s', (_, done, checks, expected) => {
    expect(verdict(done, checks)).toEqual(expected)
  })

  test('takes nothing back, whatever is said later', () => {
    const seat = fc.constantFrom(4, 1, 6)
    const saying = fc.oneof(seat, fc.tuple(seat, seat, fc.boolean()))
    const after = (said: readonly (number | Check)[]) => {
      const checks = said.filter((each) => typeof each !== 'number')
      return verdict(
        said.filter((each) => typeof each === 'number'),
        checks.filter(([by], at) => checks.findIndex(([other]) => other === by) === at),
      )
    }
    fc.assert(
      fc.property(fc.array(saying, { maxLength: 8 }), fc.nat(8), (said, until) => {
        const { owed } = after(said.slice(0, until))
        expect(after(said).owed).toEqual(expect.arrayContaining([...owed]))
      }),
    )
  })
})

describe('evidence', () => {
  const names = ['compute 0', 'compute 1', 'compute 2'].toSorted((a, b) =>
    Talk.me(a).account < Talk.me(b).account ? -1 : 1,
  )
  const warmStart = {
    ...{ shards: [Talk.digest('shard')], samples: 200, parts: 1, epochs: 1 },
    ...{ segment: 10, tolerance: 0.001, seconds: 30 },
  }
  const spec = { ...Talk.spec, warmStart }
  const computes = names.map((name) => ({ ...Talk.me(name), price: 10n }))
  const task = { place: Talk.place, id: Talk.task, terms: Talk.terms, spec, computes, absent: 0 }
  const block = Talk.digest('block')
  const drawn = Job.executors(0, block, [0, 1, 2]).map((seat) => names[seat] ?? '')
  const [first = '', second = '', third = ''] = drawn
  const job = Job.warmStart(spec, 0)
  if (job === undefined) throw new Error('there is a part')
  const head = { task: Talk.task, round: 0, slot: 0 } as const
  const posted = (by = 'model') =>
    Talk.say(by, { ...head, kind: 'jobPosted', body: { job, doneBy: 1, checkedBy: 2, closes: 3 } })
  const body = { job: Job.digest(job), result: Talk.digest('weights'), worth: null }
  const done = Talk.say(first, { ...head, kind: 'jobDone', body })
  const check = (by: string, agrees: boolean) =>
    Talk.say(by, { ...head, kind: 'jobChecked', body: { job: body.job, of: done.digest, agrees } })
  const shown = (messages: readonly Message.Message[], of: Verdict.Task = task) =>
    Verdict.contradicted(
      messages.map((message) => Message.bytesOf(Talk.place, message)),
      of,
      block,
      Talk.keys.recover,
    )

  test('names who two others contradict', () => {
    const said = [posted(), done, check(second, false), check(third, false)]
    expect(shown(said)).toEqual([Talk.me(first).account])
    expect(shown([posted(), done, check(second, true), check(third, false)])).toEqual([
      Talk.me(third).account,
    ])
  })

  test('names nobody without the job, both voices, or the draw', () => {
    expect(shown([done, check(second, false), check(third, false)])).toEqual([])
    expect(shown([posted('stranger'), done, check(second, false), check(third, false)])).toEqual([])
    expect(shown([posted(), done, check(second, false)])).toEqual([])
    expect(shown([posted(), done, check(second, false), check('stranger', false)])).toEqual([])
    const absent = 1 << names.indexOf(third)
    expect(shown([posted(), done, check(second, false), check(third, false)], { ...task, absent })).toEqual(
      [],
    )
  })

  test('with words put into another’s mouth is refused', () => {
    const message = check(third, true)
    if (message.kind !== 'jobChecked') throw new Error('a check was read as something else')
    const forged = { ...message, body: { ...message.body, agrees: false } }
    const said = [posted(), done, check(second, false), forged]
    expect(() => shown(said)).toThrow()
  })
})
