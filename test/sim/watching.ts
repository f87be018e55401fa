// Shows the laws what happens in a world: what the chain tells, what participants hold, what coalitions can read.
import type { Address } from '../../protocol/codec.ts'
import type * as Envelope from '../../protocol/envelope.ts'
import type * as Protocol from '../../protocol/market.ts'
import * as Message from '../../protocol/message.ts'
import * as DataProvider from '../../protocol/roles/dataProvider.ts'
import * as Drawn from '../../protocol/roles/drawn.ts'
import * as RoleJobs from '../../protocol/roles/jobs.ts'
import * as Ledger from '../../protocol/roles/ledger.ts'
import type * as ModelProvider from '../../protocol/roles/modelProvider.ts'
import type * as Participant from '../../protocol/roles/participant.ts'
import * as Verdict from '../../protocol/verdict.ts'
import type { Blocks } from './blocks.ts'
import * as Collusion from './collusion.ts'
import * as Jobs from './jobs.ts'
import * as Laws from './laws.ts'
import type * as Market from './market.ts'
import type * as Person from './person.ts'
import type * as Primitives from './primitives.ts'
import type { World } from './world.ts'

export type Watching = {
  readonly laws: Laws.Laws
  /** Rounds that were opened. */
  readonly roundsOpened: Set<number>
  /** Updates that went out. */
  readonly published: Collusion.Published[]
  told(event: Protocol.Event & { readonly time: number }, state: Market.Task): void
  observe(person: Person.Person): void
  look(person: Person.Person): void
  /** The updates that this coalition and the model provider read off what was said until now. */
  bared(coalition: Collusion.Coalition): readonly Collusion.Published[]
  /** Looks at what all the corrupted read together. */
  collude(): void
}

/** Looking at everything that a coalition could combine is slow among many. */
const mostForCollusion = 24

export function open(
  world: Pick<World, 'scenario' | 'network' | 'chain' | 'place' | 'terms' | 'task' | 'spec'> & {
    readonly primitives: Primitives.Primitives
    readonly jobs: Jobs.Jobs
    readonly recover: Envelope.Recover
    readonly blocks: Blocks
    readonly isEvil: (account: Address) => boolean
    readonly nameOf: (account: Address) => string
  },
): Watching {
  const { scenario, network, chain, place, terms, task, spec, primitives, jobs, recover, blocks } = world
  const { isEvil, nameOf } = world
  const roundsOpened = new Set<number>()
  const published: Collusion.Published[] = []
  const accused = new Set<string>()
  const laws = Laws.watch({
    task,
    spec,
    isEvil,
    nameOf,
    header: blocks.header,
    openings: (round) =>
      network.heard('roundOpened', round).map(({ bodyDigest, body }) => ({ digest: bodyDigest, body })),
    proposed: (round) => network.heard('recordProposed', round).map(({ body }) => body),
    updates: (round) =>
      network
        .heard('encryptedUpdate', round)
        .map(({ sender, body }) => ({ account: sender, root: body.ciphertextRoot })),
    heard: (kind) => network.heard(kind, 0),
    isRight: jobs.isRight,
    isHad: (result) => result !== Jobs.withheld,
    isPublished: (cid) => primitives.fetch(cid) !== undefined,
    sumRoot: (cids) => {
      const found = cids.flatMap((cid) => primitives.fetch(cid)?.cipher ?? [])
      return found.length < cids.length ? undefined : primitives.withhold(primitives.add(found)).root
    },
  })

  function bared(coalition: Collusion.Coalition): readonly Collusion.Published[] {
    const { computes = [], datas = [] } = chain.task(task) ?? {}
    const records = chain.events.flatMap((event) =>
      event.name === 'RoundCommitted' ? [[event.round, event.record] as const] : [],
    )
    const seen = {
      threshold: terms.threshold,
      published,
      heard: network.heard,
      records: new Map(records),
      datas: datas.map(({ account }) => account),
      computes: computes.map(({ account }) => account),
    }
    return Collusion.bared(seen, coalition)
  }

  /** Everybody who was corrupted, unless there are enough to do as they like. */
  function collude(): void {
    const { computes = [], datas = [] } = chain.task(task) ?? {}
    const seats = computes.flatMap(({ account }, seat) => (isEvil(account) ? [seat] : []))
    const providers = datas.flatMap(({ account }) => (isEvil(account) ? [account] : []))
    laws.bared(
      bared({ members: new Set(seats.slice(0, terms.threshold - 1)), providers: new Set(providers) }),
    )
  }

  function observe(person: Person.Person): void {
    const state = person.role()?.participant()
    if (state === undefined || !isDataProvider(state) || state.ledger.state !== 'running') return
    for (const round of Object.values(state.rounds)) {
      if (!DataProvider.isKept(state, round)) continue
      const keepers = round.receipts.filter((seat) => Ledger.counts(state.ledger, seat))
      laws.promised(state.me.account, round.round, keepers)
    }
  }

  /** Looks at whom a role holds to be contradicted about a job, once each. */
  function accuse(state: RoleJobs.State): void {
    if (Object.keys(state.jobs.posted).length === 0) return
    for (const { number, account, evidence } of RoleJobs.contradicted(state)) {
      const name = `${state.me.account} ${number} ${account}`
      const job = state.jobs.posted[number]?.body.job
      const epoch = job === undefined ? undefined : RoleJobs.epochOf(state, job)
      const hash = epoch === undefined ? undefined : Drawn.hash(state, epoch)
      if (accused.has(name) || job === undefined || hash === undefined) continue
      accused.add(name)
      const { computes, absent } = state.ledger
      const bytes = evidence.map((message) => Message.bytesOf(place, message))
      const of = { place, id: task, terms, spec, computes, absent }
      const executors = RoleJobs.executors(state, job) ?? []
      laws.contradicted(
        account,
        Verdict.contradicted(bytes, of, hash, recover),
        executors.flatMap((seat) => computes[seat]?.account ?? []),
      )
    }
  }

  return {
    laws,
    roundsOpened,
    published,
    bared,
    collude,
    told: (event, state) => {
      if (event.name === 'RoundCommitted') laws.committed(event, state)
      if (event.name === 'TaskSettled') laws.settled(state)
      if (event.name === 'Slashed') laws.slashed(event.seats, state)
      if (event.name === 'TaskStarted') laws.started(event.block, state)
      if (event.name === 'RoundCommitted' && scenario.datas <= mostForCollusion) collude()
    },
    observe,
    look: (person) => {
      const state = person.role()?.participant()
      if (state === undefined || person.evil !== undefined) return
      if (doesJobs(state)) accuse(state)
      if (!isModelProvider(state)) return
      laws.convicted(Object.keys(state.convicted).map(asAddress))
    },
  }
}

function isDataProvider(state: object): state is DataProvider.State {
  return 'role' in state && state.role === 'data'
}

function doesJobs(state: Participant.Participant): state is RoleJobs.State {
  return 'jobs' in state
}

function isModelProvider(state: object): state is ModelProvider.State {
  return 'role' in state && state.role === 'model'
}

function asAddress(text: string): Address {
  return `0x${text.slice(2)}`
}
