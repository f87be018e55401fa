// Who may ask how often, and which messages are worth keeping. Bounds work, not truth: receivers verify everything.
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import * as Envelope from '../protocol/envelope.ts'
import * as Relay from '../protocol/relay.ts'
import type { Place } from '../protocol/topic.ts'
import type { Limits } from './options.ts'

/**
 * Throws unless the message may be stored under this topic of this market. Signatures are left to receivers, who
 * know which device speaks for whom: a signature that merely recovers to somebody says nothing.
 */
export function checkMessage(place: Place, topic: string, message: Uint8Array): void {
  checkTopic(place, topic)
  const envelope = Envelope.decode(message)
  Envelope.assertPlace(envelope, place)
  const [, , , , task] = topic.split('/')
  if (task === undefined || task === envelope.task) return
  throw new Relay.RefusedError({
    code: 'wrongTopic',
    message: 'This message names another task than its topic.',
    advice: 'Post it under the topic of its own task.',
  })
}

export function checkTopic(place: Place, topic: string): void {
  if (Relay.isTopicOf(place, topic)) return
  throw new Relay.RefusedError({
    code: 'wrongTopic',
    message: `This relay serves market ${place.market} on chain ${place.chainId} only.`,
    advice: 'Use a relay of your market, or check the topic.',
  })
}

export type Rates = { take(kind: Relay.Kind, peer: string): Promise<void> }

/** Counts requests per peer and kind over 10 seconds. */
export function rates(limits: Limits['rates']): Rates {
  const limiter = (points: number) => new RateLimiterMemory({ points, duration: 10 })
  const limiters: Record<Relay.Kind, RateLimiterMemory> = {
    post: limiter(limits.post),
    history: limiter(limits.history),
    pin: limiter(limits.pin),
    sponsor: limiter(limits.sponsor),
    faucet: limiter(limits.faucet),
    status: limiter(limits.status),
  }
  return {
    async take(kind, peer) {
      try {
        await limiters[kind].consume(peer)
      } catch (cause) {
        if (!(cause instanceof RateLimiterRes)) throw cause
        throw tooMany(`This relay takes no more ${kind} requests from you now.`, cause.msBeforeNext)
      }
    },
  }
}

export function tooMany(message: string, milliseconds: number): Relay.RefusedError {
  const retryAfter = Math.max(1, Math.ceil(milliseconds / 1000))
  return new Relay.RefusedError({
    code: 'rateLimited',
    message,
    advice: `Try again in ${retryAfter} seconds.`,
    retryAfter,
  })
}
