// What a role wants to prove is looked at before anybody is asked to pay for it.
import { toBytes } from 'viem/utils'
import { expect, test } from 'vitest'
import * as Eip712 from '../../protocol/eip712.ts'
import * as Market from '../../protocol/market.ts'
import * as Once from '../../protocol/once.ts'
import type * as Effect from '../../protocol/roles/effect.ts'
import * as TaskSpec from '../../protocol/taskSpec.ts'
import * as Talk from '../../test/conversation.ts'
import type * as Door from '../net/door.ts'
import * as Calls from './calls.ts'

const backbone = new Uint8Array([1, 2, 3])
const key = toBytes(Talk.digest('a key'))
const computes = Talk.computes.map((party) => ({ ...party, device: Eip712.addressOf(key) }))
const participant = {
  id: `${Talk.task}:data`,
  task: Talk.task,
  role: 'data',
  account: Talk.me('data 0').account,
  spec: Talk.spec,
  terms: Talk.terms,
  dataSet: undefined,
} as const

/** Two records that the compute provider on a seat signed for these rounds. */
function twoRecords(rounds: readonly [number, number]): Extract<Effect.Effect, { type: 'submit' }> {
  const stated = (text: string, round: number) => {
    const statement = Talk.digest(text)
    const digest = Once.digest(Talk.place, Talk.task, 'record', round, statement)
    return { statement, signature: Eip712.sign(digest, key) }
  }
  const statements = [stated('one', rounds[0]), stated('another', rounds[1])] as const
  const { terms, datas } = Talk
  const call = { name: 'prove', terms, computes, datas, round: 1, seat: 1, statements } as const
  return { id: 'prove:records:1:1', type: 'submit', call }
}

function submit(effect: Extract<Effect.Effect, { type: 'submit' }>) {
  const sent: Market.Call[] = []
  const pinned: Door.Block[] = []
  const unused = () => Promise.reject(new Error('nobody asked for this'))
  const send = (_by: string, call: Market.Call) => {
    sent.push(call)
    return Promise.resolve({ hash: Talk.digest('sent'), gas: 1, block: 1, sponsored: true })
  }
  const submitter = Calls.submitter({
    place: Talk.place,
    door: {
      ...{ start: unused, status: unused, stop: unused, subscribe: unused, unsubscribe: unused },
      ...{ get: unused, post: unused, ask: unused },
      put: (_task, blocks) => {
        pinned.push(...blocks)
        return Promise.resolve([])
      },
    },
    sponsor: { send, sendOwn: unused, sendWithTokens: send, depositAtLeast: unused, withdraw: unused },
    backboneOf: () => Promise.resolve(backbone),
    exists: () => false,
    deposit: unused,
    promised: () => 0n,
    proveSum: unused,
    sent: () => Promise.resolve(),
  })
  return { result: submitter(participant, effect), sent, pinned }
}

test('a task is created once its description, and the model that it builds on, are pinned', async () => {
  const call = { name: 'create', terms: Talk.terms } as const
  const { result, sent, pinned } = submit({ id: 'create', type: 'submit', call })
  await result
  expect(sent.map(({ functionName }) => functionName)).toEqual(['create'])
  expect(pinned).toEqual([
    { codec: 'dag-cbor', bytes: TaskSpec.encode(Talk.spec) },
    { codec: 'dag-cbor', bytes: backbone },
  ])
})

test('two statements by one key are shown to the market, as its evidence', async () => {
  const effect = twoRecords([1, 1])
  const { result, sent } = submit(effect)
  expect(await result).toEqual({ type: 'submitted', effect: effect.id })
  const calls = sent.map(({ data }) => Market.decodeCall(data))
  expect(calls.map(({ functionName }) => functionName)).toEqual(['prove'])
  expect(calls[0]?.args[3]).toBe(Market.charges.indexOf('twoRecords'))
})

test('statements about two rounds prove nothing, and nobody is asked', async () => {
  const effect = twoRecords([1, 2])
  const { result, sent } = submit(effect)
  expect(await result).toMatchObject({ type: 'failed', effect: effect.id })
  expect(sent).toEqual([])
})
