// What the app may ask of the network worker, which carries opaque bytes only. Types only.
import type { Hex } from '../../protocol/codec.ts'

export type NetworkStatus = {
  readonly peerId: string
  readonly relays: readonly { readonly address: string; readonly connected: boolean }[]
  readonly bytesUp: number
  readonly bytesDown: number
}

export type Received = {
  readonly topic: string
  /** The relay's cursor; pass the last one to `subscribe` after a restart. Per topic and relay, increasing. */
  readonly cursor: number
  readonly message: Uint8Array
}

export type Network = {
  start(options: { readonly relays: readonly string[] }): Promise<NetworkStatus>
  status(): Promise<NetworkStatus>
  /** History after the cursor first, then live messages; each message at least once, at-most-once not promised. */
  subscribe(topic: string, cursor: number, received: (message: Received) => void): Promise<void>
  unsubscribe(topic: string): Promise<void>
  /** Resolves when at least one relay has stored the message; gossips it as well. */
  post(topic: string, message: Uint8Array): Promise<void>
  /** Stores blocks, resolves when at least one relay has pinned them all; returns their CIDs in order. */
  put(
    task: Hex,
    blocks: readonly { readonly codec: 'dag-cbor' | 'raw'; readonly bytes: Uint8Array }[],
  ): Promise<readonly string[]>
  /** Fetches one block by CID string, verified; refuses above `maximumBytes`. */
  get(cid: string, maximumBytes: number): Promise<Uint8Array>
  /** A request to the relay's sponsor or faucet; dag-cbor in, dag-cbor out (protocol/relay.ts). */
  ask(request: Uint8Array): Promise<Uint8Array>
  stop(): Promise<void>
}
