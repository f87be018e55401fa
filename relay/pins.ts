// Keeps blocks that a participant asks for, fetched from that participant by bitswap, under quotas and for a time.
import type { Helia } from '@helia/interface'
import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import * as Relay from '../protocol/relay.ts'
import type { Limits } from './options.ts'
import type { Store } from './store.ts'

const parallel = 8
/** Milliseconds of the first attempt for a block; each further attempt waits twice as long. */
const firstAttempt = 4_000

type Parts = { readonly helia: Helia; readonly store: Store; readonly limits: Limits }

export function create({ helia, store, limits }: Parts) {
  /** Stores the block and returns its size in bytes. */
  async function fetch(cid: CID, peer: PeerId, deadline: number): Promise<number> {
    for (let patience = firstAttempt; ; patience *= 2) {
      const left = deadline - Date.now()
      if (left <= 0) throw unavailable(cid)
      const session = helia.blockstore.createSession(cid, { providers: [peer.toCID()], maxProviders: 1 })
      try {
        for await (const block of session.get(cid, { signal: AbortSignal.timeout(Math.min(patience, left)) }))
          return block.length
      } catch (error) {
        if (error instanceof Relay.OversizeError) throw error
        await new Promise((resolve) => setTimeout(resolve, 100))
      } finally {
        session.close()
      }
    }
  }

  return {
    /** Resolves when every block is stored here; what was pinned before a failure stays, so asking again is cheap. */
    async pin({ task, cids }: Relay.RequestOf<'pin'>, peer: PeerId): Promise<Relay.ReplyOf<'pin'>> {
      for (const cid of cids) if (!Relay.isStorable(cid)) throw unfit(cid)
      const now = Math.floor(Date.now() / 1000)
      const until = now + limits.lifetime
      const deadline = Date.now() + limits.fetchTimeout * 1000
      let bytes = 0

      const pinOne = async (cid: CID): Promise<void> => {
        const digest = cid.multihash.digest
        if (store.blockBytes(digest) === undefined) room(task, 1)
        const size = store.blockBytes(digest) ?? (await fetch(cid, peer, deadline))
        if (!store.isPinned(task, digest)) room(task, size)
        store.pin(task, digest, size, until)
        bytes += size
      }

      const waiting = [...cids]
      const work = async (): Promise<void> => {
        for (let cid = waiting.shift(); cid !== undefined; cid = waiting.shift()) await pinOne(cid)
      }
      const outcomes = await Promise.allSettled(Array.from({ length: Math.min(parallel, cids.length) }, work))
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
      return { blocks: cids.length, bytes, until }
    },
  }

  function room(task: string, bytes: number): void {
    if (store.pinnedBytes(task) + bytes > limits.pinBytesPerTask) {
      throw full('This task', limits.pinBytesPerTask)
    }
    if (store.pinnedBytes() + bytes > limits.pinBytes) throw full('This relay', limits.pinBytes)
  }
}

function full(owner: string, quotaBytes: number): Relay.RefusedError {
  return new Relay.RefusedError({
    code: 'quotaExceeded',
    message: `${owner} has used up its ${quotaBytes} bytes of pinned blocks here.`,
    advice: 'Use another relay, or wait until older blocks expire.',
  })
}

function unavailable(cid: CID): Relay.RefusedError {
  return new Relay.RefusedError({
    code: 'blockUnavailable',
    message: `The relay could not fetch block ${cid.toString()} from you in time.`,
    advice: 'Keep the app open and ask again; blocks that arrived are kept.',
  })
}

function unfit(cid: CID): Relay.RefusedError {
  return new Relay.RefusedError({
    code: 'malformed',
    message: `The relay does not keep ${cid.toString()}.`,
    advice: 'Use version 1 CIDs of raw or dag-cbor blocks under sha2-256.',
  })
}
