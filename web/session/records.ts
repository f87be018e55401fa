// What compute providers did in all tasks of this market, kept up with the chain.
import type { Address, Hex } from '../../protocol/codec.ts'
import * as Reliability from '../../protocol/reliability.ts'
import type { Told } from '../net/chain.ts'
import type { Database } from './database.ts'

export type Records = {
  of(): Reliability.Records
  /** Events that the database has by now. */
  learn(told: readonly Told[]): Promise<void>
}

export async function load(database: Database): Promise<Records> {
  const tasks = new Map<Hex, ReadonlyMap<Address, Reliability.Reliability>>()
  let all: Reliability.Records = {}

  async function count(changed: Iterable<Hex>): Promise<void> {
    for (const task of changed) {
      const stored = await database.events.where({ task }).toArray()
      tasks.set(task, Reliability.ofTask(stored.map(({ event }) => event)))
    }
    all = Reliability.sum(tasks.values())
  }

  const known = new Set<Hex>()
  await database.events.each(({ task }) => known.add(task))
  await count(known)

  return {
    of: () => all,
    async learn(told) {
      const changed = told.flatMap(({ event }) => ('task' in event ? [event.task] : []))
      if (changed.length > 0) await count(new Set(changed))
    },
  }
}
