// What each transaction of a task cost: own ones as they are sent, rounds as the chain tells of them.
import type { Hex } from '../../protocol/codec.ts'
import type { Chain, Told } from '../net/chain.ts'
import type { Database, StoredTransaction } from './database.ts'
import type { Participant } from './participant.ts'
import type { Participations } from './participations.ts'
import type { Sent } from './sponsor.ts'
import type { Transaction } from './view/participation.ts'

export type Transactions = {
  own(participant: Participant, name: string, round: number, sent: Sent): Promise<void>
  /** Asks what the transactions behind these events cost, for tasks of this device. */
  learn(told: readonly Told[], participations: Participations): Promise<void>
  /** Of this task, by anybody as far as known, oldest first. */
  of(task: Hex): readonly Transaction[]
  /** Gas of the commit of a round; undefined until known. */
  commitGas(task: Hex, round: number): number | undefined
}

export type Options = { readonly database: Database; readonly chain: Chain; readonly changed: () => void }

/** Events that each stand for one transaction, and the function that made it. */
const names = {
  TaskCreated: 'create',
  TaskStarted: 'start',
  RoundCommitted: 'commitRound',
  TaskSettled: 'settle',
  TaskFaulted: 'prove',
  Slashed: 'prove',
  TaskCancelled: 'cancel',
  Claimed: 'claim',
} as const

export async function load({ database, chain, changed }: Options): Promise<Transactions> {
  const known = new Map((await database.transactions.toArray()).map((row) => [row.id, row]))

  async function put(row: StoredTransaction): Promise<void> {
    const before = known.get(row.id)
    const merged = before?.own === true && !row.own ? { ...row, own: true, sponsored: before.sponsored } : row
    known.set(row.id, merged)
    await database.transactions.put(merged)
    changed()
  }

  return {
    async own(participant, name, round, { hash, gas, block, sponsored }) {
      await put({ id: hash, task: participant.task, round, name, hash, gas, block, sponsored, own: true })
    },
    async learn(told, participations) {
      for (const { event } of told) {
        if (!('task' in event)) continue
        const { task, transaction: hash, block } = event
        if (known.has(hash) || !participations.list().some((entry) => entry.participant.task === task))
          continue
        const round = event.name === 'RoundCommitted' ? event.round : 0
        const { gas } = await chain.receipt(hash)
        await put({
          id: hash,
          task,
          round,
          name: names[event.name],
          hash,
          gas,
          block,
          sponsored: false,
          own: false,
        })
      }
    },
    of: (task) => [...known.values()].filter((row) => row.task === task).sort((a, b) => a.block - b.block),
    commitGas: (task, round) =>
      [...known.values()].find(
        (row) => row.task === task && row.name === 'commitRound' && row.round === round,
      )?.gas,
  }
}
