// One participant's device: runs its role as the app does, goes down and comes back, and sometimes leaves for good.
import type { Address } from '../../protocol/codec.ts'
import * as Message from '../../protocol/message.ts'
import type * as Offer from '../../protocol/offer.ts'
import * as ComputeProvider from '../../protocol/roles/computeProvider.ts'
import * as DataProvider from '../../protocol/roles/dataProvider.ts'
import type * as Effect from '../../protocol/roles/effect.ts'
import type * as Event from '../../protocol/roles/event.ts'
import * as ModelProvider from '../../protocol/roles/modelProvider.ts'
import * as Topic from '../../protocol/topic.ts'
import type { Adversary } from './adversaries/adversary.ts'
import { BreachError } from './breach.ts'
import * as Lies from './lies.ts'
import * as Network from './network.ts'
import * as Offers from './offers.ts'
import * as Role from './role.ts'
import type * as Vault from './vault.ts'
import type { World } from './world.ts'

export type Kind = 'data' | 'compute' | 'model'

export type Person = {
  readonly me: Event.Me
  readonly kind: Kind
  readonly vault: Vault.Vault
  /** Who has corrupted it. */
  readonly evil: Adversary | undefined
  readonly role: () => Role.Role | undefined
  readonly isGone: () => boolean
  readonly isOnline: () => boolean
  /** Goes down at once. */
  readonly crash: () => void
  /** Begins to live: offers, listens, ticks. */
  readonly begin: () => void
  readonly wish: (event: Event.Wish) => void
}

/** Seconds between looks at the clock, the chain and the relay's history. */
const tickEvery = 4
const syncEvery = 12

export function create(world: World, kind: Kind, name: string, evil: Adversary | undefined): Person {
  const { clock, luck, faults, network, chain, place, scenario, tally, keys, devices } = world
  const { weather } = scenario
  const account = keys.address(name)
  const me = {
    account,
    device: keys.address(`${name}'s device`),
    box: devices.box(name),
    payee: account,
  }
  const skew = luck.between(-weather.skew, weather.skew)
  const isSilent = faults.strikes('silent')
  const consent = !isSilent && !faults.strikes('decline')
  const rules = { consent, claim: true }
  const dataOffer = Offers.ofData(world, me, name)
  const computeOffer = Offers.ofCompute(world, me)

  let role: Role.Role | undefined
  let isOnline = true
  let isGone = false
  /** Crashes around the next write. */
  let isDoomed = false
  let life = 0
  let running = new Map<string, number>()
  let attempts = 0
  let seen = new Map<string, Set<number>>()
  let synced = new Map<string, number>()
  let told = 0
  const computes = new Map<Address, Offer.ComputeOffer>()

  const now = () => Math.floor(clock.now() + skew)

  function deliver(event: Event.Event): void {
    if (role === undefined || !isOnline) return
    tally.step()
    const fails = isDoomed && event.type !== 'head'
    const store = !fails || luck.odds(0.5)
    if (fails) isDoomed = false
    const effects = role.deliver(event, now(), store)
    if (fails) {
      tally.fault(store ? 'crash after the write' : 'crash before the write')
      world.note(account, `crashes ${store ? 'after' : 'before'} it has written a step on ${event.type}`)
      goDown(luck.between(1, weather.downFor))
      return
    }
    for (const effect of effects) launch(effect)
    for (const id of running.keys()) if (!role.wishes(id)) running.delete(id)
    if (kind === 'data' && event.type === 'message' && event.message.kind === 'receipt') world.observe(person)
  }

  function goDown(seconds: number): void {
    isOnline = false
    life += 1
    running = new Map()
    clock.in(seconds, () => {
      if (isGone) return
      isOnline = true
      if (role === undefined) return
      const wishes = role.reload()
      seen = new Map()
      synced = new Map()
      told = 0
      for (const effect of wishes) launch(effect)
      deliver({ type: 'restarted' })
      clock.in(luck.between(0.5, 3), sync)
    })
  }

  function takeBack(): void {
    tally.fault('deposit taken back')
    deliver({ type: 'withdrawn' })
  }

  function leave(): void {
    tally.fault(`${kind} provider left`)
    world.note(account, 'leaves for good')
    isOnline = false
    isGone = true
    life += 1
  }

  function launch(effect: Effect.Effect): void {
    const attempt = (attempts += 1)
    running.set(effect.id, attempt)
    run(effect, attempt, 1)
  }

  function run(effect: Effect.Effect, attempt: number, count: number): void {
    const born = life
    const isCurrent = () => life === born && running.get(effect.id) === attempt
    world.carryOut(person, effect, isCurrent, (result) => {
      if (!isCurrent()) return
      if (result === 'again') {
        clock.in(Math.min(30, 2 ** count), () => {
          if (isCurrent()) run(effect, attempt, count + 1)
        })
        return
      }
      running.delete(effect.id)
      deliver(result)
    })
  }

  function hear(topic: string, cursor: number, message: Message.Message): void {
    if (!isOnline) return
    if (cursor !== Network.noCursor) {
      const before = seen.get(topic) ?? new Set()
      seen.set(topic, before)
      if (before.has(cursor)) return
      before.add(cursor)
    }
    if (message.kind === 'encryptedUpdate' && isDeafTo(message.sender)) return
    if (message.kind === 'roundOpened') mayDoze(message.body)
    if (message.kind === 'computeOffer') computes.set(message.sender, message.body.offer)
    if (role === undefined) invited(message)
    else deliver({ type: 'message', message })
  }

  /** Goes away at some step of the round, until it is over. */
  function mayDoze({ readyBy, closes }: Message.Of<'roundOpened'>['body']): void {
    const { ready, update } = scenario.spec.timeouts
    if (kind !== 'data' || clock.now() > readyBy || !faults.strikes('dozes')) return
    const at = luck.between(readyBy - ready, readyBy + update)
    clock.in(at - clock.now(), () => {
      if (!isOnline) return
      tally.fault('data provider left for a round')
      world.note(account, 'goes away until the round is over')
      goDown(closes - clock.now())
    })
  }

  function isDeafTo(sender: Address): boolean {
    return faults.befalls('deaf', `${account} to ${sender}`)
  }

  function invited(message: Message.Message): void {
    if (message.kind !== 'request' || message.body.to !== account || message.task !== world.task) return
    const { terms, spec } = world
    const options = { me, rules, place, id: message.task, terms, spec, request: message }
    if (kind === 'data') {
      const state = DataProvider.create(
        {
          ...options,
          offer: dataOffer,
          computes: [...computes.values()],
          records: Offers.recordsOf(world, computes.keys()),
        },
        now(),
      )
      role = Role.hold(DataProvider, state, isProbed)
    } else if (kind === 'compute') {
      role = Role.hold(
        ComputeProvider,
        ComputeProvider.create({ ...options, offer: computeOffer }, now()),
        isProbed,
      )
    }
    for (const effect of Object.values(role?.outbox() ?? {})) launch(effect)
    synced = new Map()
    seen = new Map()
    if (!consent && !isSilent) clock.in(luck.between(5, 60), answer)
  }

  function answer(): void {
    const compute = luck.odds(0.5) && computes.size > 0 ? luck.pick([...computes.keys()]) : undefined
    deliver(luck.odds(0.5) ? { type: 'declined' } : { type: 'consented', compute })
  }

  const isProbed = () => luck.odds(0.0005)

  function sync(): void {
    if (!isOnline || faults.strikes('postFails')) return
    const topics = [Topic.market(place), ...(role === undefined ? [] : [Topic.task(place, world.task)])]
    for (const topic of topics) {
      const from = synced.get(topic) ?? 0
      const { messages, next } = network.history(topic, from, account)
      synced.set(topic, next)
      for (const { cursor, message } of messages) if (synced.get(topic) === next) hear(topic, cursor, message)
    }
  }

  /** A head is told only after every event up to it was stored; false when the chain does not answer. */
  function follow(): boolean {
    if (role === undefined || faults.strikes('chainLag')) return false
    if (faults.strikes('endpointsDisagree')) {
      const lie = Lies.tell(world)
      if (lie !== undefined) tally.adversary('A5 lying endpoint: told of a commit that never was')
      tally.fault(scenario.endpoints > 1 ? 'endpoints disagreed' : 'an endpoint lied')
      if (scenario.endpoints > 1 || lie === undefined) return false
      deliver({ type: 'chain', event: lie })
    }
    const head = world.blockTime()
    while (isOnline && told < chain.events.length) {
      const event = chain.events[told]
      if (event === undefined || event.time > head) break
      told += 1
      deliver({ type: 'chain', event })
    }
    if (isOnline) deliver({ type: 'head', time: head })
    return true
  }

  /** What a role wishes for is being carried out as long as its device is up. */
  function assertCared(): void {
    if (!isOnline || role === undefined) return
    const forgotten = Object.keys(role.outbox()).find((id) => !running.has(id))
    if (forgotten !== undefined) throw new BreachError(`I16: nobody carries out ${forgotten}`)
  }

  function tick(): void {
    if (isGone) return
    assertCared()
    if (faults.strikes('crash', tickEvery / 3600)) isDoomed = true
    if (isOnline && !follow()) deliver({ type: 'tick' })
    world.look(person)
    clock.in(tickEvery * luck.between(0.7, 1.3), tick)
  }

  function begin(): void {
    network.join({ account, hear })
    if (kind === 'model') {
      const { task: id, terms, spec, invited } = world
      const state = ModelProvider.create({ me, rules, place, id, terms, spec, computes: [], invited })
      role = Role.hold(ModelProvider, state, isProbed)
    } else
      world.offer(
        person,
        kind === 'data'
          ? { kind: 'dataOffer', offer: dataOffer }
          : { kind: 'computeOffer', offer: computeOffer },
      )
    const leaves = { data: 'datasLeave', compute: 'computesLeave', model: 'modelLeaves' } as const
    if (faults.strikes(leaves[kind])) clock.in(luck.between(30, 700), leave)
    if (kind === 'compute' && faults.strikes('fickle')) clock.in(luck.between(60, 500), takeBack)
    clock.in(luck.between(0, tickEvery), tick)
    const again = (): void => {
      sync()
      if (!isGone) clock.in(syncEvery * luck.between(0.7, 1.3), again)
    }
    clock.in(luck.between(0, syncEvery), again)
  }

  const person: Person = {
    me,
    kind,
    vault: devices.vault(name, world.task),
    evil,
    role: () => role,
    isGone: () => isGone,
    isOnline: () => isOnline,
    crash: () => {
      goDown(luck.between(1, weather.downFor))
    },
    begin,
    wish: deliver,
  }
  return person
}

export type Offered =
  | { readonly kind: 'dataOffer'; readonly offer: Offer.DataOffer }
  | { readonly kind: 'computeOffer'; readonly offer: Offer.ComputeOffer }
