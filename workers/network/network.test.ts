// The worker's code with real relays, in Node: messages and blocks arrive whatever dies in between.
import { MemoryBlockstore } from 'blockstore-core'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import * as Codec from '../../protocol/codec.ts'
import * as Envelope from '../../protocol/envelope.ts'
import * as Relay from '../../protocol/relay.ts'
import * as Topic from '../../protocol/topic.ts'
import type { Limits } from '../../relay/options.ts'
import { createRelay, type RunningRelay } from '../../relay/relay.ts'
import type { Network, Received } from './api.ts'
import { FullError } from './blocks.ts'
import * as NetworkDoor from './network.ts'

const place = { chainId: 31337, market: `0x${'1a'.repeat(20)}` } as const
const task = `0x${'ab'.repeat(32)}` as const
const topic = Topic.task(place, task)
const megabyte = 1024 * 1024

let folder: string
let endings: (() => Promise<void>)[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-network-'))
})
afterEach(async () => {
  await Promise.all(endings.splice(0).map((end) => end()))
  await rm(folder, { recursive: true })
})

async function startRelay(
  name = 'relay',
  port = 0,
  more: { readonly peers?: readonly string[]; readonly limits?: Partial<Limits> } = {},
): Promise<RunningRelay> {
  const relay = await createRelay({ host: '127.0.0.1', port, folder: join(folder, name), ...place, ...more })
  endings.push(() => relay.stop())
  return relay
}

async function stop(relay: RunningRelay): Promise<void> {
  endings = []
  await relay.stop()
}

async function enter(relays: readonly RunningRelay[], patience?: NetworkDoor.Patience): Promise<Network> {
  const network = NetworkDoor.create(new MemoryBlockstore(), patience)
  await network.start({ relays: relays.flatMap(({ multiaddrs }) => multiaddrs) })
  endings.push(() => network.stop())
  return network
}

function message(round: number): Uint8Array<ArrayBuffer> {
  return Envelope.encode({
    v: 1,
    ...place,
    task,
    round,
    kind: 'ready',
    slot: 0,
    sender: place.market,
    body: new Uint8Array(200),
    signature: `0x${'00'.repeat(65)}`,
  })
}

/** Collects what a network receives and waits for a number of messages. */
async function listen(network: Network, cursor = 0) {
  const received: Received[] = []
  let heard = () => {}
  await network.subscribe(topic, cursor, (one) => {
    received.push(one)
    heard()
  })
  return {
    received,
    rounds: () => received.map((one) => Envelope.decode(one.message).round),
    async until(count: number): Promise<void> {
      while (received.length < count) await new Promise<void>((resolve) => (heard = resolve))
    },
  }
}

function blocks(count: number, bytes: number) {
  return Array.from({ length: count }, () => ({
    codec: 'raw' as const,
    bytes: crypto.getRandomValues(new Uint8Array(bytes)),
  }))
}

test('history comes first, live messages after it, each once and in order', async () => {
  const relay = await startRelay()
  const [alice, bob] = [await enter([relay]), await enter([relay])]
  for (let round = 0; round < 5; round++) await alice.post(topic, message(round))
  const ears = await listen(bob)
  for (let round = 5; round < 10; round++) await alice.post(topic, message(round))
  await alice.post(topic, message(9))
  await ears.until(10)
  expect(ears.rounds()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])

  const late = await enter([relay])
  const rest = await listen(late, ears.received[6]?.cursor)
  await rest.until(3)
  expect(rest.rounds()).toEqual([7, 8, 9])
})

test('live messages do not wait for the next poll', async () => {
  const relay = await startRelay()
  const [alice, bob] = [await enter([relay]), await enter([relay])]
  const ears = await listen(bob)
  await alice.post(topic, message(0))
  await ears.until(1)
  const before = performance.now()
  await alice.post(topic, message(1))
  await ears.until(2)
  expect(performance.now() - before).toBeLessThan(4_000)
})

test('blocks are pinned before they are announced, and come back whole without their owner', async () => {
  const relay = await startRelay()
  const [alice, bob] = [await enter([relay]), await enter([relay])]
  const contents = blocks(4, 65_536)
  const cids = await alice.put(task, contents)
  await alice.stop()
  const fetched = await Promise.all(cids.map((cid) => bob.get(cid, megabyte)))
  expect(fetched).toEqual(contents.map(({ bytes }) => bytes))
  expect((await bob.status()).bytesDown).toBe(4 * 65_536)
  await bob.get(cids[0] ?? '', megabyte)
  expect((await bob.status()).bytesDown).toBe(4 * 65_536)
  await expect(bob.get(cids[0] ?? '', 1_000)).rejects.toThrow('at most 1000')
})

test('a block that nobody has yet is found when it appears', async () => {
  const relay = await startRelay()
  const [alice, bob] = [await enter([relay]), await enter([relay])]
  const [block] = blocks(1, 5_000)
  if (block === undefined) throw new Error('no block')
  const early = bob.get(Codec.cidOfRaw(block.bytes).toString(), megabyte)
  await new Promise((resolve) => setTimeout(resolve, 300))
  await alice.put(task, [block])
  expect(await early).toEqual(block.bytes)
})

test('a block that nobody has, and a CID that is none, are clear errors', async () => {
  const relay = await startRelay()
  const bob = await enter([relay], { post: 500, ask: 500, put: 500, get: 500 })
  const nowhere = Codec.cidOfRaw(new Uint8Array([1])).toString()
  await expect(bob.get(nowhere, 10)).rejects.toMatchObject({ name: 'Objects.MissingError' })
  await expect(bob.get('bafynot', 10)).rejects.toMatchObject({ name: 'Codec.MalformedError' })
})

test('when the relay restarts, subscriptions go on, waiting posts arrive, and pins are still there', async () => {
  const relay = await startRelay()
  const port = Number(relay.multiaddrs[0]?.split('/')[4])
  const [alice, bob] = [await enter([relay]), await enter([relay])]
  const endingsOfPeers = endings.slice(1)
  const ears = await listen(bob)
  const [cid] = await alice.put(task, blocks(1, 65_536))
  await alice.post(topic, message(0))
  await ears.until(1)

  await stop(relay)
  const waiting = alice.post(topic, message(1))
  const again = await startRelay('relay', port)
  endings.push(...endingsOfPeers)
  await waiting
  await alice.post(topic, message(2))
  await ears.until(3)
  expect(ears.rounds()).toEqual([0, 1, 2])
  expect(await bob.get(cid ?? '', megabyte)).toHaveLength(65_536)
  expect(again.multiaddrs).toEqual(relay.multiaddrs)
})

test('relays pass messages to each other, and one is enough', async () => {
  const first = await startRelay('first')
  const second = await startRelay('second', 0, { peers: first.multiaddrs })
  const [alice, bob, carol] = [await enter([first]), await enter([second]), await enter([first, second])]
  const [far, both] = [await listen(bob), await listen(carol)]
  await Promise.all([far.until(0), alice.post(topic, message(0)), both.until(1)])
  await alice.post(topic, message(1))
  await far.until(1)
  await both.until(2)

  await first.stop()
  await bob.post(topic, message(2))
  await both.until(3)
  expect(both.rounds()).toEqual([0, 1, 2])
})

test('what a relay refuses for good is an error at once; without any relay it is one in time', async () => {
  const relay = await startRelay()
  const alice = await enter([relay])
  await expect(alice.post('galaxy/1/1/0x', message(0))).rejects.toMatchObject({
    failure: { code: 'wrongTopic' },
  })
  await expect(alice.post(topic, new Uint8Array(70_000))).rejects.toThrow('at most')

  const nowhere = '/ip4/127.0.0.1/tcp/9/ws/p2p/12D3KooWGYLPqkoLNCNYKzkPRu6aTJFYk9vMs29HyCRWJPqK2Rvb'
  const lonely = NetworkDoor.create(new MemoryBlockstore(), { post: 400, ask: 400, put: 400, get: 400 })
  await lonely.start({ relays: [nowhere] })
  endings.push(() => lonely.stop())
  const failure = { name: 'Links.UnreachableError', advice: expect.stringContaining('keeps trying') }
  await expect(lonely.post(topic, message(0))).rejects.toMatchObject(failure)
  await expect(lonely.put(task, blocks(1, 10))).rejects.toMatchObject(failure)
})

test('asking tells what the relay does', async () => {
  const relay = await startRelay()
  const alice = await enter([relay])
  const reply = await alice.ask(Relay.encodeRequest({ kind: 'status' }))
  expect(Relay.decodeReply('status', reply)).toMatchObject({ ...place, faucet: false, pinnedBytes: 0 })
  const refused = await alice.ask(Relay.encodeRequest({ kind: 'faucet', account: place.market }))
  expect(() => Relay.decodeReply('faucet', refused)).toThrow('pays for nothing')
})

test('a full pin quota is told, and what is pinned already stays', async () => {
  const relay = await startRelay('relay', 0, { limits: { pinBytesPerTask: 200_000 } })
  const [alice, bob] = [await enter([relay]), await enter([relay])]
  const kept = await alice.put(task, blocks(3, 60_000))
  await expect(alice.put(task, blocks(1, 60_000))).rejects.toMatchObject({
    failure: { code: 'quotaExceeded' },
    advice: expect.stringContaining('another relay'),
  })
  await alice.put(`0x${'cd'.repeat(32)}`, blocks(1, 60_000))
  for (const cid of kept) expect(await bob.get(cid, megabyte)).toHaveLength(60_000)
})

test('a device without room says so at once, whether it gives or takes', async () => {
  const relay = await startRelay()
  const alice = await enter([relay])
  const contents = blocks(1, 1_000)
  const [cid = ''] = await alice.put(task, contents)
  const full = NetworkDoor.create(new FullBlockstore())
  await full.start({ relays: relay.multiaddrs })
  endings.push(() => full.stop())
  await expect(full.put(task, contents)).rejects.toMatchObject({ name: 'Blocks.FullError' })
  await expect(full.get(cid, megabyte)).rejects.toMatchObject({ name: 'Blocks.FullError' })
})

class FullBlockstore extends MemoryBlockstore {
  override put(): never {
    throw new FullError(new Error('no room'))
  }
}
