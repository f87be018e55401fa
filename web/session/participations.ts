// The roles of this device, one machine per task and role: told what happens, stored, and run again after a restart.
import type { Hex } from '../../protocol/codec.ts'
import type * as Message from '../../protocol/message.ts'
import * as ComputeProvider from '../../protocol/roles/computeProvider.ts'
import * as DataProvider from '../../protocol/roles/dataProvider.ts'
import type * as Effect from '../../protocol/roles/effect.ts'
import type * as Event from '../../protocol/roles/event.ts'
import * as ModelProvider from '../../protocol/roles/modelProvider.ts'
import { BaseError } from '../../protocol/errors.ts'
import type { Told } from '../net/chain.ts'
import type { Database } from './database.ts'
import type { Execute } from './effects.ts'
import type { Mail } from './mail.ts'
import type { Participant } from './participant.ts'
import type { Log } from './problems.ts'
import * as Problems from './problems.ts'
import * as Runner from './runner.ts'
import type { Role } from './view/participation.ts'
import type { Progress } from './view/progress.ts'

export type State = DataProvider.State | ComputeProvider.State | ModelProvider.State

export type Entry = {
  /** `<task>:<role>` */
  readonly id: string
  readonly participant: Participant
  readonly problems: Log
  state(): State
  deliver(event: Event.Event): Promise<void>
  /** Resolves once the state is so; rejects with the next thing that goes wrong before. */
  until(isSo: (state: State) => boolean): Promise<void>
  retry(): void
  stop(): Promise<void>
}

export type Participations = {
  list(): readonly Entry[]
  find(task: Hex, role: Role): Entry | undefined
  /** Throws `Participations.MissingError` when this device has no such role. */
  get(task: Hex, ...roles: readonly Role[]): Entry
  /** Adds a role, tells it what the chain said before, and lets it listen. */
  add(state: State, dataSet: string | undefined): Promise<Entry>
  hear(message: Message.Message, bytes: number): Promise<void>
  /** Events in the order of the chain, then the time up to which they are complete. */
  learn(told: readonly Told[], time: number): Promise<void>
  /** Follows the topics of all roles; for once the network is up. */
  listen(): Promise<void>
  /** Time passed. */
  tick(): Promise<void>
  deliverAll(event: (entry: Entry) => Event.Event): Promise<void>
  progress(id: string): Progress | undefined
  setProgress(id: string, progress: Progress | undefined): void
  retry(): void
  stop(): Promise<void>
}

export type Options = {
  readonly database: Database
  readonly mail: Mail
  readonly execute: Execute
  /** A message of a round came in, or the chain has it. */
  readonly received: (id: string, round: number, bytes: number) => void
  readonly committed: (id: string, round: number, time: number) => void
  readonly now: () => number
  readonly changed: () => void
}

export async function open(options: Options): Promise<Participations> {
  const { database, mail, execute, received, committed, now, changed } = options
  const entries = new Map<string, Entry>()
  const progresses = new Map<string, Progress>()

  function run<state extends State>(
    machine: Runner.Machine<state, Event.Event, Effect.Effect>,
    first: state,
    dataSet: string | undefined,
  ): Entry {
    const id = `${first.id}:${first.role}`
    const problems = Problems.make(changed)
    const { id: task, role, spec, terms } = first
    const participant: Participant = { id, task, role, account: first.me.account, spec, terms, dataSet }
    const waiters = new Set<{ readonly look: () => void; readonly fail: (thrown: unknown) => void }>()
    const fail = (thrown: unknown): void => {
      problems.add(thrown)
      for (const waiter of waiters) waiter.fail(thrown)
    }
    const runner = Runner.start<state, Event.Event, Effect.Effect>({
      machine,
      state: first,
      now,
      save: async (state) => {
        await database.machines.put({ id, task, role, state, dataSet })
      },
      matters,
      async execute(effect, signal) {
        const events = await execute(participant, effect, signal)
        for (const event of events) if (event.type === 'failed') fail(new RefusedError(event.reason))
        return events
      },
      changed: () => {
        for (const waiter of waiters) waiter.look()
        changed()
      },
      failed: (thrown, effect, attempt) => {
        // The first attempt of what is sent or fetched may simply come before a relay is reached.
        if (effect === undefined || effect.type === 'submit' || attempt > 1) fail(thrown)
      },
    })

    function until(isSo: (state: State) => boolean): Promise<void> {
      return new Promise((resolve, reject) => {
        const waiter = { look, fail: reject }
        function look(): void {
          if (!isSo(runner.state())) return
          waiters.delete(waiter)
          resolve()
        }
        waiters.add(waiter)
        look()
      })
    }

    return { ...runner, id, participant, problems, until }
  }

  function start(state: State, dataSet: string | undefined): Entry {
    const entry = begin(state, dataSet)
    entries.set(entry.id, entry)
    return entry
  }

  function begin(state: State, dataSet: string | undefined): Entry {
    switch (state.role) {
      case 'data':
        return run(DataProvider, state, dataSet)
      case 'compute':
        return run(ComputeProvider, state, dataSet)
      case 'model':
        return run(ModelProvider, state, dataSet)
      default:
        return state satisfies never
    }
  }

  for (const row of await database.machines.toArray()) {
    if (isState(row.state)) await start(row.state, row.dataSet).deliver({ type: 'restarted' })
  }
  return {
    list: () => [...entries.values()],
    find: (task, role) => entries.get(`${task}:${role}`),
    get(task, ...roles) {
      const found = roles.map((role) => entries.get(`${task}:${role}`)).find((entry) => entry !== undefined)
      if (found === undefined) throw new MissingError(task)
      return found
    },
    async add(state, dataSet) {
      const id = `${state.id}:${state.role}`
      await database.machines.put({ id, task: state.id, role: state.role, state, dataSet })
      const entry = start(state, dataSet)
      for (const { event } of await database.events.where({ task: state.id }).sortBy('order')) {
        await entry.deliver({ type: 'chain', event })
      }
      for (const topic of topicsOf(state)) {
        const following = topic.endsWith(state.id) ? mail.reread(topic) : mail.follow(topic)
        // While the network is down nothing can be followed; `listen` makes up for it.
        await following.catch(() => undefined)
      }
      changed()
      return entry
    },
    async hear(message, bytes) {
      for (const entry of entries.values()) {
        if (message.task === entry.participant.task && message.round > 0)
          received(entry.id, message.round, bytes)
        await entry.deliver({ type: 'message', message })
      }
    },
    async learn(told, time) {
      for (const { event, time: at } of told) {
        if (!('task' in event)) continue
        const order = event.block * 1e5 + event.logIndex
        await database.events.put({ id: `${event.block}:${event.logIndex}`, task: event.task, order, event })
        for (const entry of entries.values()) {
          if (entry.participant.task !== event.task) continue
          await entry.deliver({ type: 'chain', event })
          if (event.name === 'RoundCommitted') committed(entry.id, event.round, at)
        }
      }
      for (const entry of entries.values()) await entry.deliver({ type: 'head', time })
    },
    async listen() {
      for (const entry of entries.values()) {
        for (const topic of topicsOf(entry.state())) await mail.follow(topic)
      }
    },
    async tick() {
      for (const entry of entries.values()) await entry.deliver({ type: 'tick' })
    },
    async deliverAll(event) {
      for (const entry of entries.values()) {
        await entry.deliver(event(entry))
      }
    },
    progress: (id) => progresses.get(id),
    setProgress(id, progress) {
      if (progress === undefined) progresses.delete(id)
      else progresses.set(id, progress)
      changed()
    },
    retry() {
      for (const entry of entries.values()) entry.retry()
    },
    async stop() {
      await Promise.all([...entries.values()].map((entry) => entry.stop()))
    },
  }
}

/** The chain tells the time of its newest block each second; alone that is not worth a write to the disk. */
function matters(before: State, after: State): boolean {
  const { head } = after.ledger
  return (
    differ({ ...before, ledger: undefined }, { ...after, ledger: undefined }) ||
    differ({ ...before.ledger, head }, after.ledger)
  )
}

function differ(a: object, b: object): boolean {
  return Object.entries(b).some(([key, value]) => Reflect.get(a, key) !== value)
}

function topicsOf(state: State): readonly string[] {
  switch (state.role) {
    case 'data':
      return DataProvider.topics(state)
    case 'compute':
      return ComputeProvider.topics(state)
    case 'model':
      return ModelProvider.topics(state)
    default:
      return state satisfies never
  }
}

/** What this app stored itself; a state of another shape is left alone. */
function isState(stored: unknown): stored is State {
  return (
    typeof stored === 'object' &&
    stored !== null &&
    'role' in stored &&
    'outbox' in stored &&
    'ledger' in stored
  )
}

/** A wish that will not succeed as it is; its role decides what comes of it. */
export class RefusedError extends BaseError {
  override readonly name = 'Participations.RefusedError'
  constructor(reason: string) {
    super({ message: reason, advice: 'See what the task waits for; it goes on where it can.' })
  }
}

export class MissingError extends BaseError {
  override readonly name = 'Participations.MissingError'
  constructor(task: Hex) {
    super({
      message: `This device does not take part in task ${task.slice(0, 10)}… in that role.`,
      advice: 'Open the task on the device that takes part in it, or restore its backup here.',
    })
  }
}
