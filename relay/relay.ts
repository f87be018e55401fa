// An always-on peer: keeps messages and ciphertexts, passes them on, pays gas within limits. Trusted with nothing.
import { withBitswap } from '@helia/bitswap'
import { withLibp2pLight } from '@helia/libp2p'
import { circuitRelayServer } from '@libp2p/circuit-relay-v2'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createHeliaLight } from 'helia'
import * as Relay from '../protocol/relay.ts'
import * as Admission from './admission.ts'
import * as Answer from './answer.ts'
import { Blocks } from './blocks.ts'
import * as Board from './board.ts'
import * as Key from './key.ts'
import { defaultLimits, type Options } from './options.ts'
import * as Pins from './pins.ts'
import * as Sponsor from './sponsor.ts'
import * as Store from './store.ts'

export type RunningRelay = {
  /** Where participants reach it; each ends in its peer id. */
  readonly multiaddrs: readonly string[]
  stop(): Promise<void>
}

/** Starts a relay; resolves when it can be dialled. */
export async function createRelay(options: Options): Promise<RunningRelay> {
  const limits = { ...defaultLimits, ...options.limits }
  const log = options.log ?? (() => {})
  const place = { chainId: options.chainId, market: options.market }
  const store = Store.open(options.folder)
  const now = () => Math.floor(Date.now() / 1000)
  store.sweep(now(), limits.lifetime)

  const helia = withBitswap(
    withLibp2pLight(createHeliaLight({ blockstore: new Blocks(store) }), {
      privateKey: await Key.load(options.folder),
      addresses: {
        listen: [`/ip4/${options.host}/tcp/${options.port}/${options.tls === undefined ? 'ws' : 'tls/ws'}`],
      },
      transports: [webSockets(options.tls === undefined ? {} : { https: options.tls })],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionManager: {
        maxConnections: limits.connections,
        // Many participants may sit behind one address.
        inboundConnectionThreshold: 100,
        maxIncomingPendingConnections: 100,
        // Devices that train on all cores shake hands slowly.
        inboundUpgradeTimeout: 30_000,
        inboundStreamProtocolNegotiationTimeout: 30_000,
        outboundStreamProtocolNegotiationTimeout: 30_000,
      },
      // A phone that trains answers pings late; it is not gone.
      connectionMonitor: { pingInterval: 30_000, pingTimeout: { minTimeout: 30_000, maxTimeout: 60_000 } },
      services: {
        identify: identify({ timeout: 30_000 }),
        circuit: circuitRelayServer({ reservations: { maxReservations: limits.connections } }),
        gossip: gossipsub({
          globalSignaturePolicy: 'StrictNoSign',
          fallbackToFloodsub: false,
          allowPublishToZeroTopicPeers: true,
          ignoreDuplicatePublishError: true,
          // Participants know no peers but relays, so a relay's mesh holds as many of them as it can.
          D: 64,
          Dlo: 32,
          Dhi: 512,
          maxInboundDataLength: Relay.limits.messageBytes * 4,
          maxOutboundBufferSize: 16 * 1024 * 1024,
          scoreParams: { IPColocationFactorWeight: 0 },
        }),
      },
    }),
    bitswapOptions,
  )
  await helia.start()
  const { libp2p } = helia

  const rates = Admission.rates(limits.rates)
  const board = Board.create({ gossip: libp2p.services.gossip, store, place, rates, limits })
  const pins = Pins.create({ helia, store, limits })
  const { chain } = options
  const sponsor = chain === undefined ? undefined : Sponsor.create({ chain, ...place, store, limits, log })

  const desk: Answer.Desk = {
    post: ({ topic, message }) => board.post(topic, message),
    history: (request) => board.history(request),
    pin: (request, peer) => pins.pin(request, peer),
    sponsor: (request, peer) => (sponsor ?? noChain()).send(request, peer.toString()),
    faucet: ({ account }) => (sponsor ?? noChain()).faucet(account),
    status: () => ({
      peerId: libp2p.peerId.toString(),
      ...place,
      sponsors: sponsor === undefined ? [] : [...Relay.sponsored],
      faucet: sponsor?.hasFaucet ?? false,
      pinnedBytes: store.pinnedBytes(),
      pinQuotaBytes: limits.pinBytes,
      messages: store.messageCount(),
      peers: libp2p.getPeers().length,
    }),
  }
  await libp2p.handle(Relay.protocol, Answer.handler({ desk, rates, log }), { maxInboundStreams: 32 })

  const sweeping = setInterval(() => store.sweep(now(), limits.lifetime), 10 * 60_000)
  const dialling = setInterval(dialPeers, 10_000)
  function dialPeers(): void {
    for (const address of options.peers ?? []) {
      libp2p.dial(multiaddr(address)).catch(() => log(`cannot reach relay ${address}`))
    }
  }
  dialPeers()

  async function end(): Promise<void> {
    clearInterval(sweeping)
    clearInterval(dialling)
    await sponsor?.idle()
    await helia.stop()
    store.close()
  }
  let ended: Promise<void> | undefined

  return {
    multiaddrs: libp2p.getMultiaddrs().map((address) => address.toString()),
    stop: () => (ended ??= end()),
  }
}

/** Bounds for blocks of up to a mebibyte over slow uplinks. */
const bitswapOptions = {
  maxOutgoingMessageSize: Relay.limits.blockBytes + 64 * 1024,
  maxIncomingMessageSize: Relay.limits.blockBytes * 2,
  messageSendTimeout: 60_000,
  messageReceiveTimeout: 60_000,
  // A peer asks again only when the first answer was lost.
  doNotResendBlockWindow: 500,
  maxInboundStreams: 64,
}

function noChain(): never {
  throw new Relay.RefusedError({
    code: 'notSponsored',
    message: 'This relay pays for nothing.',
    advice: 'Use another relay, or send the transaction from your own wallet.',
  })
}
