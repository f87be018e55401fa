// The message board: stores what participants post, topic by topic, and passes it on by gossip.
import { TopicValidatorResult, type GossipSub } from '@libp2p/gossipsub'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import * as Relay from '../protocol/relay.ts'
import type { Place } from '../protocol/topic.ts'
import * as Admission from './admission.ts'
import type { Limits } from './options.ts'
import type { Store } from './store.ts'

type Parts = {
  readonly gossip: GossipSub
  readonly store: Store
  readonly place: Place
  readonly rates: Admission.Rates
  readonly limits: Limits
}

export function create({ gossip, store, place, rates, limits }: Parts) {
  /** Those followed, the one unused for longest first. */
  const topics = new Set<string>()

  /**
   * Follows a topic, so that what other relays were told arrives here too. Whoever reads a topic asks every few
   * seconds, so the one unused for longest makes room: made-up topics push out each other, and what was pushed out
   * is followed again when somebody asks.
   */
  function follow(topic: string): void {
    if (topics.delete(topic)) {
      topics.add(topic)
      return
    }
    for (const unused of topics) {
      if (topics.size < limits.topics) break
      leave(unused)
    }
    topics.add(topic)
    gossip.topicValidators.set(topic, async (source, message) => {
      try {
        await rates.take('post', source.toString())
        Admission.checkMessage(place, topic, message.data)
        return TopicValidatorResult.Accept
      } catch (error) {
        const late = error instanceof Relay.RefusedError && error.failure.code === 'rateLimited'
        return late ? TopicValidatorResult.Ignore : TopicValidatorResult.Reject
      }
    })
    gossip.subscribe(topic)
  }

  /** Its messages stay. */
  function leave(topic: string): void {
    topics.delete(topic)
    gossip.unsubscribe(topic)
    gossip.topicValidators.delete(topic)
  }

  function add(topic: string, message: Uint8Array): Relay.ReplyOf<'post'> {
    const digest = sha256(message)
    const size = store.topicSize(topic)
    const isFull = size.messages >= limits.topicMessages || size.bytes + message.length > limits.topicBytes
    if (isFull) {
      // Offers are announced again and again, so the oldest may go; a task's messages may not.
      if (topic.split('/').length > 4) throw full('This task has as many messages here as a task may have.')
      store.dropOldestMessages(topic, Math.ceil(limits.topicMessages / 20))
    }
    return store.addMessage(topic, digest, message)
  }

  gossip.addEventListener('message', ({ detail: { topic, data: message } }) => {
    if (!topics.has(topic)) return
    try {
      add(topic, message)
    } catch (error) {
      if (!(error instanceof Relay.RefusedError)) throw error
    }
  })

  for (const topic of store.topics()) if (topics.size < limits.topics) follow(topic)

  return {
    async post(topic: string, message: Uint8Array): Promise<Relay.ReplyOf<'post'>> {
      Admission.checkMessage(place, topic, message)
      follow(topic)
      const stored = add(topic, message)
      if (!stored.known) await gossip.publish(topic, message)
      return stored
    },
    history({ topic, after, limit, have }: Relay.RequestOf<'history'>): Relay.ReplyOf<'history'> {
      Admission.checkTopic(place, topic)
      follow(topic)
      const known = new Set(have.map((digest) => bytesToHex(digest)))
      const rows = store.messagesAfter(topic, after, limit + 1)
      const entries: Relay.Entry[] = []
      let bytes = 0
      for (const { cursor, digest, message } of rows.slice(0, limit)) {
        const brief = known.has(bytesToHex(digest))
        bytes += brief ? 0 : message.length
        if (bytes > Relay.limits.pageBytes && entries.length > 0) break
        entries.push(brief ? { cursor, digest } : { cursor, digest, message })
      }
      return { entries, more: rows.length > entries.length }
    },
  }
}

function full(message: string): Relay.RefusedError {
  return new Relay.RefusedError({
    code: 'quotaExceeded',
    message,
    advice: 'Use another relay, or try again when older tasks have ended.',
  })
}
