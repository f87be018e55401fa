import { describe, expect, test } from 'vitest'
import * as Talk from '../../test/conversation.ts'
import type { Address } from '../codec.ts'
import type * as Masks from '../masks.ts'
import * as History from '../history.ts'
import * as Invitation from '../invitation.ts'
import type * as Message from '../message.ts'
import * as Party from '../party.ts'
import * as Payout from '../payout.ts'
import type * as Plan from '../plan.ts'
import * as Record from '../record.ts'
import type * as Effect from './effect.ts'
import type * as Event from './event.ts'
import * as ModelProvider from './modelProvider.ts'
import * as Proposal from './proposal.ts'

const me = Talk.me('model')
const options: ModelProvider.Options = {
  me,
  rules: { consent: true, claim: true },
  place: Talk.place,
  id: Talk.task,
  terms: Talk.terms,
  spec: Talk.spec,
  computes: Talk.computeNames.map(Talk.computeOffer),
  invited: [],
}
const follow = (state: ModelProvider.State, events: readonly Event.Event[], now = Talk.now) =>
  Talk.follow(ModelProvider.step, state, events, now)
const tick: Event.Event = { type: 'tick' }
const offers = Talk.dataNames.map(Talk.dataOffer)
const [first = '', second = ''] = Talk.computeNames
const before = { task: Talk.task, round: 0 } as const
const nominate = (name: string, slot: number, compute: Address): Event.Event =>
  Talk.heard(name, { ...before, kind: 'nomination', slot, body: { compute } })

const asked = () => follow(ModelProvider.create(options), [tick, Talk.created, { type: 'chosen', offers }])
const slotsOf = (wished: readonly Effect.Effect[]): ReadonlyMap<Address, number> =>
  new Map(
    wished.flatMap((effect) =>
      effect.type === 'send' && effect.draft.kind === 'request'
        ? [[effect.draft.body.to, effect.draft.slot] as const]
        : [],
    ),
  )

/** Everyone nominates as `nominees` says, the nominated stand, and the owner freezes. */
function frozen(nominees: readonly string[]) {
  const { state, wished } = asked()
  const slots = slotsOf(wished)
  const nominations = Talk.dataNames.map((name, at) =>
    nominate(name, slots.get(Talk.me(name).account) ?? -1, Talk.me(nominees[at] ?? '').account),
  )
  const nominated = follow(state, nominations)
  const seats = slotsOf(nominated.wished)
  const stands = [...new Set(nominees)].map((name) =>
    nominate(name, seats.get(Talk.me(name).account) ?? -1, Talk.me(name).account),
  )
  return follow(nominated.state, [...stands, { type: 'frozen' }])
}

const committee = Party.committeeHash(Talk.computes.map(({ account }) => account))
const acceptances = (compute: (at: number) => number, slot = 0): readonly Event.Event[] =>
  Talk.dataNames.flatMap((name, at) => {
    const party = Talk.datas[at]
    if (party === undefined) return []
    const body = { committee, party: { ...party, compute: compute(at) } }
    return [Talk.heard(name, { ...before, kind: 'dataAcceptance', slot, body })]
  })
const seatAcceptances = Talk.computeNames.map((name) => {
  const body = { party: { ...Talk.me(name), price: 10n } }
  return Talk.heard(name, { ...before, kind: 'computeAcceptance', slot: 0, body })
})

const running = () => follow(asked().state, [Talk.started])
const prepared: Event.Event = {
  type: 'prepared',
  effect: 'prepare:1',
  modelHash: Talk.digest('model'),
  model: Talk.opening.body.model,
  publicKey: Talk.opening.body.publicKey,
}
const opened = () => follow(running().state, [prepared, ...said()])
const said = () => [
  ...Talk.dataNames.map((name) => Talk.heard(name, Talk.readyDraft(name))),
  Talk.heard(first, Talk.cohortsDraft),
]
const cohortsDigest = Talk.say(first, Talk.cohortsDraft).bodyDigest
const sums = [{ cid: Talk.opening.body.model, root: Talk.digest('sum') }]

/** Round 1 as the committee proposes and commits it, delivered by these of the three. */
function commit(state: ModelProvider.State, delivered = 7n): readonly Event.Event[] {
  const inputs: readonly Effect.Input[] = Record.seats(delivered).map((provider) => ({
    provider,
    cid: Talk.opening.body.model,
    ciphertextRoot: Talk.digest(Talk.dataNames[provider] ?? ''),
    signature: `0x${'0d'.repeat(65)}`,
  }))
  const bits = { survivors: delivered, cohorts: [7n], jobs: 0n }
  const record: Record.Record = {
    ...bits,
    round: 1,
    closes: Talk.opening.body.closes,
    opened: Talk.opened,
    cohortsDigest,
    aggregator: 0,
    delivered,
    sums: Proposal.sumsDigest(state, bits, inputs, sums),
    openerSignature: `0x${'0e'.repeat(65)}`,
  }
  const body: Message.Of<'recordProposed'>['body'] = { record, inputs, sums }
  return [
    Talk.heard(first, { kind: 'recordProposed', task: Talk.task, round: 1, slot: 0, body }),
    Talk.chain({
      name: 'RoundCommitted',
      task: Talk.task,
      round: 1,
      record,
      signers: 3,
      deadline: Talk.now + 700,
    }),
  ]
}
/** What both members give away of what was committed, changed by hand. */
function unmask(
  committed: readonly Event.Event[],
  change: (share: Masks.Released, seat: number) => Masks.Released = (share) => share,
): readonly Event.Event[] {
  const [event] = committed.flatMap((each) => (each.type === 'chain' ? [each.event] : []))
  if (event?.name !== 'RoundCommitted') throw new Error('no commit')
  const record = Record.hash(event.record)
  const survivors = Record.seats(event.record.survivors).map((seat) => Talk.dataNames[seat] ?? '')
  return Talk.computeNames.map((name, seat) => {
    const shares = Talk.dataNames
      .map((each) => change(Talk.released(each, survivors.includes(each) ? 'seed' : 'key', seat), seat))
      .toSorted((a, b) => (a.provider < b.provider ? -1 : 1))
    return Talk.heard(name, { kind: 'unmask', task: Talk.task, round: 1, slot: 0, body: { record, shares } })
  })
}

/** As the contract settles what is on the chain so far. */
function settledAs(
  { ledger, terms }: ModelProvider.State,
  utilities: Plan.Utilities = [],
  punished = false,
): Event.Event {
  const rounds = History.tallies(ledger)
  const { root } = Payout.compute({ ...ledger, terms, rounds, utilities, punished })
  const deadline = Talk.now + 60
  return Talk.chain({ name: 'TaskSettled', task: Talk.task, root, punished, deadline, utilities })
}
const result = (correct: number, worth: readonly number[] = []): Event.Event => ({
  type: 'opened',
  effect: 'open:1',
  sums: [{ digest: Talk.digest('sum') }],
  wrongShares: [],
  nextModelHash: Talk.digest('next'),
  worth,
  correct,
  total: 100,
})

test('exports', () => {
  expect(Object.keys(ModelProvider)).toMatchInlineSnapshot(`
    [
      "accuracyOf",
      "currentRound",
      "create",
      "step",
      "resume",
      "topics",
    ]
  `)
})

describe('a model provider that gathers', () => {
  test('pays before it announces, and announces before it asks', () => {
    const { wished } = asked()
    const kinds = wished.map((effect) => (effect.type === 'send' ? effect.draft.kind : effect.id))
    expect(kinds).toEqual(['create', 'taskAnnounced', 'request', 'request', 'request'])
    expect(new Set(slotsOf(wished).values())).toEqual(new Set([0, 1, 2]))
  })

  test('asks everyone who was nominated, once', () => {
    const { state, wished } = asked()
    const slots = slotsOf(wished)
    const events = Talk.dataNames.map((name) =>
      nominate(name, slots.get(Talk.me(name).account) ?? -1, Talk.me(first).account),
    )
    expect([...slotsOf(follow(state, events).wished).keys()]).toEqual([Talk.me(first).account])
  })

  test('believes no nomination in the name of another', () => {
    const { state } = asked()
    const forged = Talk.say('data 9', {
      ...before,
      kind: 'nomination',
      slot: 0,
      body: { compute: me.account },
    })
    const [victim] = offers
    const event: Event.Event = {
      type: 'message',
      message: { ...forged, sender: victim?.account ?? me.account },
    }
    expect(ModelProvider.step(state, event, Talk.now).state.asked).toEqual(state.asked)
  })

  test('freezes a roster once enough were nominated and stand', () => {
    expect(Talk.saidOf(frozen([first, second, first]).wished, 'roster')).toEqual([
      {
        datas: Talk.datas.map(({ account }) => account),
        computes: Talk.computes.map(({ account }) => account),
      },
    ])
  })

  test('asks one of those who chose the same to choose another', () => {
    const { wished } = frozen([first, first, first])
    expect(Talk.saidOf(wished, 'roster')).toEqual([])
    expect(Talk.saidOf(wished, 'request')).toMatchObject([{ among: [Talk.me(second).account] }])
  })

  test('starts when everyone has accepted, with all signatures', () => {
    const { state } = frozen([first, second, first])
    const { wished } = follow(state, [...acceptances((at) => at % 2), ...seatAcceptances])
    expect(wished).toMatchObject([{ id: 'start', call: { name: 'start' } }])
    const [start] = wished
    if (start?.type !== 'submit' || start.call.name !== 'start') throw new Error('nothing started')
    const { parties, acceptances: signed } = start.call
    expect(parties).toEqual({ computes: Talk.computes, datas: Talk.datas })
    expect(signed.invitations).toEqual([])
    expect([...signed.computes, ...signed.datas].map((signature) => signature?.length)).toEqual(
      Array.from({ length: 5 }, () => 132),
    )
  })

  test('does not take an acceptance with another seat, price or roster', () => {
    const { state } = frozen([first, second, first])
    const wrong = [...acceptances(() => 1, 0), ...acceptances((at) => at % 2, 5)]
    expect(follow(state, [...wrong, ...seatAcceptances]).wished).toEqual([])
  })

  test('makes another roster when a seat that is needed stays silent', () => {
    const { state } = frozen([first, second, first])
    const half = follow(state, [...acceptances((at) => at % 2), ...seatAcceptances.slice(0, 1)])
    expect(half.wished).toEqual([])
    const late = follow(half.state, [tick], Talk.now + 200)
    expect(late.wished.map(({ id }) => id)).not.toContain('start')
    expect(late.state.roster).toBeUndefined()
  })

  test('takes its money back when the task did not start', () => {
    const { state, wished } = follow(
      asked().state,
      [{ type: 'head', time: Talk.terms.startBy + 1 }],
      Talk.terms.startBy + 1,
    )
    expect(wished).toMatchObject([{ id: 'exit:cancel' }])
    const cancelled = follow(state, [Talk.chain({ name: 'TaskCancelled', task: Talk.task })])
    expect(cancelled.wished).toMatchObject([{ id: 'withdraw' }])
    expect(Object.keys(cancelled.state.outbox)).not.toContain('exit:cancel')
  })

  test('cancels when its owner wants to', () => {
    expect(follow(asked().state, [{ type: 'ended' }]).wished).toMatchObject([{ call: { name: 'cancel' } }])
  })
})

describe('a model provider that runs rounds', () => {
  test('opens a round with times that follow from the spec', () => {
    expect(running().wished).toMatchObject([{ id: 'prepare:1' }])
    expect(Talk.saidOf(opened().wished, 'roundOpened')).toEqual([Talk.opening.body])
  })

  test('opens the sums that were committed, and then the next round', () => {
    const { state } = opened()
    const committed = follow(state, [...commit(state), ...unmask(commit(state))])
    const member = { samples: 300, survived: true, shares: [{ seat: 0 }, { seat: 1 }] }
    expect(committed.wished).toMatchObject([
      { id: 'open:1', cohortsDigest, cohorts: [{ ...sums[0], members: [member, member, member] }] },
    ])
    const next = follow(committed.state, [result(60)])
    expect(Talk.saidOf(next.wished, 'opened')).toMatchObject([{ accuracy: 6000 }])
    expect(next.wished.map(({ id }) => id)).toContain('prepare:2')
  })

  test.each([
    { who: 'nobody left the one before', delivered: 7n, readyBy: Talk.now + 100 + Talk.spec.timeouts.ready },
    { who: 'somebody did', delivered: 3n, readyBy: Talk.opening.body.closes + Talk.spec.timeouts.ready / 2 },
  ])('waits for who is ready as long as it has to where $who', ({ delivered, readyBy }) => {
    const { state } = opened()
    const committed = commit(state, delivered)
    const { state: measured } = follow(state, [...committed, ...unmask(committed), result(60)])
    const next = follow(measured, [{ ...prepared, effect: 'prepare:2' }], Talk.now + 100)
    const updatesBy = readyBy + Talk.spec.timeouts.update
    expect(Talk.saidOf(next.wished, 'roundOpened')).toMatchObject([{ readyBy, updatesBy }])
  })

  test('opens nothing that is not on the chain', () => {
    const { state } = opened()
    expect(follow(state, [...commit(state).slice(0, 1), ...unmask(commit(state))]).wished).toEqual([])
  })

  test('opens nothing before every provider has shares enough', () => {
    const { state } = opened()
    const shares = unmask(commit(state))
    const waiting = follow(state, [...commit(state), ...shares.slice(0, 1)])
    expect(waiting.wished).toEqual([])
    expect(follow(waiting.state, shares).wished).toMatchObject([{ id: 'open:1' }])
  })

  test('convicts the author of a wrong share, and nobody else', () => {
    const { state } = opened()
    const wrong = unmask(commit(state), (share, seat) =>
      seat === 1 && share.provider === Talk.datas[0]?.account
        ? { ...share, salt: Talk.digest('wrong') }
        : share,
    )
    const { state: after, wished } = follow(state, [...commit(state), ...wrong])
    expect(wished).toEqual([])
    expect(Object.keys(after.convicted)).toEqual([Talk.me(second).account])
  })

  test('passes over a round that cannot be opened by its deadline, and opens the next', () => {
    const { state } = opened()
    const deadline = Talk.opening.body.closes + Talk.spec.timeouts.commit
    const waiting = follow(state, [...commit(state), tick], deadline)
    expect(waiting.wished).toEqual([])
    const { state: after, wished } = follow(waiting.state, [tick], deadline + 1)
    expect(wished.map(({ id }) => id)).toContain('prepare:2')
    expect(after.notes.join()).toContain('Too few members')
  })

  test('names who sealed shares that open nothing, and says in the next opening that its cohort failed', () => {
    const { state } = opened()
    const [spoiler] = Talk.datas
    const answered = unmask(commit(state)).map((event) => {
      if (event.type !== 'message' || event.message.kind !== 'unmask') throw new Error('no shares')
      const { sender, body } = event.message
      const shares = body.shares.filter(({ provider }) => provider !== spoiler?.account)
      const name = Talk.computeNames.find((each) => Talk.me(each).account === sender) ?? ''
      return Talk.heard(name, {
        kind: 'unmask',
        task: Talk.task,
        round: 1,
        slot: 0,
        body: { ...body, shares },
      })
    })
    const late = Talk.opening.body.closes + Talk.spec.timeouts.commit + 1
    const waiting = follow(state, [...commit(state), ...answered])
    const { state: after } = follow(waiting.state, [tick], late)
    expect(after.notes.join()).toContain(`${spoiler?.account} sealed shares of round 1`)
    const next = follow(after, [{ ...prepared, effect: 'prepare:2' }], late)
    expect(Talk.saidOf(next.wished, 'roundOpened')).toMatchObject([
      { discarded: [{ round: 1, cohorts: [0] }] },
    ])
  })

  test('gives up sums whose bytes nobody has, and opens the next round', () => {
    const { state } = opened()
    const waiting = follow(state, [...commit(state), ...unmask(commit(state))])
    const late = Talk.opening.body.closes + 2 * Talk.spec.timeouts.commit
    expect(follow(waiting.state, [tick], late).wished).toEqual([])
    const after = follow(waiting.state, [tick], late + 1)
    expect(after.wished.map(({ id }) => id)).toContain('prepare:2')
    expect(after.state.outbox['open:1']).toBeUndefined()
    expect(after.state.notes.join()).toContain('not to be had')
  })

  test('erases the round’s key once its sums are opened', () => {
    const { state } = opened()
    const { wished } = follow(state, [...commit(state), ...unmask(commit(state)), result(60)])
    expect(wished).toContainEqual({ id: 'forget:round:1', type: 'forget', of: 'round', number: 1 })
  })

  test('waits for the sums when the commit comes first', () => {
    const { state } = opened()
    const [proposal, committed] = commit(state)
    if (proposal === undefined || committed === undefined) throw new Error('no commit')
    const waiting = follow(state, [committed, ...unmask(commit(state))])
    expect(waiting.wished).toEqual([])
    expect(follow(waiting.state, [proposal]).wished).toMatchObject([{ id: 'open:1' }])
  })

  test('opens the next round only after the chain has passed the end of one that was not committed', () => {
    const { state } = opened()
    const { closes } = Talk.opening.body
    expect(follow(state, [tick, { type: 'head', time: closes }], closes + 30).wished).toEqual([])
    expect(follow(state, [{ type: 'head', time: closes + 1 }], closes + 30).wished).toMatchObject([
      { id: 'forget:round:1' },
      { id: 'prepare:2' },
    ])
  })

  test.each<[string, { readonly spec?: ModelProvider.State['spec'] }, readonly Event.Event[], number]>([
    ['at the target', { spec: { ...Talk.spec, targetAccuracy: 5000 } }, [], Talk.now],
    ['after the last round', { spec: { ...Talk.spec, rounds: 1 } }, [], Talk.now],
    ['when its owner wants to', {}, [{ type: 'ended' }], Talk.now],
    ['before its time is up', {}, [], Talk.now + 600],
  ])('settles %s', (_, change, events, now) => {
    const state = { ...opened().state, ...change }
    const opening = [...commit(state), ...unmask(commit(state)), result(60)]
    const { wished } = follow(state, [...events, ...opening], now)
    expect(wished.map(({ id }) => id)).toContain('exit:settle')
  })

  test('goes on without sums that are wrong for good', () => {
    const { state } = opened()
    const wrong: Event.Event = {
      type: 'failed',
      effect: 'open:1',
      reason: 'The sum is longer than it can be.',
    }
    const after = follow(state, [...commit(state), ...unmask(commit(state)), wrong])
    expect(after.wished.map(({ id }) => id)).toContain('prepare:2')
    expect(after.state.notes.join()).toContain('longer than it can be')
  })

  test('settles when its owner wants to though the sums cannot be fetched, but not before they are late', () => {
    const { state } = opened()
    const late = Talk.opening.body.closes + Talk.spec.timeouts.commit
    const waits = follow(state, [...commit(state), { type: 'ended' }, { type: 'head', time: late }])
    expect(waits.wished.map(({ id }) => id)).not.toContain('exit:settle')
    const after = follow(waits.state, [{ type: 'head', time: late + 1 }])
    expect(after.wished).toMatchObject([{ id: 'exit:settle' }])
  })

  test('erases all that is left of the task once it is settled, once', () => {
    const { state } = opened()
    const over = follow(state, [...commit(state), ...unmask(commit(state)), result(60)]).state
    const isOfTask = (effect: Effect.Effect) => effect.type === 'forget' && effect.of === 'task'
    expect(Object.values(over.outbox).filter(isOfTask)).toEqual([])
    const after = follow(over, [settledAs(over)])
    expect(after.wished.filter(isOfTask)).toHaveLength(1)
    const done = follow(after.state, [{ type: 'forgotten', effect: 'forget:task' }, tick])
    expect(Object.values(done.state.outbox).filter(isOfTask)).toEqual([])
  })

  test('claims what is left when the challenge window is over', () => {
    const first = { ...opened().state, ended: true }
    const { state } = follow(first, [...commit(first), ...unmask(commit(first)), result(60)])
    const after = follow(state, [settledAs(state), { type: 'head', time: Talk.now + 60 }])
    expect(after.wished.map(({ id }) => id)).not.toContain('exit:claim')
    const { wished } = follow(after.state, [{ type: 'head', time: Talk.now + 61 }])
    expect(wished).toMatchObject([{ id: 'exit:claim', call: { name: 'claim', claims: [{ index: 5 }] } }])
  })
})

describe('a model provider that was restored', () => {
  const own = Talk.heard('model', Talk.opening)

  test('takes up a round that it had opened instead of opening it again', () => {
    const { state, wished } = follow(running().state, [own, prepared])
    expect(Talk.saidOf(wished, 'roundOpened')).toEqual([])
    expect(state.rounds[1]?.opened).toEqual({ digest: Talk.opened, body: Talk.opening.body })
    const known = follow(state, [...said(), ...commit(state), ...unmask(commit(state))])
    expect(known.wished).toMatchObject([{ id: 'open:1' }])
  })

  test('counts rounds on from those that it hears it opened', () => {
    const { closes } = Talk.opening.body
    const { state } = follow(asked().state, [own, Talk.started])
    expect(state.outbox['prepare:1']).toBeUndefined()
    const { wished } = follow(state, [{ type: 'head', time: closes + 1 }], closes + 1)
    expect(wished).toMatchObject([{ id: 'prepare:2' }])
  })

  test('opens nothing before it should have heard what it said', () => {
    const woken = follow(running().state, [{ type: 'restarted' }, prepared])
    expect(Talk.saidOf(woken.wished, 'roundOpened')).toEqual([])
    const late = follow(woken.state, [tick], Talk.now + 10)
    expect(Talk.saidOf(late.wished, 'roundOpened')).toMatchObject([{ readyBy: Talk.now + 30 }])
    const again = follow(asked().state, [{ type: 'restarted' }, Talk.started])
    expect(again.wished).toEqual([])
  })

  test('believes no stranger that a round was opened', () => {
    const { state } = running()
    expect(ModelProvider.step(state, Talk.heard('data 1', Talk.opening), Talk.now).state).toBe(state)
  })
})

describe('a model provider that pays by contribution', () => {
  const proportional = { ...Talk.terms, plan: 'proportional' } as const
  const scored = (state: ModelProvider.State) => ({ ...state, terms: proportional })

  test('scores the model before as well, and settles with what each epoch gained', () => {
    const started = follow(scored(asked().state), [Talk.started])
    const { state } = follow(started.state, [prepared, ...said()])
    const { wished } = follow(state, [
      { type: 'ended' },
      ...commit(state),
      ...unmask(commit(state)),
      result(60, [12, 60]),
    ])
    const opening = wished.find((effect) => effect.type === 'open')
    expect(opening?.coalitions).toEqual([0, 1])
    expect(wished.at(-1)).toMatchObject({ call: { name: 'settle', utilities: [[48 * 60]] } })
  })

  test('settles with it when its time is up, too', () => {
    const started = follow(scored(asked().state), [Talk.started])
    const { state } = follow(started.state, [prepared, ...said()])
    const done = follow(state, [...commit(state), ...unmask(commit(state)), result(60, [12, 60])])
    const late = { ...done.state.ledger, deadline: Talk.now }
    const idle = { ...done.state, ledger: late, rounds: { ...done.state.rounds } }
    const { wished } = follow(idle, [{ type: 'head', time: Talk.now + 1 }])
    expect(wished.at(-1)).toMatchObject({ call: { name: 'settle', utilities: [[48 * 60]] } })
  })

  test('scores nothing where everyone weighs the same', () => {
    const { state } = opened()
    const { wished } = follow(state, [
      { type: 'ended' },
      ...commit(state),
      ...unmask(commit(state)),
      result(60),
    ])
    expect(wished.at(-1)).toMatchObject({ call: { name: 'settle', utilities: [] } })
  })
})

describe('a model provider that invites', () => {
  const invited = Talk.datas.map(({ account }) => account)
  const [alone = me.account] = invited

  test('asks nobody else', () => {
    const { wished } = follow(ModelProvider.create({ ...options, invited: [alone] }), [
      tick,
      Talk.created,
      { type: 'chosen', offers },
    ])
    expect([...slotsOf(wished).keys()]).toEqual([alone])
  })

  test('shows the market each invitation', () => {
    const { state } = frozen([first, second, first])
    const { wished } = follow({ ...state, invited }, [...acceptances((at) => at % 2), ...seatAcceptances])
    expect(wished).toMatchObject([
      {
        call: {
          acceptances: { invitations: invited.map((account) => Invitation.proof(invited, account)) },
        },
      },
    ])
  })
})

describe('a model provider whose start is refused', () => {
  const starting = () => {
    const { state } = frozen([first, second, first])
    return follow(state, [...acceptances((at) => at % 2), ...seatAcceptances]).state
  }
  const refusal = (short: readonly Address[]): Event.Event => ({
    type: 'failed',
    effect: 'start',
    reason: 'Too few compute providers have their deposit.',
    short,
  })

  test('draws the roster again without a seat whose deposit is gone', () => {
    const gone = Talk.me(second).account
    const { state } = follow(starting(), [refusal([gone])])
    expect(state.roster).toBeUndefined()
    expect(state.seats[gone]).toMatchObject({ out: true })
    expect(follow(state, [tick], Talk.now + 30).wished.map(({ id }) => id)).not.toContain('start')
  })

  test('stops trying what no other roster would mend, and says so', () => {
    let state = starting()
    for (const [at, expected] of ['start', 'start', undefined].entries()) {
      state = follow(state, [refusal([])], Talk.now + 100 * at).state
      state = follow(state, [tick], Talk.now + 100 * at + 50).state
      expect(state.outbox['start']?.id).toBe(expected)
    }
    expect(state.notes.join()).toContain('Cancel it; everything comes back.')
  })
})

describe('a model provider and proofs', () => {
  const faulted = Talk.chain({ name: 'TaskFaulted', task: Talk.task, round: 1 })
  const slashed = Talk.chain({ name: 'Slashed', task: Talk.task, round: 1, seats: 2 })

  test('settles without utilities what was faulted', () => {
    const { state } = opened()
    const events = [
      ...commit(state),
      ...unmask(commit(state)),
      result(60),
      faulted,
      { type: 'head', time: Talk.now + 1 } as const,
    ]
    expect(follow(state, events).wished.at(-1)).toMatchObject({ call: { name: 'settle', utilities: [] } })
  })

  test('claims what a slashed seat would have got', () => {
    const before = opened().state
    const { state } = follow(before, [...commit(before), ...unmask(commit(before)), result(60)])
    const time = Talk.now + 61
    const { wished } = follow(state, [settledAs(state), slashed, { type: 'head', time }], time)
    expect(wished.at(-1)).toMatchObject({ call: { name: 'claim', claims: [{ index: 4 }, { index: 5 }] } })
  })

  test('settles when too few members are left to sign', () => {
    const { state } = opened()
    const { wished } = follow(state, [...commit(state), ...unmask(commit(state)), result(60), slashed])
    expect(wished.at(-1)).toMatchObject({ id: 'exit:settle' })
  })
})
