// Bitswap's view of the store: a blockstore that keeps small blocks under sha2-256 and refuses all others.
import { BaseBlockstore } from 'blockstore-core'
import type { CID } from 'multiformats/cid'
import * as Relay from '../protocol/relay.ts'
import type { Store } from './store.ts'

type Bytes = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>

export class Blocks extends BaseBlockstore {
  readonly #store: Store

  constructor(store: Store) {
    super()
    this.#store = store
  }

  override has(cid: CID): boolean {
    return this.#store.blockBytes(cid.multihash.digest) !== undefined
  }

  override async put(cid: CID, bytes: Bytes): Promise<CID> {
    const block = await join(bytes)
    if (!Relay.isStorable(cid) || block.length > Relay.limits.blockBytes) {
      throw new Relay.OversizeError(block.length, Relay.limits.blockBytes)
    }
    this.#store.addBlock(cid.multihash.digest, block, Math.floor(Date.now() / 1000))
    return cid
  }

  override *get(cid: CID): Generator<Uint8Array> {
    const block = this.#store.block(cid.multihash.digest)
    if (block === undefined) throw new NotFoundError()
    yield block
  }

  override delete(cid: CID): void {
    this.#store.removeBlock(cid.multihash.digest)
  }
}

async function join(bytes: Bytes): Promise<Uint8Array> {
  if (bytes instanceof Uint8Array) return bytes
  const parts: Uint8Array[] = []
  for await (const part of bytes) parts.push(part)
  return new Uint8Array(await new Blob(parts.map((part) => new Uint8Array(part))).arrayBuffer())
}

/** Bitswap knows an absent block by this name. */
class NotFoundError extends Error {
  override readonly name = 'NotFoundError'
}
