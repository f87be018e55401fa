// The app's single door to the outside: relays over WebSocket, messages, blocks. It is given opaque bytes only.
import { withBitswap } from '@helia/bitswap'
import { withLibp2pLight } from '@helia/libp2p'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { createHeliaLight } from 'helia'
import type { BaseBlockstore } from 'blockstore-core'
import { BaseError } from '../../protocol/errors.ts'
import * as Relay from '../../protocol/relay.ts'
import type { Network, NetworkStatus } from './api.ts'
import * as Links from './links.ts'
import * as Objects from './objects.ts'
import * as Topics from './topics.ts'

/** Milliseconds until the app is told that something did not work; longer than a relay needs to restart. */
export type Patience = {
  readonly post: number
  readonly ask: number
  readonly put: number
  readonly get: number
}
const patient: Patience = { post: 50_000, ask: 50_000, put: 180_000, get: 90_000 }
/** Milliseconds for a relay's answer to one message. */
const requestTimeout = 30_000

/** `bytes` are counted where they cross this door, before libp2p encrypts them: payloads, not packets. */
export function create(
  blocks: BaseBlockstore & { close?(): Promise<void> },
  patience: Patience = patient,
): Network {
  let running: ReturnType<typeof run> | undefined
  let bytesUp = 0
  let bytesDown = 0

  async function run(relays: readonly string[]) {
    const helia = withBitswap(
      withLibp2pLight(createHeliaLight({ blockstore: blocks }), options()),
      bitswapOptions,
    )
    await helia.start()
    const { libp2p } = helia
    const links = Links.create(libp2p, relays, (link) => topics.connected(link))
    const topics = Topics.create(
      libp2p.services.gossip,
      () => links,
      (bytes) => {
        bytesDown += bytes
      },
    )
    const objects = Objects.create({ helia, blocks, links, patience })
    const hurry = () => links.hurry()
    const events = 'addEventListener' in globalThis ? globalThis : new EventTarget()
    events.addEventListener('online', hurry)
    return {
      peerId: libp2p.peerId.toString(),
      links,
      topics,
      objects,
      async stop() {
        events.removeEventListener('online', hurry)
        topics.stop()
        await links.stop()
        await helia.stop()
        await blocks.close?.()
      },
    }
  }

  function started() {
    if (running === undefined) throw new StoppedError()
    return running
  }

  async function status(): Promise<NetworkStatus> {
    const { peerId, links } = await started()
    const relays = links.all.map((link) => ({ address: link.address, connected: link.connected() }))
    return { peerId, relays, bytesUp, bytesDown }
  }

  return {
    async start({ relays }) {
      running ??= run(relays)
      return status()
    },
    status,
    async subscribe(topic, cursor, received) {
      ;(await started()).topics.follow(topic, cursor, received)
    },
    async unsubscribe(topic) {
      ;(await started()).topics.leave(topic)
    },
    async post(topic, message) {
      const { links } = await started()
      if (message.length > Relay.limits.messageBytes) {
        throw new Relay.OversizeError(message.length, Relay.limits.messageBytes)
      }
      bytesUp += message.length
      const request = Relay.encodeRequest({ kind: 'post', topic, message: new Uint8Array(message) })
      await Objects.retry(links, Date.now() + patience.post, Infinity, async (link) =>
        Relay.decodeReply('post', await link.ask(request, requestTimeout)),
      )
    },
    async put(task, contents) {
      const { objects } = await started()
      for (const { bytes } of contents) bytesUp += bytes.length
      return objects.put(task, contents)
    },
    async get(cid, maximumBytes) {
      const { bytes, local } = await (await started()).objects.get(cid, maximumBytes)
      if (!local) bytesDown += bytes.length
      // A copy, for bitswap hands out views of larger buffers, which must not travel along.
      return new Uint8Array(bytes)
    },
    async ask(request) {
      const { links } = await started()
      bytesUp += request.length
      const reply = await Objects.retry(links, Date.now() + patience.ask, 1, async (link) => {
        const answer = await link.ask(request, patience.ask)
        const failure = Relay.failureIn(answer)
        if (failure !== undefined) throw new Relay.RefusedError(failure)
        return answer
      }).catch((error: unknown) => {
        if (error instanceof Relay.RefusedError) return Relay.encodeFailure(error.failure)
        throw error
      })
      bytesDown += reply.length
      return reply
    },
    async stop() {
      const current = running
      running = undefined
      await (await current)?.stop()
    },
  }
}

function options() {
  return {
    addresses: { listen: [] },
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // Browsers refuse loopback and plain WebSockets by default; which relays are dialled is the operator's choice.
    connectionGater: { denyDialMultiaddr: () => false },
    connectionManager: {
      dialTimeout: 30_000,
      addressDialTimeout: 30_000,
      outboundStreamProtocolNegotiationTimeout: 30_000,
      inboundStreamProtocolNegotiationTimeout: 30_000,
    },
    // Links notice a silent relay by their own requests; a tab that trains answers pings late.
    connectionMonitor: { enabled: false },
    services: {
      identify: identify({ timeout: 30_000 }),
      gossip: gossipsub({
        globalSignaturePolicy: 'StrictNoSign',
        fallbackToFloodsub: false,
        allowPublishToZeroTopicPeers: true,
        maxInboundDataLength: Relay.limits.messageBytes * 4,
        scoreParams: { IPColocationFactorWeight: 0 },
      }),
    },
  }
}

/** As the relay's, so that both sides agree on sizes and patience. */
const bitswapOptions = {
  maxOutgoingMessageSize: Relay.limits.blockBytes + 64 * 1024,
  maxIncomingMessageSize: Relay.limits.blockBytes * 2,
  messageSendTimeout: 60_000,
  messageReceiveTimeout: 60_000,
  doNotResendBlockWindow: 500,
}

export class StoppedError extends BaseError {
  override readonly name = 'Network.StoppedError'
  constructor() {
    super({ message: 'The network is not started.', advice: 'Reload the app.' })
  }
}
