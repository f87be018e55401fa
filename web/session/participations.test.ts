// A data provider's real machine in the app's store: killed at any moment it goes on where it was.
import 'fake-indexeddb/auto'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import * as Eip712 from '../../protocol/eip712.ts'
import type { Hex } from '../../protocol/codec.ts'
import * as Envelope from '../../protocol/envelope.ts'
import type * as Market from '../../protocol/market.ts'
import * as Message from '../../protocol/message.ts'
import * as Offer from '../../protocol/offer.ts'
import * as DataProvider from '../../protocol/roles/dataProvider.ts'
import type * as Effect from '../../protocol/roles/effect.ts'
import type * as Event from '../../protocol/roles/event.ts'
import * as Schema from '../../protocol/schema.ts'
import { Database } from './database.ts'
import * as Draft from './draft.ts'
import * as Participations from './participations.ts'

const place = { chainId: 31_337, market: `0x${'11'.repeat(20)}` } as const
const token = `0x${'22'.repeat(20)}` as const
const box = `0x${'33'.repeat(32)}` as const
const keys = { account: new Uint8Array(32).fill(1), device: new Uint8Array(32).fill(2) }
const buyer = { account: new Uint8Array(32).fill(3), device: new Uint8Array(32).fill(4) }
const helper = { account: new Uint8Array(32).fill(5), device: new Uint8Array(32).fill(6) }
const now = 1_900_000_000
const schemaId = Schema.id(Schema.digits)

const draft = { ...Draft.initial(schemaId, 6, true), title: 'Digits' }
const task = Draft.make(draft, {
  config: {
    ...place,
    token,
    deployBlock: 0,
    confirmations: 0,
    rpc: ['/rpc'],
    relays: [],
    vaultOrigin: 'http://localhost:1',
    local: true,
  },
  modelProvider: Eip712.addressOf(buyer.account),
  opener: Eip712.addressOf(buyer.device),
  testSet: { commitment: `0x${'44'.repeat(32)}`, samples: 100 },
  released: undefined,
  now,
})
const created: Market.Event = {
  name: 'TaskCreated',
  task: task.id,
  modelProvider: task.terms.modelProvider,
  terms: task.terms,
  block: 7,
  logIndex: 0,
  transaction: `0x${'55'.repeat(32)}`,
}

type Keys = typeof keys

async function said(from: Keys, message: Message.Draft): Promise<Message.Message> {
  const bytes = await Message.seal(place, message, {
    account: Eip712.addressOf(from.account),
    signAsAccount: ({ digest }) => Eip712.sign(digest, from.account),
    signAsDevice: (digest) => Eip712.sign(digest, from.device),
  })
  return Message.open(bytes, place, Eip712.recover)
}

async function asked(): Promise<DataProvider.State> {
  const offer: Offer.DataOffer = {
    account: Eip712.addressOf(keys.account),
    schemaId,
    quality: 9000,
    samples: 500,
    dataSignature: `0x${'66'.repeat(32)}`,
    token,
    floor: 5n,
    device: Eip712.addressOf(keys.device),
    box,
    expires: now + 1000,
  }
  const compute: Offer.ComputeOffer = {
    account: Eip712.addressOf(helper.account),
    adapter: 'cpu',
    training: 100,
    matmul: 1000,
    additions: 5000,
    hours: 0xff_ffff,
    token,
    price: 1n,
    device: Eip712.addressOf(helper.device),
    box,
    expires: now + 1000,
  }
  const request = await said(buyer, {
    kind: 'request',
    task: task.id,
    round: 0,
    slot: 0,
    body: { to: offer.account, offer: Offer.dataDigest(place, offer), among: [] },
  })
  if (request.kind !== 'request') throw new Error('not a request')
  const me = { account: offer.account, device: offer.device, box, payee: offer.account }
  const rules = { consent: false, claim: false }
  return DataProvider.create(
    { me, rules, place, ...task, offer, request, computes: [compute], records: {} },
    now,
  )
}

type Run = (effect: Effect.Effect) => Promise<readonly Event.Result[]>
const databases: Database[] = []
const opened: Participations.Participations[] = []
let name: string

beforeEach(() => (name = crypto.randomUUID()))
afterEach(async () => {
  for (const each of opened.splice(0)) await each.stop()
  for (const database of databases) database.close()
  for (const database of databases.splice(0)) await database.delete()
})

async function open(
  run: Run,
): Promise<{ participations: Participations.Participations; database: Database }> {
  const database = new Database(name)
  databases.push(database)
  const nothing = () => Promise.resolve()
  const participations = await Participations.open({
    database,
    mail: {
      post: () => Promise.reject(new Error('unused')),
      follow: nothing,
      unfollow: nothing,
      reread: nothing,
    },
    execute: (_job, effect) => run(effect),
    received: () => undefined,
    committed: () => undefined,
    now: () => now,
    changed: () => undefined,
  })
  opened.push(participations)
  return { participations, database }
}

const never: Run = () => new Promise(() => undefined)

function sent(effect: Effect.Effect): readonly Event.Result[] {
  return [{ type: 'sent', effect: effect.id, once: undefined }]
}

describe('a participation', () => {
  test('stores what it promised before it says it', async () => {
    const stored: unknown[] = []
    const { participations, database } = await open(async (effect) => {
      stored.push((await database.machines.get(`${task.id}:data`))?.state)
      return sent(effect)
    })
    const entry = await participations.add(await asked(), 'set')
    await participations.learn([{ event: created, time: now }], now)
    await entry.deliver({ type: 'consented', compute: undefined })
    await vi.waitFor(() => expect(Object.keys(entry.state().outbox)).toEqual([]))
    expect(stored).toHaveLength(1)
    expect(stored[0]).toMatchObject({
      nominated: { attempt: 0 },
      outbox: { 'send:nomination:0:0': { type: 'send' } },
    })
  })

  test('says it again, byte for byte, after a crash before anybody heard', async () => {
    const before = await open(never)
    const entry = await before.participations.add(await asked(), 'set')
    await before.participations.learn([{ event: created, time: now }], now)
    await entry.deliver({ type: 'consented', compute: undefined })
    const wished = entry.state().outbox
    await before.participations.stop()
    before.database.close()

    const repeated: Effect.Effect[] = []
    const { participations } = await open((effect) => {
      repeated.push(effect)
      return Promise.resolve(sent(effect))
    })
    await vi.waitFor(() => expect(repeated).toEqual(Object.values(wished)))
    const [found] = participations.list()
    expect(found?.participant.dataSet).toBe('set')
    await vi.waitFor(() => expect(found?.state().outbox).toEqual({}))
  })

  test('writes nothing to the disk when all that is new is the time', async () => {
    const { participations, database } = await open(never)
    const entry = await participations.add(await asked(), undefined)
    await participations.learn([{ event: created, time: now }], now)
    const put = vi.spyOn(database.machines, 'put')
    await participations.learn([], now + 1)
    await participations.tick()
    expect(entry.state().ledger.head).toBe(now + 1)
    expect(put).not.toHaveBeenCalled()
  })

  test('that begins late hears what the chain said before', async () => {
    const { participations } = await open(never)
    await participations.learn([{ event: created, time: now }], now)
    const entry = await participations.add(await asked(), undefined)
    expect(entry.state().ledger.state).toBe('open')
  })

  test('told twice by chain and network is told once', async () => {
    const { participations } = await open(never)
    const entry = await participations.add(await asked(), undefined)
    await participations.learn([{ event: created, time: now }], now)
    const roster = await said(buyer, {
      kind: 'roster',
      task: task.id,
      round: 0,
      slot: 0,
      body: { datas: [], computes: [] },
    })
    await participations.hear(roster, 100)
    const once = entry.state()
    await participations.hear(roster, 100)
    await participations.learn([{ event: created, time: now }], now)
    expect(entry.state()).toEqual(once)
  })

  test('shows why a wish failed and tells whoever waits', async () => {
    const reason = 'The task pays in another token.'
    const { participations } = await open((effect) =>
      Promise.resolve([{ type: 'failed', effect: effect.id, reason }]),
    )
    const entry = await participations.add(await asked(), undefined)
    await participations.learn([{ event: created, time: now }], now)
    const waiting = entry.until((state) => state.ledger.state === 'running')
    const refused = expect(waiting).rejects.toBeInstanceOf(Participations.RefusedError)
    await entry.deliver({ type: 'consented', compute: undefined })
    await refused
    expect(entry.problems.list()[0]).toMatchObject({ name: 'Participations.RefusedError', message: reason })
  })

  test('that is not on this device is a clear error', async () => {
    const { participations } = await open(never)
    expect(() => participations.get(task.id, 'model')).toThrow(Participations.MissingError)
  })
})

test('a message of another market is not read at all', async () => {
  const foreign: Hex = `0x${'99'.repeat(20)}`
  const bytes = await Message.seal(
    { ...place, market: foreign },
    { kind: 'decline', task: task.id, round: 0, slot: 0, body: {} },
    {
      account: Eip712.addressOf(keys.account),
      signAsAccount: ({ digest }) => Eip712.sign(digest, keys.account),
      signAsDevice: (digest) => Eip712.sign(digest, keys.device),
    },
  )
  expect(() => Message.open(bytes, place, Eip712.recover)).toThrow(Envelope.ForeignError)
})
