// The worker as the app meets it: a real Web Worker, Comlink, IndexedDB, and a relay over WebSocket.
import * as Comlink from 'comlink'
import { afterEach, expect, inject, test } from 'vitest'
import * as Codec from '../../protocol/codec.ts'
import * as Envelope from '../../protocol/envelope.ts'
import * as Relay from '../../protocol/relay.ts'
import * as Topic from '../../protocol/topic.ts'
import type { Network, Received } from './api.ts'
import { Blocks } from './blocks.ts'

const place = { chainId: 31337, market: `0x${'1a'.repeat(20)}` } as const
const task = `0x${'ce'.repeat(32)}` as const
const topic = Topic.task(place, task)

const workers: Worker[] = []
afterEach(() => workers.splice(0).forEach((worker) => worker.terminate()))

async function start(): Promise<Comlink.Remote<Network>> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  workers.push(worker)
  const network = Comlink.wrap<Network>(worker)
  await network.start({ relays: [inject('relay')] })
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

function removeDatabase(): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase('galaxy-blocks')
    request.onsuccess = () => resolve()
    request.onerror = () => reject(new Error('the database stays'))
  })
}

test('two workers exchange messages through the relay', async () => {
  const [alice, bob] = await Promise.all([start(), start()])
  const received: Received[] = []
  let heard = () => {}
  const once = () => new Promise<void>((resolve) => (heard = resolve))
  const listener = (one: Received) => {
    received.push(one)
    heard()
  }
  await bob.subscribe(topic, 0, Comlink.proxy(listener))
  for (let round = 0; round < 5; round++) {
    const next = once()
    await alice.post(topic, message(round))
    await next
  }
  expect(received.map((one) => Envelope.decode(one.message).round)).toEqual([0, 1, 2, 3, 4])
  expect(await alice.status()).toMatchObject({
    bytesUp: 5 * message(0).length,
    relays: [{ address: inject('relay'), connected: true }],
  })
})

test('blocks are stored, pinned, and fetched from the relay by a device that lacks them', async () => {
  const alice = await start()
  const contents = Array.from({ length: 4 }, () => ({
    codec: 'raw' as const,
    bytes: crypto.getRandomValues(new Uint8Array(65_536)),
  }))
  const cids = await alice.put(task, contents)
  await alice.stop()
  await removeDatabase()

  const bob = await start()
  const fetched = await Promise.all(cids.map((cid) => bob.get(cid, 65_536)))
  expect(fetched).toEqual(contents.map(({ bytes }) => bytes))
  expect((await bob.status()).bytesDown).toBe(4 * 65_536)
})

test('failures cross the port with their advice', async () => {
  const alice = await start()
  await expect(alice.post(topic, new Uint8Array(70_000))).rejects.toMatchObject({
    name: 'Relay.OversizeError',
    advice: expect.stringContaining('blocks'),
    safe: 'Nothing was lost.',
  })
})

test('the relay answers what the app asks', async () => {
  const alice = await start()
  const reply = await alice.ask(Relay.encodeRequest({ kind: 'status' }))
  expect(Relay.decodeReply('status', reply)).toMatchObject(place)
})

test('a device without room says so and keeps what it had', async () => {
  const blocks = new Blocks('galaxy-test-full')
  const [first, second] = [new Uint8Array([1]), new Uint8Array([2])]
  await blocks.put(Codec.cidOfRaw(first), first)
  const { put } = IDBObjectStore.prototype
  IDBObjectStore.prototype.put = () => {
    throw new DOMException('no room', 'QuotaExceededError')
  }
  try {
    await expect(blocks.put(Codec.cidOfRaw(second), second)).rejects.toMatchObject({
      name: 'Blocks.FullError',
      safe: expect.stringContaining('kept'),
    })
  } finally {
    IDBObjectStore.prototype.put = put
  }
  expect(await blocks.has(Codec.cidOfRaw(first))).toBe(true)
  await blocks.close()
  expect(await blocks.has(Codec.cidOfRaw(first))).toBe(true)
  expect(await blocks.has(Codec.cidOfRaw(second))).toBe(false)
})
