// Relays with history, and gossip that loses, delays, reorders and repeats.
import type { Address } from '../../protocol/codec.ts'
import type { Recover } from '../../protocol/envelope.ts'
import { BaseError } from '../../protocol/errors.ts'
import * as Message from '../../protocol/message.ts'
import type * as Topic from '../../protocol/topic.ts'
import type { Clock } from './clock.ts'
import type { Luck } from './luck.ts'
import type { Weather } from './scenario.ts'
import type { Tally } from './tally.ts'

export type Listener = {
  readonly account: Address
  readonly hear: (topic: string, cursor: number, message: Message.Message) => void
}

export type Network = {
  /** Stores the bytes at a relay and gossips them. */
  post(topic: string, bytes: Uint8Array): void
  join(listener: Listener): void
  /** Everything on a topic after the cursor. */
  history(topic: string, cursor: number): readonly Message.Message[]
}

/** Of messages that no relay keeps. */
export const noCursor = -1

/** Gossip reaches listeners in so many waves, each with a delay of its own. */
const waves = 4

export function open(options: {
  readonly place: Topic.Place
  readonly recover: Recover
  readonly clock: Clock
  readonly luck: Luck
  readonly weather: Weather
  readonly tally: Tally
}): Network {
  const { place, recover, clock, luck, weather, tally } = options
  const topics = new Map<string, Message.Message[]>()
  const said = new Map<string, string>()
  const listeners: Listener[] = []

  function gossip(topic: string, cursor: number, message: Message.Message): void {
    const groups: Listener[][] = Array.from({ length: waves }, () => [])
    for (const listener of listeners) {
      if (luck.odds(weather.loss)) {
        tally.fault('message lost')
        continue
      }
      groups[luck.whole(0, waves - 1)]?.push(listener)
      if (!luck.odds(weather.duplicates)) continue
      tally.fault('message repeated')
      groups[luck.whole(0, waves - 1)]?.push(listener)
    }
    for (const group of groups) {
      const delay = -Math.log(1 - luck.between(0, 1)) * weather.delay
      clock.in(delay, () => {
        for (const listener of group) listener.hear(topic, cursor, message)
      })
    }
  }

  /** A message with one byte changed: refused, or another device's, whom roles must not believe. */
  function garble(topic: string, bytes: Uint8Array): void {
    const garbled = bytes.slice()
    const at = luck.whole(0, garbled.length - 1)
    garbled[at] = (garbled[at] ?? 0) ^ luck.whole(1, 255)
    try {
      gossip(topic, noCursor, Message.open(garbled, place, recover))
      tally.fault('message of a stranger')
    } catch (thrown) {
      if (!(thrown instanceof BaseError)) throw thrown
      tally.fault('message garbled')
    }
  }

  return {
    post: (topic, bytes) => {
      if (luck.odds(weather.rubbish)) garble(topic, bytes)
      const message = Message.open(bytes, place, recover)
      const key = `${message.task} ${message.round} ${message.kind} ${message.slot} ${message.sender}`
      const before = said.get(key)
      if (before !== undefined && before !== message.digest)
        throw new Error(`${message.kind} of round ${message.round} was said twice, differently`)
      const log = topics.get(topic) ?? []
      topics.set(topic, log)
      if (before !== undefined) {
        tally.fault('message resent')
        return
      }
      said.set(key, message.digest)
      tally.message()
      const cursor = log.push(message) - 1
      gossip(topic, cursor, message)
    },
    join: (listener) => {
      listeners.push(listener)
    },
    history: (topic, cursor) => (topics.get(topic) ?? []).slice(cursor),
  }
}
