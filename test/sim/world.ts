// Everything a run consists of: a clock, a chain, a network, the participants, and the laws that watch them.
import type { Address, Hex } from '../../protocol/codec.ts'
import * as Invitation from '../../protocol/invitation.ts'
import type * as Message from '../../protocol/message.ts'
import * as Once from '../../protocol/once.ts'
import * as Payout from '../../protocol/payout.ts'
import * as DataProvider from '../../protocol/roles/dataProvider.ts'
import type * as Effect from '../../protocol/roles/effect.ts'
import * as Ledger from '../../protocol/roles/ledger.ts'
import type * as ModelProvider from '../../protocol/roles/modelProvider.ts'
import * as TaskSpec from '../../protocol/taskSpec.ts'
import * as Terms from '../../protocol/terms.ts'
import * as Topic from '../../protocol/topic.ts'
import * as Blocks from './blocks.ts'
import * as Clock from './clock.ts'
import * as Collusion from './collusion.ts'
import * as Executor from './executor.ts'
import * as Keys from './keys.ts'
import * as Laws from './laws.ts'
import * as Luck from './luck.ts'
import * as Market from './market.ts'
import * as Network from './network.ts'
import * as Person from './person.ts'
import * as Primitives from './primitives.ts'
import type * as Scenario from './scenario.ts'
import * as Tally from './tally.ts'

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
  readonly primitives: Primitives.Primitives
  /** Unix seconds of the newest final block. */
  readonly blockTime: () => number
  readonly carryOut: Executor.Executor
  readonly offer: (person: Person.Person, offered: Person.Offered) => void
  readonly observe: (person: Person.Person) => void
  /** Looks at somebody every few seconds. */
  readonly look: (person: Person.Person) => void
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
  /** What the model provider was told and thinks, newest first. */
  readonly notes: readonly string[]
  /** The updates that a coalition with the model provider can read. */
  readonly bared: (coalition: Collusion.Coalition) => readonly Collusion.Published[]
}

/** The market and token that the messages of a run are about. */
export type Site = { readonly market: Address; readonly token: Address }

export const start = 1_700_000_000
const blockSeconds = 2
/** Seconds after a deadline when somebody who took no part does what anyone may. */
const strangersAfter = 7200
/** Virtual seconds that a run goes on after its end, for secrets to be erased. */
const afterwards = 120
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
  const liars = new Set<Address>()
  const isEvil = (account: Address) =>
    liars.has(account) || persons.some(({ me, evil }) => me.account === account && evil !== undefined)
  const network = Network.open({ place, recover: keys.recover, clock, luck, weather, tally, isEvil })
  const primitives = Primitives.open(scenario.seed)
  const chain = Market.open(place, keys.recover, (roots) => primitives.added(roots))
  const blocks = Blocks.open({ chain, clock, luck, weather, tally, seed: scenario.seed, ran: told })
  const laws = Laws.watch({
    task,
    spec,
    isEvil,
    header: blocks.header,
    heard: network.heard,
    isPublished: (cid) => primitives.fetch(cid) !== undefined,
  })
  const persons: Person.Person[] = []
  const offers: Extract<Person.Offered, { readonly kind: 'dataOffer' }>[] = []
  const roundsOpened = new Set<number>()
  const published: Collusion.Published[] = []
  let isOver = false
  let byStranger = false

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
      if (seat !== undefined) liars.add(state.computes[seat]?.account ?? '0x')
      blocks.submit({
        from: keys.address('stranger'),
        call,
        done: (refusal) => {
          tally.fault(refusal === '' ? `two ${kind}s shown` : `refused: ${refusal}`)
          if (refusal === 'NoRounds') accuse(state, seat)
        },
      })
    })
  }

  /** Looks at what a transaction told. */
  function told(before: number): void {
    const state = chain.task(task)
    if (state === undefined) return
    for (const event of chain.events.slice(before)) {
      if (event.name === 'RoundCommitted') laws.committed(event, state)
      if (event.name === 'TaskSettled') laws.settled(state)
      if (event.name === 'Slashed') laws.slashed(event.seats, state)
      if (event.name !== 'TaskStarted') continue
      laws.started(event.block, state)
      if (luck.odds(weather.twoOpenings)) accuse(state, undefined)
      state.computes.forEach((_, seat) => {
        if (luck.odds(weather.twoRecords)) accuse(state, seat)
      })
      if (luck.odds(weather.frames)) frame(state)
    }
  }

  /** A7: statements of one key shown as another's. */
  function frame(state: Market.Task): void {
    const seat = luck.whole(0, state.computes.length - 1)
    const statements = ['one', 'another'].map((text) => {
      const statement = digest(text)
      const asked = Once.digest(place, task, 'record', 1, statement)
      return { statement, signature: keys.sign(keys.address('stranger'), asked) }
    })
    const [one, another] = statements
    if (one === undefined || another === undefined) return
    const { computes, datas } = state
    tally.adversary('A7 framing: showed statements of another key')
    const call = {
      name: 'prove',
      terms,
      computes,
      datas,
      round: 1,
      seat,
      statements: [one, another],
    } as const
    clock.in(luck.between(20, 400), () => {
      blocks.submit({ from: keys.address('stranger'), call, done: () => undefined })
    })
  }

  function block(): void {
    blocks.next()
    const time = blocks.finalTime()
    const state = chain.task(task)
    const everyoneLeft = persons.every((person) => person.isGone())
    if (state?.escrow === 0n && (state.state === 'settled' || state.state === 'cancelled')) isOver = true
    else if (state === undefined && (everyoneLeft || time > terms.startBy)) isOver = true
    else if (state !== undefined && (everyoneLeft || isNobodys(state, time))) endAsStranger(state)
    clock.in(blockSeconds, block)
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
    blocks.submit({ from, call, done: () => undefined })
  }

  const parts = {
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
    primitives,
    blockTime: blocks.finalTime,
    offer: (person: Person.Person, offered: Person.Offered) => {
      if (offered.kind === 'dataOffer') offers.push(offered)
      const { kind, offer } = offered
      const draft: Message.Draft =
        kind === 'dataOffer'
          ? { kind, task: noTask, round: 0, slot: 0, body: { offer } }
          : { kind, task: noTask, round: 0, slot: 0, body: { offer } }
      network.post(Topic.market(place), Executor.seal({ place, keys }, person, draft).bytes)
    },
    observe: (person: Person.Person) => {
      if (person.kind === 'data') observeReceipts(person)
    },
    look: (person: Person.Person) => {
      const state = person.role()?.participant()
      if (state !== undefined && person.evil === undefined && isModelProvider(state))
        laws.convicted(Object.keys(state.convicted).map(asAddress))
    },
  }
  const tools = { world: parts, laws, primitives, blocks, roundsOpened, published }
  const world: World = { ...parts, carryOut: Executor.create(tools) }

  function observeReceipts(person: Person.Person): void {
    const state = person.role()?.participant()
    if (state === undefined || !isDataProvider(state) || state.ledger.state !== 'running') return
    for (const round of Object.values(state.rounds)) {
      if (!DataProvider.isKept(state, round)) continue
      const keepers = round.receipts.filter((seat) => Ledger.counts(state.ledger, seat))
      laws.promised(state.me.account, round.round, keepers)
    }
  }

  const evil = (kind: Person.Kind, at: number) => scenario.adversaries.filter(({ by }) => by === kind)[at]
  const model = Person.create(world, 'model', 'model provider', evil('model', 0))
  const datas = dataNames.map((name, at) => Person.create(world, 'data', name, evil('data', at)))
  const computes = Array.from({ length: scenario.computes }, (_, i) =>
    Person.create(world, 'compute', `compute provider ${i}`, evil('compute', i)),
  )
  persons.push(model, ...computes, ...datas)
  chain.mint(model.me.account, Terms.funding(terms))
  for (const { me } of computes) if (!luck.odds(weather.poor)) chain.mint(me.account, terms.computeBond)
  for (const person of persons) person.begin()
  clock.in(blockSeconds, block)
  const isImpatient = luck.odds(0.5)
  const freezesAt = luck.between(100, 300)
  const choose = (): void => {
    if (model.isGone() || isOver) return
    const { state } = Executor.ledgerOf(model)
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
  const ended = clock.now()
  const bared = (coalition: Collusion.Coalition): readonly Collusion.Published[] => {
    const { computes: members = [], datas: providers = [] } = chain.task(task) ?? {}
    return Collusion.bared(
      {
        threshold: terms.threshold,
        published,
        heard: network.heard,
        records: new Map(
          chain.events.flatMap((event) =>
            event.name === 'RoundCommitted' ? [[event.round, event.record] as const] : [],
          ),
        ),
        datas: providers.map(({ account }) => account),
        computes: members.map(({ account }) => account),
      },
      coalition,
    )
  }
  laws.bared(bared(coalitionOf(chain.task(task))))

  /** Everybody who was corrupted, unless there are enough to do as they like. */
  function coalitionOf(of: Market.Task | undefined): Collusion.Coalition {
    const seats = (of?.computes ?? []).flatMap(({ account }, seat) => (isEvil(account) ? [seat] : []))
    const providers = (of?.datas ?? []).flatMap(({ account }) => (isEvil(account) ? [account] : []))
    return { members: new Set(seats.slice(0, terms.threshold - 1)), providers: new Set(providers) }
  }
  while (clock.now() < ended + afterwards && clock.next()) continue
  for (const person of persons) atTheEnd(person)

  /** Whoever saw the end has counted what was opened, and has no secrets left. */
  function atTheEnd(person: Person.Person): void {
    const state = person.role()?.participant()
    if (state === undefined || !person.isOnline() || person.evil !== undefined) return
    const { ledger } = state
    const sawTheEnd =
      ledger.state === 'cancelled' || (ledger.state === 'settled' && ledger.head > ledger.deadline)
    const isErasing = Object.values(state.outbox).some(({ type }) => type === 'forget')
    if (sawTheEnd && !isErasing) laws.left(person.me.account, person.vault.count())
    if (person.kind !== 'data' || !sawTheEnd) return
    laws.ended(person.me.account, person.vault.spent())
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
    seconds: Math.round(ended - start),
    committed,
    aborted: roundsOpened.size - committed,
    enrolled: state?.datas.length ?? 0,
    byStranger,
    tally,
    chain,
    bared,
    notes: model.role()?.participant().notes ?? [],
  }
}

const noTask: Hex = `0x${'00'.repeat(32)}`

function isDataProvider(state: object): state is DataProvider.State {
  return 'role' in state && state.role === 'data'
}

function isModelProvider(state: object): state is ModelProvider.State {
  return 'role' in state && state.role === 'model'
}

function asAddress(text: string): Address {
  return `0x${text.slice(2)}`
}
