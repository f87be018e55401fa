// The one place through which bytes are given to the network worker. Whoever wants to know what leaves this
// device watches here: every post, put and ask passes `watch` before the worker sees it.
import * as Comlink from 'comlink'
import { BaseError } from '../../protocol/errors.ts'
import type { Hex } from '../../protocol/codec.ts'
import type { Network, NetworkStatus, Received } from '../../workers/network/api.ts'

/** What bytes are counted for: a role in a task (`<task>:<role>`) and its round, or neither. */
export type Purpose = { readonly machine: string | undefined; readonly round: number }
export const unmetered: Purpose = { machine: undefined, round: 0 }

export type Passage = Purpose & {
  readonly direction: 'out' | 'in'
  readonly kind: 'post' | 'put' | 'ask' | 'get'
  readonly bytes: Uint8Array
}

export type Block = { readonly codec: 'dag-cbor' | 'raw'; readonly bytes: Uint8Array }

export type Door = {
  start(relays: readonly string[]): Promise<NetworkStatus>
  status(): Promise<NetworkStatus>
  subscribe(topic: string, cursor: number, received: (message: Received) => void): Promise<void>
  unsubscribe(topic: string): Promise<void>
  post(topic: string, message: Uint8Array, purpose: Purpose): Promise<void>
  put(task: Hex, blocks: readonly Block[], purpose: Purpose): Promise<readonly string[]>
  get(cid: string, maximumBytes: number, purpose: Purpose): Promise<Uint8Array<ArrayBuffer>>
  ask(request: Uint8Array): Promise<Uint8Array<ArrayBuffer>>
  stop(): Promise<void>
}

/** Seconds after which a call of the worker counts as lost; generous, because phones upload slowly. */
const patience = { post: 60, put: 300, get: 120, ask: 60, status: 10, start: 60 }

export function open(network: Network, watch: (passage: Passage) => void): Door {
  return {
    start: (relays) => within(patience.start, 'reach a relay', network.start({ relays })),
    status: () => within(patience.status, 'answer', network.status()),
    subscribe: (topic, cursor, received) => network.subscribe(topic, cursor, Comlink.proxy(received)),
    unsubscribe: (topic) => network.unsubscribe(topic),
    post(topic, message, purpose) {
      watch({ ...purpose, direction: 'out', kind: 'post', bytes: message })
      return within(patience.post, 'hand over a message', network.post(topic, message))
    },
    put(task, blocks, purpose) {
      for (const block of blocks) watch({ ...purpose, direction: 'out', kind: 'put', bytes: block.bytes })
      return within(patience.put, 'store blocks', network.put(task, blocks))
    },
    async get(cid, maximumBytes, purpose) {
      const bytes = await within(patience.get, 'fetch a block', network.get(cid, maximumBytes))
      watch({ ...purpose, direction: 'in', kind: 'get', bytes })
      return new Uint8Array(bytes)
    },
    async ask(request) {
      watch({ ...unmetered, direction: 'out', kind: 'ask', bytes: request })
      return new Uint8Array(await within(patience.ask, 'get an answer from a relay', network.ask(request)))
    },
    stop: () => network.stop(),
  }
}

async function within<value>(seconds: number, what: string, work: Promise<value>): Promise<value> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new TimeoutError(what, seconds)), seconds * 1000)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

export class TimeoutError extends BaseError {
  override readonly name = 'Door.TimeoutError'
  constructor(what: string, seconds: number) {
    super({
      message: `The network did not ${what} within ${seconds} seconds.`,
      advice: 'It is tried again by itself. Check the connection of this device if it stays.',
      safe: 'Nothing was lost: what had to be sent is stored and is sent again unchanged.',
    })
  }
}
