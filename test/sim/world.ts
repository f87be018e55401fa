// Everything a run consists of: a clock, a chain, a network, the participants, and the laws that watch them.
import type { Address, Hex } from '../../protocol/codec.ts'
import * as Invitation from '../../protocol/invitation.ts'
import type * as Message from '../../protocol/message.ts'
import type * as Participant from '../../protocol/roles/participant.ts'
import * as TaskSpec from '../../protocol/taskSpec.ts'
import * as Terms from '../../protocol/terms.ts'
import * as Topic from '../../protocol/topic.ts'
import * as Blocks from './blocks.ts'
import { BreachError } from './breach.ts'
import * as Clock from './clock.ts'
import type * as Collusion from './collusion.ts'
import * as Devices from './devices.ts'
import * as Ending from './ending.ts'
import * as Executor from './executor.ts'
import * as Faults from './faults.ts'
import * as Jobs from './jobs.ts'
import * as Keys from './keys.ts'
import type * as OfJobs from './lawsOfJobs.ts'
import * as Luck from './luck.ts'
import * as Market from './market.ts'
import * as Network from './network.ts'
import * as Person from './person.ts'
import * as Role from './role.ts'
import * as Saying from './saying.ts'
import type * as Scenario from './scenario.ts'
import * as Strangers from './strangers.ts'
import * as Tally from './tally.ts'
import * as Trace from './trace.ts'
import * as Watching from './watching.ts'
import * as Work from './work.ts'

export type World = {
  readonly scenario: Scenario.Scenario
  readonly clock: Clock.Clock
  readonly luck: Luck.Luck
  readonly faults: Faults.Faults
  readonly tally: Tally.Tally
  readonly network: Network.Network
  readonly chain: Market.Chain
  readonly devices: Devices.Devices
  readonly keys: Keys.Keys
  readonly place: Topic.Place
  readonly token: Address
  readonly terms: Terms.Terms
  readonly spec: TaskSpec.TaskSpec
  /** The accounts behind `terms.invited`; empty for everyone. */
  readonly invited: readonly Address[]
  readonly task: Hex
  readonly digest: (text: string) => Hex
  readonly waiting: Work.Waiting
  readonly jobs: Jobs.Jobs
  /** Unix seconds of the newest final block. */
  readonly blockTime: () => number
  /** Adds a line to the trace, if there is one. */
  readonly note: (who: Address, what: string, round?: number) => void
  readonly carryOut: Executor.Executor
  readonly offer: (person: Person.Person, offered: Person.Offered) => void
  /** Looks at somebody after a step that counts. */
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
  /** What the market still holds for the task. */
  readonly escrow: bigint
  /** Whether a stranger had to end it because everyone had left. */
  readonly byStranger: boolean
  readonly tally: Tally.Tally
  readonly chain: Market.Chain
  /** What came of the jobs that were posted. */
  readonly jobs: readonly OfJobs.Outcome[]
  /** What the model provider was told and thinks, newest first. */
  readonly notes: readonly string[]
  /** The updates that a coalition with the model provider can read. */
  readonly bared: (coalition: Collusion.Coalition) => readonly Collusion.Published[]
}

export type Options = {
  readonly devices?: Devices.Devices
  /** The market and token that the messages of a run are about. */
  readonly site?: { readonly market: Address; readonly token: Address }
  readonly trace?: Trace.Trace
  /** The laws take even the corrupted for honest: what they do is then found as a breach. */
  readonly isBlind?: boolean
  /** Is shown the faults of the run before it begins. */
  readonly watch?: (faults: Faults.Faults) => void
}

export type Running = {
  /** Lets the next thing happen; false once the run is over. */
  readonly next: () => boolean
  readonly outcome: () => Outcome
  readonly waiting: Work.Waiting
}

export const start = 1_700_000_000
const blockSeconds = 2
/** Seconds after a deadline when somebody who took no part does what anyone may. */
const strangersAfter = 7200
/** Virtual seconds that a run goes on after its end, for secrets to be erased. */
const afterwards = 120
/** Virtual seconds after which a run that has not ended counts as stuck. */
const longest = 15_000

export function run(scenario: Scenario.Scenario, options: Options = {}): Outcome {
  const { next, outcome } = open(scenario, options)
  while (next()) continue
  return outcome()
}

/** With devices whose work takes time: the world waits for it. */
export async function play(scenario: Scenario.Scenario, options: Options): Promise<Outcome> {
  const { next, outcome, waiting } = open(scenario, options)
  do while (waiting.pending.size > 0) await Promise.all(waiting.pending)
  while (next())
  const end = outcome()
  while (waiting.pending.size > 0) await Promise.all(waiting.pending)
  return end
}

function open(scenario: Scenario.Scenario, options: Options): Running {
  const { weather, spec, seed } = scenario
  const { trace, devices = Devices.pretended(seed) } = options
  const { keys, primitives } = devices
  const { market, token } = options.site ?? { market: keys.address('market'), token: keys.address('token') }
  const clock = Clock.from(start)
  const luck = Luck.from(seed + 0x5eed, scenario.course)
  const faults = Faults.open(seed + 0xfa17 + scenario.course * 2 ** 32, weather, scenario.only)
  options.watch?.(faults)
  const tally = Tally.start()
  const waiting = Work.waiting()
  const digest = (text: string): Hex => `0x${Keys.hash(`${seed} ${text}`)}`
  const place = { chainId: 31337, market }
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
  const task = Terms.id(market, terms)
  const evil = new Set<Address>()
  const isEvil = (account: Address) => options.isBlind !== true && evil.has(account)
  const names = new Map<Address, string>([[market, 'the market']])
  const nameOf = (account: Address) => names.get(account) ?? 'a stranger'
  const note = (who: Address, what: string, round = 0): void => {
    trace?.add(clock.now(), nameOf(who), what, round)
  }
  const { recover } = keys
  const network = Network.open({
    ...{ place, recover, clock, luck, weather, faults, tally, isEvil },
    note: (message, to) => {
      if (trace !== undefined) note(message.sender, `says ${Trace.said(message)}${to}`, message.round)
    },
  })
  const chain = Market.open(place, recover, (roots) => primitives.added(roots))
  const told = (before: number): void => {
    const state = chain.task(task)
    for (const event of chain.events.slice(before)) {
      if (state === undefined) return
      if (trace !== undefined)
        note(market, Trace.told(event), event.name === 'RoundCommitted' ? event.round : 0)
      watching.told(event, state)
      if (event.name === 'TaskStarted') strangers.started(state)
      if (event.name === 'RoundCommitted') strangers.committed(state)
    }
  }
  const blocks = Blocks.open({ chain, clock, luck, faults, tally, seed, ran: told, note })
  const parts = {
    ...{ scenario, clock, luck, faults, tally, network, chain, devices, keys, place, token, terms, spec },
    ...{ invited, task, digest, waiting, jobs: Jobs.open(seed), note },
    blockTime: blocks.finalTime,
  }
  const watching = Watching.open({ ...parts, primitives, recover, blocks, isEvil, nameOf })
  const strangers = Strangers.watch(parts, {
    blocks,
    faults,
    terms,
    corrupt: (account) => evil.add(account),
  })
  const offers: Extract<Person.Offered, { readonly kind: 'dataOffer' }>[] = []
  const facing: Omit<World, 'carryOut'> = {
    ...parts,
    offer: (person, offered) => {
      if (offered.kind === 'dataOffer') offers.push(offered)
      const { kind, offer } = offered
      const draft: Message.Draft =
        kind === 'dataOffer'
          ? { kind, task: noTask, round: 0, slot: 0, body: { offer } }
          : { kind, task: noTask, round: 0, slot: 0, body: { offer } }
      network.post(Topic.market(place), Saying.seal({ place, keys }, person, draft).bytes)
    },
    observe: watching.observe,
    look: watching.look,
  }
  const world: World = { ...facing, carryOut: Executor.create({ world: facing, watching, blocks }) }
  const adversary = (kind: Person.Kind, at: number) =>
    scenario.adversaries.filter(({ by }) => by === kind)[at]
  const create = (kind: Person.Kind, name: string, at: number): Person.Person => {
    const person = Person.create(world, kind, name, adversary(kind, at))
    names.set(person.me.account, name)
    if (person.evil !== undefined) evil.add(person.me.account)
    return person
  }
  const model = create('model', 'model provider', 0)
  const datas = dataNames.map((name, at) => create('data', name, at))
  const computes = Array.from({ length: scenario.computes }, (_, at) =>
    create('compute', `compute provider ${at}`, at),
  )
  const persons = [model, ...computes, ...datas]
  let isOver = false
  let byStranger = false
  let ended: number | undefined

  function block(): void {
    blocks.next()
    const time = blocks.finalTime()
    const state = chain.task(task)
    const everyoneLeft = persons.every((person) => person.isGone())
    if (state?.escrow === 0n && (state.state === 'settled' || state.state === 'cancelled')) isOver = true
    else if (state === undefined && (everyoneLeft || time > terms.startBy)) isOver = true
    else if (state !== undefined && (everyoneLeft || isNobodys(state, time)))
      byStranger = strangers.end(state) || byStranger
    clock.in(blockSeconds, block)
  }

  /** Nobody was asked yet when the model provider left. */
  function isNobodys(state: Market.Task, time: number): boolean {
    return state.state === 'open' && time > state.deadline + strangersAfter
  }

  function whereItStands(): string {
    const state = chain.task(task)
    const left = persons.filter((person) => person.isGone()).length
    const participant: Participant.Participant | undefined = model.role()?.participant()
    const wishes = Object.keys(participant?.outbox ?? {}).join(', ')
    const notes = participant?.notes.join(' / ') ?? ''
    return `${state?.state}, escrow ${state?.escrow}, ${left} of ${persons.length} left; ${wishes}; ${notes}`
  }

  function next(): boolean {
    if (ended === undefined) {
      if (clock.now() > start + longest) throw new BreachError(`I16: the run did not end: ${whereItStands()}`)
      if (!clock.next()) throw new BreachError('I16: everything stopped before the end')
      if (isOver) ended = clock.now()
      return true
    }
    return clock.now() < ended + afterwards && clock.next()
  }

  chain.mint(model.me.account, Terms.funding(terms))
  for (const { me } of computes) if (!faults.strikes('poor')) chain.mint(me.account, terms.computeBond)
  for (const person of persons) person.begin()
  clock.in(blockSeconds, block)
  const isImpatient = luck.odds(0.5)
  const freezesAt = luck.between(100, 300)
  const choose = (): void => {
    if (model.isGone() || isOver) return
    const { state } = Role.ledgerOf(model.role())
    if (state === 'open') model.wish({ type: 'chosen', offers: offers.map(({ offer }) => offer) })
    if (state === 'open' && isImpatient && clock.now() > start + freezesAt) model.wish({ type: 'frozen' })
    if (state === 'none' || state === 'open') clock.in(10, choose)
  }
  clock.in(10, choose)

  return {
    waiting,
    next,
    outcome: () => ({
      ...Ending.look(world, watching, persons),
      seconds: Math.round((ended ?? clock.now()) - start),
      byStranger,
      notes: model.role()?.participant().notes ?? [],
    }),
  }
}

const noTask: Hex = `0x${'00'.repeat(32)}`
