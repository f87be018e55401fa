// A model provider whose round has three cohorts of three: what it opens, measures, and settles with.
import { expect, test } from 'vitest'
import * as Talk from '../../test/conversation.ts'
import * as Game from '../contribution.ts'
import type * as Effect from './effect.ts'
import type * as Event from './event.ts'
import type * as Message from '../message.ts'
import * as Ledger from './ledger.ts'
import * as ModelProvider from './modelProvider.ts'
import * as Proposal from './proposal.ts'
import * as Record from '../record.ts'

const [first = ''] = Talk.computeNames
const follow = (state: ModelProvider.State, events: readonly Event.Event[], now?: number) =>
  Talk.follow(ModelProvider.step, state, events, now)

/** A round of so many cohorts of three. */
function cast(count: number) {
  const names = Array.from({ length: 3 * count }, (_, at) => `data ${at}`).toSorted((a, b) =>
    Talk.me(a).account < Talk.me(b).account ? -1 : 1,
  )
  const { floor, samples, quality, dataSignature } = Talk.dataOffer('data 0')
  const datas = names.map((name) => ({
    ...Talk.me(name),
    ...{ floor, samples, quality, compute: 0, dataSignature },
  }))
  const seats = Array.from({ length: count }, (_, cohort) => [cohort, cohort + count, cohort + 2 * count])
  const bits = seats.map(Record.bitmapOf)
  const cohorts = seats.map((cohort) => cohort.map((seat) => datas[seat]!.account))
  const body = { opened: Talk.opened, cohorts }
  const drawn = { kind: 'cohorts', task: Talk.task, round: 1, slot: 0, body } as const

  /** Up to the draw, with a plan that pays by contribution. */
  function running(): ModelProvider.State {
    const created = ModelProvider.create({
      ...{ me: Talk.me('model'), rules: { consent: true, claim: true }, place: Talk.place, id: Talk.task },
      ...{ terms: Talk.terms, spec: Talk.spec, computes: [], invited: [] },
    })
    const { state } = follow(created, [{ type: 'tick' }, Talk.created])
    const scored = { ...state, terms: { ...state.terms, plan: 'proportional', maxCohorts: count } as const }
    const { modelHash, model, publicKey } = Talk.opening.body
    return follow(scored, [
      Talk.chain({
        ...{ name: 'TaskStarted', task: Talk.task, computes: Talk.computes, datas },
        ...{ absent: 0, deadline: Talk.now + 600 },
      }),
      { type: 'prepared', effect: 'prepare:1', modelHash, model, publicKey },
      ...names.map((name) => Talk.heard(name, Talk.readyDraft(name))),
      Talk.heard(first, drawn),
    ]).state
  }

  /** The commit of round 1, in which a cohort may have nobody, and what the members give away for it. */
  function committed(state: ModelProvider.State, survivors: bigint): readonly Event.Event[] {
    const inputs: readonly Effect.Input[] = names.map((name, provider) => ({
      ...{ provider, cid: Talk.opening.body.model, ciphertextRoot: Talk.digest(name) },
      signature: `0x${'0d'.repeat(65)}`,
    }))
    const sums = bits.flatMap((cohort, at) =>
      (cohort & survivors) === 0n ? [] : [{ cid: Talk.opening.body.model, root: Talk.digest(`sum ${at}`) }],
    )
    const record: Record.Record = {
      ...{ round: 1, closes: Talk.opening.body.closes, opened: Talk.opened, aggregator: 0 },
      ...{ delivered: 2n ** BigInt(names.length) - 1n, survivors, cohorts: bits, jobs: 0n },
      cohortsDigest: Talk.say(first, drawn).bodyDigest,
      sums: Proposal.sumsDigest(state, { cohorts: bits, survivors }, inputs, sums),
      openerSignature: `0x${'0e'.repeat(65)}`,
    }
    const proposed: Message.Of<'recordProposed'>['body'] = { record, inputs, sums }
    const isIn = (seat: number) => ((survivors >> BigInt(seat)) & 1n) === 1n
    return [
      Talk.heard(first, { kind: 'recordProposed', task: Talk.task, round: 1, slot: 0, body: proposed }),
      Talk.chain({
        ...{ name: 'RoundCommitted', task: Talk.task, round: 1, record, signers: 3 },
        deadline: Talk.now + 700,
      }),
      ...Talk.computeNames.map((name, member) => {
        const shares = names.map((each, seat) => Talk.released(each, isIn(seat) ? 'seed' : 'key', member))
        const said = { record: Record.hash(record), shares }
        return Talk.heard(name, { kind: 'unmask', task: Talk.task, round: 1, slot: 0, body: said })
      }),
    ]
  }

  return { running, committed, bits, cohorts }
}

const { running, committed, bits, cohorts } = cast(3)

const answer = (worth: readonly number[], discarded: readonly number[], of: number): Event.Event => ({
  ...{ type: 'opened', effect: 'open:1', wrongShares: [], nextModelHash: Talk.digest('next') },
  sums: Array.from({ length: of }, (_, at) =>
    discarded.includes(at)
      ? ({ digest: null, discarded: 'norm', provider: null } as const)
      : { digest: Talk.digest(`sum ${at}`) },
  ),
  ...{ worth, correct: worth.at(-1) ?? 0, total: 100 },
})

test('every coalition of three cohorts is scored, and each is settled with its own value', () => {
  const state = running()
  const { state: opening, wished } = follow(state, [{ type: 'ended' }, ...committed(state, 511n)])
  const open = wished.find((effect) => effect.type === 'open')
  expect(open?.cohorts.map(({ cohort, root }) => [cohort, root])).toEqual(
    [0, 1, 2].map((at) => [at, Talk.digest(`sum ${at}`)]),
  )
  expect(open?.cohorts.map(({ members }) => members.map(({ account }) => account))).toEqual(cohorts)
  expect(open?.coalitions).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  const done = follow(opening, [answer([10, 40, 30, 50, 10, 40, 33, 56], [], 3)])
  expect(done.wished.at(-1)).toMatchObject({
    call: { name: 'settle', utilities: [[26 * 60, 17.5 * 60, 2.5 * 60]] },
  })
})

test('a cohort of which nothing was opened gets nothing, and the others keep their places', () => {
  const state = running()
  const events = committed(state, bits[0]! | bits[2]!)
  const { state: opening, wished } = follow(state, [{ type: 'ended' }, ...events])
  const open = wished.find((effect) => effect.type === 'open')
  expect(open?.cohorts.map(({ cohort }) => cohort)).toEqual([0, 2])
  expect(open?.coalitions).toEqual([0, 1, 2, 3])
  const done = follow(opening, [answer([10, 40, 12, 41], [], 2)])
  expect(done.wished.at(-1)).toMatchObject({ call: { utilities: [[29.5 * 60, 0, 1.5 * 60]] } })
})

test('a cohort whose sum was discarded gets nothing', () => {
  const state = running()
  const { state: opening } = follow(state, [{ type: 'ended' }, ...committed(state, 511n)])
  const done = follow(opening, [answer([10, 10, 30, 30, 5, 5, 33, 33], [0], 3)])
  expect(done.wished.at(-1)).toMatchObject({ call: { utilities: [[0, 24 * 60, -1 * 60]] } })
})

test('beyond six cohorts the scored coalitions follow from the record that was committed', () => {
  const seven = cast(7)
  const state = seven.running()
  const { wished } = follow(state, seven.committed(state, 2n ** 21n - 1n))
  const open = wished.find((effect) => effect.type === 'open')
  const record = Ledger.committed(
    follow(state, seven.committed(state, 2n ** 21n - 1n)).state.ledger,
    1,
  )?.record
  expect(open?.cohorts).toHaveLength(7)
  expect(open?.coalitions).toEqual(Game.coalitions(7, Record.hash(record!)))
})
