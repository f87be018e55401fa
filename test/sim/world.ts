// Everything a run consists of: a clock, a chain, a network, the participants, and the laws that watch them.
import type { Address, Hex } from '../../protocol/codec.ts'
import * as Invitation from '../../protocol/invitation.ts'
import * as Message from '../../protocol/message.ts'
import * as Once from '../../protocol/once.ts'
import * as Payout from '../../protocol/payout.ts'
import * as DataProvider from '../../protocol/roles/dataProvider.ts'
import type * as Effect from '../../protocol/roles/effect.ts'
import type * as Event from '../../protocol/roles/event.ts'
import * as Ledger from '../../protocol/roles/ledger.ts'
import * as TaskSpec from '../../protocol/taskSpec.ts'
import * as Terms from '../../protocol/terms.ts'
import * as Topic from '../../protocol/topic.ts'
import * as Clock from './clock.ts'
import * as Keys from './keys.ts'
import * as Laws from './laws.ts'
import * as Luck from './luck.ts'
import * as Market from './market.ts'
import * as Network from './network.ts'
import * as Person from './person.ts'
import type * as Scenario from './scenario.ts'
import * as Tally from './tally.ts'
import * as Work from './work.ts'

export type World = {
  readonly scenario: Scenario.Scenario
  readonly clock: Clock.Clock
  readonly luck: Luck.Luck
  readonly tally: Tally.Tally
  readonly network: Network.Network
  readonly chain: Market.Chain
  readonly keys: Keys.Keys
  readonly place: Topic.Place
  readonly token: Address
  readonly terms: Terms.Terms
  readonly spec: TaskSpec.TaskSpec
  /** The accounts behind `terms.invited`; empty for everyone. */
  readonly invited: readonly Address[]
  readonly task: Hex
  readonly digest: (text: string) => Hex
  /** Unix seconds of the newest block. */
  readonly blockTime: () => number
  /** Carries out an effect while `isCurrent`; `'again'` asks for another attempt. */
  readonly carryOut: (
    person: Person.Person,
    effect: Effect.Effect,
    isCurrent: () => boolean,
    done: (result: Event.Result | 'again') => void,
  ) => void
  readonly offer: (person: Person.Person, offered: Person.Offered) => void
  readonly observe: (person: Person.Person) => void
}

export type Outcome = {
  readonly scenario: Scenario.Scenario
  readonly state: 'settled' | 'cancelled' | 'never created'
  /** Virtual seconds. */
  readonly seconds: number
  readonly committed: number
  readonly aborted: number
  readonly enrolled: number
  /** Whether a stranger had to end it because everyone had left. */
  readonly byStranger: boolean
  readonly tally: Tally.Tally
  readonly chain: Market.Chain
}

/** The market and token that the messages of a run are about. */
export type Site = { readonly market: Address; readonly token: Address }

export const start = 1_700_000_000
const blockSeconds = 2
/** Seconds after a deadline when somebody who took no part does what anyone may. */
const strangersAfter = 7200
/** Virtual seconds after which a run that has not ended counts as stuck. */
const longest = 15_000

export function run(
  scenario: Scenario.Scenario,
  keys: Keys.Keys = Keys.pretended(),
  site: Site = { market: keys.address('market'), token: keys.address('token') },
): Outcome {
  const { weather, spec } = scenario
  const clock = Clock.from(start)
  const luck = Luck.from(scenario.seed + 0x5eed)
  const tally = Tally.start()
  const digest = (text: string): Hex => `0x${Keys.hash(`${scenario.seed} ${text}`)}`
  const { token } = site
  const place = { chainId: 31337, market: site.market }
  const dataNames = Array.from({ length: scenario.datas }, (_, i) => `data provider ${i}`)
  const invited =
    scenario.invited < 1 ? dataNames.filter(() => luck.odds(scenario.invited)).map(keys.address) : []
  const terms: Terms.Terms = {
    ...scenario.terms,
    invited: invited.length === 0 ? Terms.noHash : Invitation.root(invited),
    token,
    modelProvider: keys.address('model provider'),
    opener: keys.address("model provider's device"),
    specHash: TaskSpec.hash(spec),
    startBy: start + scenario.startWithin,
  }
  const task = Terms.id(place.market, terms)
  const network = Network.open({ place, recover: keys.recover, clock, luck, weather, tally })
  const chain = Market.open(place, keys.recover)
  const work = Work.open()
  const laws = Laws.watch(work)
  const pool: {
    readonly from: Address
    readonly call: Market.Call
    readonly done: (refusal: string) => void
  }[] = []
  const offers: Extract<Person.Offered, { readonly kind: 'dataOffer' }>[] = []
  const roundsOpened = new Set<number>()
  let blocks = 0
  let isOver = false
  let byStranger = false

  function sealed(
    person: Person.Person,
    draft: Message.Draft,
  ): { readonly bytes: Uint8Array; readonly once: Hex | undefined } {
    const { account, device } = person.me
    const asked = Message.toCountersign(place, draft)
    const countersignature = asked === undefined ? '0x' : keys.sign(account, asked)
    const { digest: signed, statement, finish } = Message.compose(place, account, draft, countersignature)
    const once = statement === undefined ? undefined : keys.sign(device, statement)
    return { bytes: finish(keys.sign(device, signed), once), once }
  }

  function carryOut(
    person: Person.Person,
    effect: Effect.Effect,
    isCurrent: () => boolean,
    done: (result: Event.Result | 'again') => void,
  ): void {
    const { id } = effect
    const after = (low: number, high: number, happens: () => void) => {
      clock.in(luck.between(low, high), () => {
        if (isCurrent()) happens()
      })
    }
    switch (effect.type) {
      case 'send':
        after(0.05, 0.5, () => {
          if (luck.odds(weather.postFails)) {
            tally.fault('post failed')
            done('again')
            return
          }
          const { bytes, once } = sealed(person, effect.draft)
          network.post(effect.topic, bytes)
          if (effect.draft.kind === 'roundOpened') roundsOpened.add(effect.draft.round)
          after(0.05, 0.5, () => {
            done({ type: 'sent', effect: id, once })
          })
        })
        return
      case 'submit':
        after(0.1, 1, () => {
          if (luck.odds(weather.chainFails)) {
            tally.fault('chain did not answer')
            done('again')
            return
          }
          pool.push({
            from: person.me.account,
            call: effect.call,
            done: (refusal) => {
              if (refusal === '') done({ type: 'submitted', effect: id })
              else {
                tally.fault(`refused: ${refusal}`)
                done({ type: 'failed', effect: id, reason: refusal, short: shortOf(effect.call) })
              }
            },
          })
        })
        return
      case 'contribute': {
        const isSlow = luck.odds(weather.slow)
        if (isSlow) tally.fault('training was slow')
        after(3, isSlow ? 110 : 25, () => {
          const { datas } = ledgerOf(person)
          const provider = Ledger.seatOf(datas, person.me.account) ?? -1
          const about = `${effect.round} ${effect.opened} ${effect.cohorts} ${effect.modelHash}`
          const { cid, root } = work.contribute(provider, datas.length, about)
          laws.contributed(provider, effect.round, about, root)
          done({ type: 'contributed', effect: id, cid, ciphertextRoot: root, byteLength: terms.words * 32 })
        })
        return
      }
      case 'check':
        after(0.1, 2, () => {
          const { cid, ciphertextRoot, signature } = effect.input
          const statement = Once.digest(place, task, 'update', effect.round, ciphertextRoot)
          if (work.rootOf(cid) !== ciphertextRoot)
            done({ type: 'checked', effect: id, fault: 'another root' })
          else if (keys.recover(statement, signature) !== effect.device)
            done({ type: 'checked', effect: id, fault: 'another signer' })
          else done({ type: 'checked', effect: id, fault: '' })
        })
        return
      case 'aggregate':
      case 'recompute':
        after(0.5, 5, () => {
          done({ type: 'aggregated', effect: id, sums: effect.cohorts.map((cohort) => work.add(cohort)) })
        })
        return
      case 'prepare':
        after(0.5, 3, () => {
          const cid = work.contribute(0, 1, `model ${effect.round}`).cid
          const modelHash = digest(`model ${effect.round}`)
          const correct = effect.scored ? 250 : undefined
          done({ type: 'prepared', effect: id, modelHash, model: cid, publicKey: cid, correct })
        })
        return
      case 'open':
        after(0.5, 3, () => {
          for (const { cid, root } of effect.cohorts) {
            if (work.rootOf(cid) !== root)
              throw new Laws.BreachError('I8: a sum under another root was opened')
            laws.opened(effect.round, work.values(cid))
          }
          const correct = Math.min(1000, 300 + 150 * effect.round)
          const nextModelHash = digest(`model after ${effect.round}`)
          done({
            type: 'opened',
            effect: id,
            sumDigests: [nextModelHash],
            nextModelHash,
            correct,
            total: 1000,
          })
        })
        return
      default:
        effect satisfies never
    }
  }

  /** Compute providers of a start whose deposit does not cover the bond. */
  function shortOf(call: Effect.Call): readonly Address[] {
    if (call.name !== 'start') return []
    const accounts = call.parties.computes.map(({ account }) => account)
    return accounts.filter((account) => (chain.deposits.get(account) ?? 0n) < terms.computeBond)
  }

  /** Somebody shows that one key said two things about one round: again later where it is too early. */
  function accuse(state: Market.Task, seat: number | undefined): void {
    const key = seat === undefined ? terms.opener : state.computes[seat]?.device
    const kind = seat === undefined ? 'opening' : 'record'
    const round = luck.whole(1, terms.maxRounds)
    const say = (text: string) => {
      const statement = digest(`${text} by ${key}`)
      const signature = keys.sign(key ?? terms.opener, Once.digest(place, task, kind, round, statement))
      return { statement, signature }
    }
    const { computes, datas } = state
    const statements = [say('one'), say('another')] as const
    const call = { name: 'prove', terms, computes, datas, round, seat, statements } as const
    clock.in(luck.between(20, 400), () => {
      pool.push({
        from: keys.address('stranger'),
        call,
        done: (refusal) => {
          tally.fault(refusal === '' ? `two ${kind}s shown` : `refused: ${refusal}`)
          if (refusal === 'NoRounds') accuse(state, seat)
        },
      })
    })
  }

  function ledgerOf(person: Person.Person): Ledger.Ledger {
    return person.role()?.participant().ledger ?? Ledger.empty
  }

  function block(): void {
    blocks += 1
    const time = Math.floor(clock.now())
    for (const { from, call, done } of pool.splice(0)) {
      const before = chain.events.length
      let refusal = ''
      try {
        chain.run(from, call, blocks, time)
      } catch (thrown) {
        if (!(thrown instanceof Market.RefusedError)) throw thrown
        refusal = thrown.message
      }
      const state = chain.task(task)
      for (const event of chain.events.slice(before)) {
        if (event.name === 'RoundCommitted' && state !== undefined) laws.committed(event, state)
        if (event.name === 'TaskSettled' && state !== undefined) laws.settled(state)
        if (event.name === 'TaskStarted' && state !== undefined) {
          if (luck.odds(weather.twoOpenings)) accuse(state, undefined)
          state.computes.forEach((_, seat) => {
            if (luck.odds(weather.twoRecords)) accuse(state, seat)
          })
        }
      }
      clock.in(luck.between(0.1, 1), () => {
        done(refusal)
      })
    }
    const state = chain.task(task)
    const everyoneLeft = persons.every((person) => person.isGone())
    if (state?.escrow === 0n && (state.state === 'settled' || state.state === 'cancelled')) isOver = true
    else if (state === undefined && (everyoneLeft || time > terms.startBy)) isOver = true
    else if (state !== undefined && (everyoneLeft || isNobodys(state, time))) endAsStranger(state)
    if (!isOver) clock.in(blockSeconds, block)
  }

  /** Nobody was asked yet when the model provider left. */
  function isNobodys(state: Market.Task, time: number): boolean {
    return state.state === 'open' && time > state.deadline + strangersAfter
  }

  /** What anyone may do for a task that everybody left. */
  function endAsStranger(state: Market.Task): void {
    if (clock.now() <= state.deadline) return
    byStranger = true
    const { computes, datas, rounds, payout } = state
    const from = keys.address('stranger')
    const call = ((): Effect.Call => {
      if (state.state === 'open') return { name: 'cancel', terms }
      if (state.state === 'running' && rounds.length === 0) return { name: 'expire', terms, computes, datas }
      if (state.state === 'running' || state.state === 'faulted')
        return { name: 'settle', terms, parties: { computes, datas }, rounds, utilities: [] }
      const due = payout?.leaves.filter(
        ({ index, amount }) => amount > 0n && !((state.claimed >> BigInt(index)) & 1n),
      )
      const indices = (due ?? []).map(({ index }) => index)
      return { name: 'claim', terms, claims: Payout.claims(token, payout?.leaves ?? [], indices) }
    })()
    pool.push({ from, call, done: () => undefined })
  }

  const world: World = {
    scenario,
    clock,
    luck,
    tally,
    network,
    chain,
    keys,
    place,
    token,
    terms,
    spec,
    invited,
    task,
    digest,
    blockTime: () =>
      start + Math.floor((Math.floor(clock.now()) - start) / blockSeconds) * blockSeconds - blockSeconds,
    carryOut,
    offer: (person, offered) => {
      if (offered.kind === 'dataOffer') offers.push(offered)
      const { kind, offer } = offered
      const draft: Message.Draft =
        kind === 'dataOffer'
          ? { kind, task: noTask, round: 0, slot: 0, body: { offer } }
          : { kind, task: noTask, round: 0, slot: 0, body: { offer } }
      network.post(Topic.market(place), sealed(person, draft).bytes)
    },
    observe: (person) => {
      if (person.kind === 'data') observeReceipts(person)
    },
  }

  function observeReceipts(person: Person.Person): void {
    const state = person.role()?.participant()
    if (state === undefined || !isDataProvider(state) || state.ledger.state !== 'running') return
    const provider = Ledger.seatOf(state.ledger.datas, state.me.account)
    for (const round of Object.values(state.rounds))
      if (provider !== undefined && DataProvider.isKept(state, round)) laws.promised(provider, round.round)
  }

  const model = Person.create(world, 'model', 'model provider')
  const datas = dataNames.map((name) => Person.create(world, 'data', name))
  const computes = Array.from({ length: scenario.computes }, (_, i) =>
    Person.create(world, 'compute', `compute provider ${i}`),
  )
  const persons = [model, ...computes, ...datas]
  chain.mint(model.me.account, Terms.funding(terms))
  for (const { me } of computes) if (!luck.odds(weather.poor)) chain.mint(me.account, terms.computeBond)
  for (const person of persons) person.begin()
  clock.in(blockSeconds, block)
  const isImpatient = luck.odds(0.5)
  const freezesAt = luck.between(100, 300)
  const choose = (): void => {
    if (model.isGone() || isOver) return
    const { state } = ledgerOf(model)
    if (state === 'open') model.wish({ type: 'chosen', offers: offers.map(({ offer }) => offer) })
    if (state === 'open' && isImpatient && clock.now() > start + freezesAt) model.wish({ type: 'frozen' })
    if (state === 'none' || state === 'open') clock.in(10, choose)
  }
  clock.in(10, choose)

  while (!isOver) {
    if (clock.now() > start + longest)
      throw new Laws.BreachError(`I16: the run did not end: ${whereItStands()}`)
    if (!clock.next()) throw new Laws.BreachError('I16: everything stopped before the end')
  }

  function whereItStands(): string {
    const state = chain.task(task)
    const left = persons.filter((person) => person.isGone()).length
    const notes = model.role()?.participant().notes.join(' / ') ?? ''
    const wishes = Object.keys(model.role()?.outbox() ?? {}).join(', ')
    return `${state?.state}, escrow ${state?.escrow}, ${left} of ${persons.length} left; ${wishes}; ${notes}`
  }

  const state = chain.task(task)
  const committed = state?.rounds.length ?? 0
  return {
    scenario,
    state: state === undefined ? 'never created' : state.state === 'settled' ? 'settled' : 'cancelled',
    seconds: Math.round(clock.now() - start),
    committed,
    aborted: roundsOpened.size - committed,
    enrolled: state?.datas.length ?? 0,
    byStranger,
    tally,
    chain,
  }
}

const noTask: Hex = `0x${'00'.repeat(32)}`

function isDataProvider(state: object): state is DataProvider.State {
  return 'role' in state && state.role === 'data'
}
