// What a participant meets at a relay: answers, bounds and refusals, over real connections.
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import fc from 'fast-check'
import { createLibp2p } from 'libp2p'
import { CID } from 'multiformats/cid'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import * as Codec from '../protocol/codec.ts'
import * as Envelope from '../protocol/envelope.ts'
import * as Relay from '../protocol/relay.ts'
import * as Topic from '../protocol/topic.ts'
import type { Limits } from './options.ts'
import { createRelay, type RunningRelay } from './relay.ts'

const place = { chainId: 31337, market: `0x${'1a'.repeat(20)}` } as const
const task = `0x${'ab'.repeat(32)}` as const
const topic = Topic.task(place, task)

function message(round: number, size = 100, where: Topic.Place = place): Uint8Array<ArrayBuffer> {
  return Envelope.encode({
    v: 1,
    ...where,
    task,
    round,
    kind: 'ready',
    slot: 0,
    sender: place.market,
    body: new Uint8Array(size),
    signature: `0x${'00'.repeat(65)}`,
  })
}

let folder: string
let relay: RunningRelay
let peer: Awaited<ReturnType<typeof dial>>

async function dial({ multiaddrs }: RunningRelay = relay) {
  const libp2p = await createLibp2p({
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
  })
  const connection = await libp2p.dial(multiaddrs.map((address) => multiaddr(address)))
  /** Sends raw bytes as one stream and returns the reply's payload. */
  async function exchange(bytes: Uint8Array): Promise<Uint8Array> {
    const stream = await connection.newStream(Relay.protocol)
    const reply = Relay.readFrame(stream, Relay.limits.replyBytes)
    for (let i = 0; i < bytes.length; i += 50_000) stream.send(bytes.subarray(i, i + 50_000))
    const [payload] = await Promise.all([reply, stream.close()])
    return payload
  }
  return {
    exchange,
    async ask<const kind extends Relay.Kind>(request: Relay.Ask & { readonly kind: kind }) {
      return Relay.decodeReply<kind>(request.kind, await exchange(Relay.frame(Relay.encodeRequest(request))))
    },
    async codeOf(request: Relay.Ask) {
      return Relay.failureIn(await exchange(Relay.frame(Relay.encodeRequest(request))))?.code
    },
    stop: () => libp2p.stop(),
  }
}

async function start(limits: Partial<Limits> = {}, port = 0): Promise<void> {
  relay = await createRelay({ host: '127.0.0.1', port, folder, ...place, limits })
  peer = await dial()
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-relay-'))
})
afterEach(async () => {
  await peer.stop()
  await relay.stop()
  await rm(folder, { recursive: true })
})

test('history comes back in the order of its cursors, page by page, each message once', async () => {
  await start()
  const posted: number[] = []
  for (let round = 0; round < 5; round++) {
    posted.push((await peer.ask({ kind: 'post', topic, message: message(round) })).cursor)
  }
  expect(await peer.ask({ kind: 'post', topic, message: message(2) })).toEqual({
    cursor: posted[2],
    known: true,
  })

  const first = await peer.ask({ kind: 'history', topic, after: 0, limit: 3, have: [] })
  expect(first.more).toBe(true)
  expect(first.entries.map(({ cursor }) => cursor)).toEqual(posted.slice(0, 3))
  const after = first.entries.at(-1)?.cursor ?? 0
  const second = await peer.ask({ kind: 'history', topic, after, limit: 3, have: [] })
  expect(second.more).toBe(false)
  expect(second.entries.map(({ message: bytes }) => bytes)).toEqual([message(3), message(4)])
})

test('history leaves out the bytes of messages the asker has', async () => {
  await start()
  await peer.ask({ kind: 'post', topic, message: message(0) })
  const [entry] = (await peer.ask({ kind: 'history', topic, after: 0, limit: 1, have: [] })).entries
  if (entry === undefined) throw new Error('nothing in history')
  const brief = await peer.ask({ kind: 'history', topic, after: 0, limit: 1, have: [entry.digest] })
  expect(brief.entries).toEqual([{ cursor: entry.cursor, digest: entry.digest }])
})

test('a page stays below its size in bytes and says that there is more', async () => {
  await start()
  for (let round = 0; round < 20; round++) {
    await peer.ask({ kind: 'post', topic, message: message(round, 60_000) })
  }
  const { entries, more } = await peer.ask({ kind: 'history', topic, after: 0, limit: 256, have: [] })
  expect(entries.length).toBe(17)
  expect(more).toBe(true)
})

test('a restarted relay keeps its address and its history', async () => {
  await start()
  const { multiaddrs } = relay
  const { cursor } = await peer.ask({ kind: 'post', topic, message: message(7) })
  await peer.stop()
  await relay.stop()
  await start({}, Number(multiaddrs[0]?.split('/')[4]))
  expect(relay.multiaddrs).toEqual(multiaddrs)
  const { entries } = await peer.ask({ kind: 'history', topic, after: 0, limit: 10, have: [] })
  expect(entries.map((entry) => [entry.cursor, entry.message])).toEqual([[cursor, message(7)]])
  expect((await peer.ask({ kind: 'post', topic, message: message(8) })).cursor).toBeGreaterThan(cursor)
})

test('whatever bytes arrive, the relay answers with a failure and goes on', async () => {
  await start({ rates: { post: 9e9, history: 9e9, pin: 9e9, sponsor: 9e9, faucet: 9e9, status: 9e9 } })
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), async (bytes) => {
      const reply = await peer.exchange(Relay.frame(bytes))
      expect(Relay.failureIn(reply)?.code).toBe('malformed')
    }),
    { numRuns: 40 },
  )
  await fc.assert(
    fc.asyncProperty(fc.anything({ withNullPrototype: false, maxDepth: 2 }), async (value) => {
      let encoded: Uint8Array
      try {
        encoded = Codec.encode({ v: 1, kind: 'post', topic, message: value })
      } catch {
        return
      }
      expect(Relay.failureIn(await peer.exchange(Relay.frame(encoded)))).toBeDefined()
    }),
    { numRuns: 40 },
  )
  expect((await peer.ask({ kind: 'status' })).chainId).toBe(place.chainId)
})

test('a frame that announces too much is refused before it is read', async () => {
  await start()
  const header = new Uint8Array(4)
  new DataView(header.buffer).setUint32(0, Relay.limits.requestBytes + 1)
  expect(Relay.failureIn(await peer.exchange(header))?.code).toBe('tooLarge')
})

test('messages of another chain, market or task are refused', async () => {
  await start()
  const chain = { ...place, chainId: 1 }
  const market = { ...place, market: `0x${'2b'.repeat(20)}` } as const
  for (const elsewhere of [chain, market]) {
    const posted = { kind: 'post', topic, message: message(0, 10, elsewhere) } as const
    expect(await peer.codeOf(posted)).toBe('wrongTopic')
    expect(await peer.codeOf({ ...posted, topic: Topic.task(elsewhere, task) })).toBe('wrongTopic')
  }
  const other = Topic.task(place, `0x${'cd'.repeat(32)}`)
  expect(await peer.codeOf({ kind: 'post', topic: other, message: message(0) })).toBe('wrongTopic')
  expect(await peer.codeOf({ kind: 'history', topic: 'galaxy', after: 0, limit: 1, have: [] })).toBe(
    'wrongTopic',
  )
  expect(await peer.codeOf({ kind: 'post', topic, message: new Uint8Array([1, 2, 3]) })).toBe('malformed')
})

test('a peer that asks too often is told when to come back, others are served', async () => {
  await start({ rates: { post: 3, history: 9, pin: 9, sponsor: 9, faucet: 9, status: 9 } })
  for (let round = 0; round < 3; round++) await peer.ask({ kind: 'post', topic, message: message(round) })
  const reply = await peer.exchange(
    Relay.frame(Relay.encodeRequest({ kind: 'post', topic, message: message(3) })),
  )
  const failure = Relay.failureIn(reply)
  expect(failure?.code).toBe('rateLimited')
  expect(failure?.retryAfter).toBeGreaterThan(0)
  const other = await dial()
  await other.ask({ kind: 'post', topic, message: message(3) })
  await other.stop()
})

test('a full task topic refuses, a full market topic forgets its oldest messages', async () => {
  await start({ topicMessages: 40 })
  for (let round = 0; round < 40; round++) await peer.ask({ kind: 'post', topic, message: message(round) })
  expect(await peer.codeOf({ kind: 'post', topic, message: message(40) })).toBe('quotaExceeded')
  const market = Topic.market(place)
  for (let round = 0; round < 50; round++) {
    await peer.ask({ kind: 'post', topic: market, message: message(round) })
  }
  const { entries } = await peer.ask({ kind: 'history', topic: market, after: 0, limit: 256, have: [] })
  expect(entries.length).toBeLessThanOrEqual(40)
  expect(entries.at(-1)?.message).toEqual(message(49))
})

test('made-up topics do not keep others from being followed', async () => {
  await start({ topics: 3 })
  const other = { host: '127.0.0.1', port: 0, folder: join(folder, 'other'), ...place }
  const second = await createRelay({ ...other, peers: relay.multiaddrs })
  const far = await dial(second)
  try {
    const ask = (of: string) => peer.ask({ kind: 'history', topic: of, after: 0, limit: 1, have: [] })
    for (let i = 0; i < 20; i++) {
      await ask(topic)
      await ask(Topic.task(place, `0x${i.toString(16).padStart(64, '0')}`))
    }
    // Asked for once more only after the message came: it came because the topic was followed all along.
    await expect.poll(async () => (await peer.ask({ kind: 'status' })).peers).toBe(2)
    let round = 0
    const passOn = async () => {
      await far.ask({ kind: 'post', topic, message: message(round++) })
      return (await peer.ask({ kind: 'status' })).messages
    }
    await expect.poll(passOn, { timeout: 20_000, interval: 300 }).toBeGreaterThan(0)
    expect((await ask(topic)).entries).toHaveLength(1)
  } finally {
    await far.stop()
    await second.stop()
  }
})

test('without a chain nothing is sponsored and the faucet is closed', async () => {
  await start()
  const calldata = new Uint8Array(4)
  const account = place.market
  expect(await peer.codeOf({ kind: 'sponsor', call: 'claim', calldata, account })).toBe('notSponsored')
  expect(await peer.codeOf({ kind: 'faucet', account })).toBe('notSponsored')
})

test('peers that cannot reach each other meet through the relay', async () => {
  await start()
  const [address = ''] = relay.multiaddrs
  const join = (listen: string[]) =>
    createLibp2p({
      addresses: { listen },
      transports: [webSockets(), circuitRelayTransport()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: { identify: identify() },
    })
  const [alice, bob] = await Promise.all([join([]), join([`${address}/p2p-circuit`])])
  try {
    await expect.poll(() => bob.getMultiaddrs().length, { timeout: 20_000 }).toBeGreaterThan(0)
    const connection = await alice.dial(bob.getMultiaddrs())
    expect(connection.remotePeer.toString()).toBe(bob.peerId.toString())
  } finally {
    await Promise.all([alice.stop(), bob.stop()])
  }
})

test('pinning what the asker does not have, or what no relay keeps, fails in time', async () => {
  await start({ fetchTimeout: 1 })
  const raw = Codec.cidOfRaw(new Uint8Array([1]))
  expect(await peer.codeOf({ kind: 'pin', task, cids: [raw] })).toBe('blockUnavailable')
  const dagJson = 0x0129
  const unfit = CID.createV1(dagJson, raw.multihash)
  expect(await peer.codeOf({ kind: 'pin', task, cids: [unfit] })).toBe('malformed')
})
