// Topics the app follows: gossip says that something is new, history brings it in order and without gaps.
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import type { GossipSub } from '@libp2p/gossipsub'
import * as Relay from '../../protocol/relay.ts'
import type { Received } from './api.ts'
import type { Link, Links } from './links.ts'

/** Milliseconds; the net under gossip: nothing is missed for longer. */
const pollInterval = 5_000
/** A relay learns of a subscription a moment after the first page was read; what came in between is fetched then. */
const settling = [400, 1_500]
const historyTimeout = 30_000
/** Microseconds; how far the clocks and arrivals of two relays may differ without a message being missed. */
const overlap = 3_600_000_000
const remembered = 50_000
const stashed = 512

type Deliver = (message: Received) => void
type Topic = {
  readonly name: string
  readonly deliver: Deliver
  readonly start: number
  /** Per relay address: everything up to here was delivered. */
  readonly cursors: Map<string, number>
  /** Digests of what was delivered. */
  readonly seen: Set<string>
  /** Messages that came by gossip and wait for their place in history, by digest. */
  readonly stash: Map<string, Uint8Array>
  /** Relays being read, with whether they must be read once more. */
  readonly reading: Map<string, { again: boolean }>
}

export function create(gossip: GossipSub, links: () => Links, onBytes: (bytes: number) => void) {
  const topics = new Map<string, Topic>()

  async function read(topic: Topic, link: Link): Promise<void> {
    const running = topic.reading.get(link.address)
    if (running !== undefined) {
      running.again = true
      return
    }
    const state = { again: true }
    topic.reading.set(link.address, state)
    try {
      while (state.again && topics.get(topic.name) === topic) {
        state.again = false
        if (await readPage(topic, link)) state.again = true
      }
    } catch {
      // The relay is away or refuses: the next connection, message or poll reads on from the same cursor.
    } finally {
      topic.reading.delete(link.address)
    }
  }

  /** Delivers one page; true when there is more. */
  async function readPage(topic: Topic, link: Link): Promise<boolean> {
    const after = topic.cursors.get(link.address) ?? topic.start
    const limit = Relay.limits.pageMessages
    const have = [...topic.stash.keys()].slice(0, limit).map((digest) => hexToBytes(digest))
    const request = Relay.encodeRequest({ kind: 'history', topic: topic.name, after, limit, have })
    const { entries, more } = Relay.decodeReply('history', await link.ask(request, historyTimeout))
    let cursor = after
    for (const entry of entries) {
      const digest = bytesToHex(entry.digest)
      const message = entry.message ?? topic.stash.get(digest)
      // Cursors that do not grow would have us read the same page for ever.
      if (entry.cursor <= cursor || topics.get(topic.name) !== topic) return false
      cursor = entry.cursor
      topic.cursors.set(link.address, cursor)
      topic.stash.delete(digest)
      if (topic.seen.has(digest) || message === undefined) continue
      if (entry.message !== undefined) {
        if (bytesToHex(sha256(entry.message)) !== digest) continue
        onBytes(entry.message.length)
      }
      remember(topic.seen, digest)
      topic.deliver({ topic: topic.name, cursor, message })
    }
    return more && entries.length > 0
  }

  gossip.addEventListener('message', ({ detail: { topic: name, data: message } }) => {
    const topic = topics.get(name)
    if (topic === undefined) return
    onBytes(message.length)
    const digest = bytesToHex(sha256(message))
    if (topic.seen.has(digest)) return
    if (topic.stash.size < stashed) topic.stash.set(digest, message)
    for (const link of links().connected()) void read(topic, link)
  })

  const polling = setInterval(() => {
    for (const link of links().connected()) readAll(link)
  }, pollInterval)

  function readAll(link: Link): void {
    for (const topic of topics.values()) void read(topic, link)
  }

  const settlings = new Set<ReturnType<typeof setTimeout>>()
  function readNowAndSoon(reading: () => void): void {
    reading()
    for (const delay of settling) {
      const timer = setTimeout(() => {
        settlings.delete(timer)
        reading()
      }, delay)
      settlings.add(timer)
    }
  }

  return {
    connected: (link: Link) => readNowAndSoon(() => readAll(link)),
    follow(name: string, cursor: number, deliver: Deliver): void {
      const several = links().all.length > 1
      const topic: Topic = {
        name,
        deliver,
        start: several ? Math.max(0, cursor - overlap) : cursor,
        cursors: new Map(),
        seen: new Set(),
        stash: new Map(),
        reading: new Map(),
      }
      topics.set(name, topic)
      gossip.subscribe(name)
      readNowAndSoon(() => {
        for (const link of links().connected()) void read(topic, link)
      })
    },
    leave(name: string): void {
      if (topics.delete(name)) gossip.unsubscribe(name)
    },
    stop(): void {
      clearInterval(polling)
      settlings.forEach((timer) => clearTimeout(timer))
      topics.clear()
    },
  }
}

/** Sets keep insertion order: the oldest entry goes first. */
function remember(seen: Set<string>, digest: string): void {
  seen.add(digest)
  if (seen.size <= remembered) return
  const [oldest] = seen
  if (oldest !== undefined) seen.delete(oldest)
}
