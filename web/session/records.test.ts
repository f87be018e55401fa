// Records of compute providers follow the chain, and are the same after a restart.
import 'fake-indexeddb/auto'
import { expect, test } from 'vitest'
import * as Talk from '../../test/conversation.ts'
import type * as Market from '../../protocol/market.ts'
import { Database } from './database.ts'
import * as Records from './records.ts'

const at = (block: number) => ({ block, logIndex: 0, transaction: Talk.task })
const { computes, datas, task } = Talk
const deadline = Talk.now
const started: Market.Event = { ...at(1), name: 'TaskStarted', task, computes, datas, absent: 0, deadline }
const committed = (round: number, signers: number): Market.Event => ({
  ...{ ...at(1 + round), name: 'RoundCommitted', task, round, signers, deadline },
  record: {
    ...{ round, closes: 0, opened: Talk.opened, cohortsDigest: Talk.opened, aggregator: 0 },
    ...{ delivered: 0n, survivors: 0n, cohorts: [], sums: Talk.opened, jobs: 0n },
  },
})

test('count a round once, also when the chain tells of it again', async () => {
  const database = new Database(crypto.randomUUID())
  const learn = async (records: Records.Records, events: readonly Market.Event[]) => {
    for (const event of events)
      await database.events.put({ id: `${event.block}:0`, task, order: event.block, event })
    await records.learn(events.map((event) => ({ event, time: deadline })))
  }
  const records = await Records.load(database)
  expect(records.of()).toEqual({})
  await learn(records, [started, committed(1, 0b11)])
  await learn(records, [committed(1, 0b11), committed(2, 0b01)])
  const [first, second] = computes.map(({ account }) => records.of()[account])
  expect(first).toMatchObject({ rounds: 2, signed: 2 })
  expect(second).toMatchObject({ rounds: 2, signed: 1 })
  expect((await Records.load(database)).of()).toEqual(records.of())
  await database.delete()
})
