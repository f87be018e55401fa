// What an operator may choose, and what a relay does when nothing was chosen.
import type * as Codec from '../protocol/codec.ts'

export type Limits = {
  /** Seconds for which messages and pins are kept. */
  readonly lifetime: number
  readonly topicMessages: number
  readonly topicBytes: number
  /** Topics followed; the one unused for longest makes room for another. */
  readonly topics: number
  readonly pinBytes: number
  readonly pinBytesPerTask: number
  /** Seconds until a block must have come from the peer that asked to pin it. */
  readonly fetchTimeout: number
  /** Requests per peer in 10 seconds, by kind. */
  readonly rates: {
    readonly post: number
    readonly history: number
    readonly pin: number
    readonly sponsor: number
    readonly faucet: number
    readonly status: number
  }
  /** Sponsored transactions an hour, per account whose money they move, and per peer that asks. */
  readonly sponsoredPerAccount: number
  readonly sponsoredPerPeer: number
  /** Gas of one transaction of any kind (allowance.ts has less for each), and of all in an hour. */
  readonly transactionGas: bigint
  readonly hourlyGas: bigint
  readonly connections: number
}

export const defaultLimits: Limits = {
  lifetime: 30 * 24 * 3600,
  topicMessages: 20_000,
  topicBytes: 64 * 1024 * 1024,
  topics: 4_000,
  pinBytes: 20 * 1024 ** 3,
  pinBytesPerTask: 4 * 1024 ** 3,
  fetchTimeout: 60,
  rates: { post: 300, history: 600, pin: 60, sponsor: 60, faucet: 10, status: 60 },
  sponsoredPerAccount: 60,
  sponsoredPerPeer: 240,
  transactionGas: 8_000_000n,
  hourlyGas: 500_000_000n,
  connections: 1_000,
}

export type Options = {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  /** Folder of the relay's key and its store. */
  readonly folder: string
  readonly chainId: number
  readonly market: Codec.Address
  /** Without it the relay neither sponsors nor gives test ether. */
  readonly chain?: {
    readonly rpc: string
    readonly sponsorKey: Codec.Hex
    /** The only token of sponsored calls: another one's code could spend the sponsor's gas as it likes. */
    readonly token: Codec.Address
    /** Test chains only: what a new account gets on request. */
    readonly faucet?: { readonly wei: bigint; readonly tokens: bigint }
  }
  /** PEM texts; with them the relay listens for secure WebSockets. */
  readonly tls?: { readonly cert: string; readonly key: string }
  /** Other relays of the same market, dialled again whenever they are away. */
  readonly peers?: readonly string[]
  readonly limits?: Partial<Limits>
  readonly log?: (line: string) => void
}
