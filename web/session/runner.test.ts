// A machine whose effects run before its state is stored would promise things it forgets in a crash.
import 'fake-indexeddb/auto'
import * as fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Database } from './database.ts'
import * as Runner from './runner.ts'

type State = { readonly done: readonly string[]; readonly outbox: Readonly<Record<string, Effect>> }
type Event = { readonly kind: 'wish'; readonly id: string } | { readonly kind: 'done'; readonly id: string }
type Effect = { readonly id: string }

/** Wishes for what it is told to, until it is told that it happened. */
const machine: Runner.Machine<State, Event, Effect> = {
  step(state, event) {
    if (event.kind === 'wish') {
      const effect = { id: event.id }
      return { state: { ...state, outbox: { ...state.outbox, [event.id]: effect } }, effects: [effect] }
    }
    if (state.outbox[event.id] === undefined) return { state, effects: [] }
    const outbox = Object.fromEntries(Object.entries(state.outbox).filter(([id]) => id !== event.id))
    return { state: { done: [...state.done, event.id], outbox }, effects: [] }
  },
  resume: (state) => Object.values(state.outbox),
}
const empty: State = { done: [], outbox: {} }
const databases: Database[] = []

afterEach(async () => {
  for (const database of databases) database.close()
  for (const database of databases.splice(0)) await database.delete()
})

function open(name: string = crypto.randomUUID()): Database {
  const database = new Database(name)
  databases.push(database)
  return database
}

async function stored(database: Database): Promise<State> {
  const row = await database.machines.get('m')
  return row === undefined ? empty : (row.state as State)
}

function begin(
  database: Database,
  state: State,
  execute: Runner.Options<State, Event, Effect>['execute'],
  more: Partial<Runner.Options<State, Event, Effect>> = {},
): Runner.Runner<State, Event> {
  return Runner.start({
    machine,
    state,
    now: () => 0,
    save: async (next) => {
      await database.machines.put({ id: 'm', task: '0x', role: 'data', state: next, dataSet: undefined })
    },
    execute,
    changed: () => undefined,
    failed: () => undefined,
    backoff: () => 1,
    ...more,
  })
}

describe('a runner', () => {
  test('stores the state before the effects of it run', async () => {
    const database = open()
    const seen: State[] = []
    const runner = begin(database, empty, async (effect) => {
      seen.push(await stored(database))
      return [{ kind: 'done', id: effect.id }]
    })
    await runner.deliver({ kind: 'wish', id: 'a' })
    await vi.waitFor(() => expect(runner.state().done).toEqual(['a']))
    expect(seen).toEqual([{ done: [], outbox: { a: { id: 'a' } } }])
    expect(await stored(database)).toEqual({ done: ['a'], outbox: {} })
  })

  test('stores it on the disk, not in what a power cut takes', async () => {
    const opened = vi.spyOn(IDBDatabase.prototype, 'transaction')
    const database = open()
    const runner = begin(database, empty, (effect) => Promise.resolve([{ kind: 'done', id: effect.id }]))
    await runner.deliver({ kind: 'wish', id: 'a' })
    const writes = opened.mock.calls.filter(([, mode]) => mode === 'readwrite')
    opened.mockRestore()
    expect(writes.length).toBeGreaterThan(0)
    expect(new Set(writes.map(([, , options]) => options?.durability))).toEqual(new Set(['strict']))
  })

  test('repeats after a crash what was wished and not done', async () => {
    const database = open()
    const crashed = begin(database, empty, () => new Promise(() => undefined))
    await crashed.deliver({ kind: 'wish', id: 'a' })
    await crashed.stop()
    const runner = begin(database, await stored(database), (effect) =>
      Promise.resolve([{ kind: 'done', id: effect.id }]),
    )
    await vi.waitFor(() => expect(runner.state().done).toEqual(['a']))
  })

  test('repeats an effect that fails, and says so', async () => {
    const problems: unknown[] = []
    let attempts = 0
    const runner = begin(
      open(),
      empty,
      (effect) => {
        attempts += 1
        if (attempts < 3) return Promise.reject(new Error(`refused ${attempts}`))
        return Promise.resolve([{ kind: 'done', id: effect.id }])
      },
      { failed: (thrown) => problems.push(thrown) },
    )
    await runner.deliver({ kind: 'wish', id: 'a' })
    await vi.waitFor(() => expect(runner.state().done).toEqual(['a']))
    expect(problems.map(String)).toEqual(['Error: refused 1', 'Error: refused 2'])
  })

  test('runs no effect while the disk is full, and goes on when it is not', async () => {
    const database = open()
    const problems: unknown[] = []
    let full = true
    let ran = 0
    const runner = begin(
      database,
      empty,
      (effect) => {
        ran += 1
        return Promise.resolve([{ kind: 'done', id: effect.id }])
      },
      {
        save: async (next) => {
          if (full) throw new DOMException('quota', 'QuotaExceededError')
          await database.machines.put({ id: 'm', task: '0x', role: 'data', state: next, dataSet: undefined })
        },
        failed: (thrown) => problems.push(thrown),
      },
    )
    const delivered = runner.deliver({ kind: 'wish', id: 'a' })
    await vi.waitFor(() => expect(problems.length).toBeGreaterThan(1))
    expect(problems[0]).toBeInstanceOf(Runner.StoreError)
    expect(ran).toBe(0)
    full = false
    await delivered
    await vi.waitFor(() => expect(runner.state().done).toEqual(['a']))
  })

  test('does not run one wish twice at a time', async () => {
    let running = 0
    let most = 0
    const runner = begin(open(), empty, async (effect) => {
      running += 1
      most = Math.max(most, running)
      await Promise.resolve()
      running -= 1
      return [{ kind: 'done', id: effect.id }]
    })
    await Promise.all(Array.from({ length: 5 }, () => runner.deliver({ kind: 'wish', id: 'a' })))
    await vi.waitFor(() => expect(runner.state().done).toContain('a'))
    expect(most).toBe(1)
  })

  test('ends with every wish done, wherever it is killed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.stringMatching(/^[a-z]$/), { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(6), { maxLength: 4 }),
        async (wishes, kills) => {
          const name = crypto.randomUUID()
          let left = [...wishes]
          for (const kill of [...kills, Number.POSITIVE_INFINITY]) {
            const database = open(name)
            let writes = 0
            const runner = begin(
              database,
              await stored(database),
              (effect) => Promise.resolve([{ kind: 'done', id: effect.id }]),
              {
                save: async (next) => {
                  if (writes++ >= kill) return new Promise(() => undefined)
                  await database.machines.put({
                    id: 'm',
                    task: '0x',
                    role: 'data',
                    state: next,
                    dataSet: undefined,
                  })
                },
              },
            )
            const alive = kill === Number.POSITIVE_INFINITY
            for (const wish of left) void runner.deliver({ kind: 'wish', id: wish })
            if (alive) await vi.waitFor(() => expect(new Set(runner.state().done)).toEqual(new Set(wishes)))
            else
              await vi.waitFor(() =>
                expect(writes > kill || runner.state().done.length >= left.length).toBe(true),
              )
            database.close()
            const after = await stored(open(name))
            left = wishes.filter((wish) => !after.done.includes(wish) && after.outbox[wish] === undefined)
          }
        },
      ),
      { numRuns: 25 },
    )
  })
})
