// Relays with history, and gossip that loses, delays, reorders and repeats.
import type { Address, Hex } from '../../protocol/codec.ts'
import * as Envelope from '../../protocol/envelope.ts'
import { BaseError } from '../../protocol/errors.ts'
import * as Message from '../../protocol/message.ts'
import type * as Topic from '../../protocol/topic.ts'
import type { Clock } from './clock.ts'
import type { Faults } from './faults.ts'
import { BreachError } from './breach.ts'
import type { Luck } from './luck.ts'
import type { Weather } from './scenario.ts'
import type { Tally } from './tally.ts'

export type Listener = {
  readonly account: Address
  readonly hear: (topic: string, cursor: number, message: Message.Message) => void
}

export type Network = {
  /** Stores the bytes at a relay and gossips them: to everyone, or by a relay that lies to some only. */
  post(topic: string, bytes: Uint8Array, to?: (account: Address) => boolean): void
  join(listener: Listener): void
  /** Everything on a topic after the cursor that this account is told of. */
  history(topic: string, cursor: number, account: Address): History
  /** What was said of this kind in this round, by whomever. */
  heard<kind extends Message.Message['kind']>(kind: kind, round: number): readonly Message.Of<kind>[]
}

export type History = {
  readonly messages: readonly { readonly cursor: number; readonly message: Message.Message }[]
  readonly next: number
}

/** Of messages that no relay keeps. */
export const noCursor = -1

type Kept = { readonly message: Message.Message; readonly to: (account: Address) => boolean }

const everyone = (): boolean => true
const elsewhere: Hex = `0x${'e1'.repeat(32)}`

/** Gossip reaches listeners in so many waves, each with a delay of its own. */
const waves = 4

export function open(options: {
  readonly place: Topic.Place
  readonly recover: Envelope.Recover
  readonly clock: Clock
  readonly luck: Luck
  readonly weather: Weather
  readonly faults: Faults
  readonly tally: Tally
  readonly isEvil: (account: Address) => boolean
  readonly note: (message: Message.Message, to: string) => void
}): Network {
  const { place, recover, clock, luck, weather, faults, tally, isEvil, note } = options
  const topics = new Map<string, Kept[]>()
  const said = new Map<string, string>()
  const listeners: Listener[] = []
  /** What was said, for those who say it again elsewhere. */
  const past: Uint8Array[] = []

  function gossip(
    topic: string,
    cursor: number,
    message: Message.Message,
    to: (account: Address) => boolean = everyone,
  ): void {
    const groups: Listener[][] = Array.from({ length: waves }, () => [])
    for (const listener of listeners) {
      if (!to(listener.account) || isCutOff(listener.account)) continue
      if (faults.strikes('loss')) {
        tally.fault('message lost')
        continue
      }
      groups[luck.whole(0, waves - 1)]?.push(listener)
      if (!faults.strikes('duplicates')) continue
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

  /** Whether a partition keeps gossip from this account; what it missed it hears from its relay afterwards. */
  function isCutOff(account: Address): boolean {
    if (weather.partition === 0) return false
    const phase = Math.floor(clock.now() / 40)
    if (parseInt(account.slice(-4), 16) % 3 !== phase % 3) return false
    if (!faults.befalls('partition', `${phase * 40} s`)) return false
    tally.fault('cut off by a partition')
    return true
  }

  /** A6: what somebody said in one place, said again in another; nobody may believe it. */
  function replay(topic: string): void {
    if (past.length === 0) return
    const envelope = Envelope.decode(luck.pick(past))
    const where = luck.pick(['round', 'task', 'chain'] as const)
    const moved = {
      round: { ...envelope, round: envelope.round + 1 },
      task: { ...envelope, task: Envelope.noTask === envelope.task ? elsewhere : Envelope.noTask },
      chain: { ...envelope, chainId: envelope.chainId + 1 },
    }[where]
    tally.adversary(`A6 replay across a ${where}`)
    hearStranger(topic, Envelope.encode(moved), 'replay refused')
  }

  /** A message with one byte changed. */
  function garble(topic: string, bytes: Uint8Array): void {
    const garbled = bytes.slice()
    const at = luck.whole(0, garbled.length - 1)
    garbled[at] = (garbled[at] ?? 0) ^ luck.whole(1, 255)
    hearStranger(topic, garbled, 'message garbled')
  }

  /** What still reads as a message is another device's, whom roles must not believe. */
  function hearStranger(topic: string, bytes: Uint8Array, refused: string): void {
    try {
      gossip(topic, noCursor, Message.open(bytes, place, recover))
      tally.fault('message of a stranger')
    } catch (thrown) {
      if (!(thrown instanceof BaseError)) throw thrown
      tally.fault(refused)
    }
  }

  return {
    post: (topic, bytes, to = everyone) => {
      if (faults.strikes('rubbish')) garble(topic, bytes)
      if (faults.strikes('replays')) replay(topic)
      const message = Message.open(bytes, place, recover)
      const key = `${message.task} ${message.round} ${message.kind} ${message.slot} ${message.sender}`
      const before = said.get(key)
      if (before !== undefined && before !== message.digest && !isEvil(message.sender))
        throw new BreachError(`I15: ${message.kind} of round ${message.round} was said twice, differently`)
      const log = topics.get(topic) ?? []
      topics.set(topic, log)
      if (before === message.digest) {
        tally.fault('message resent')
        return
      }
      said.set(key, message.digest)
      tally.message()
      past.push(bytes)
      note(message, to === everyone ? '' : ', to some')
      const cursor = log.push({ message, to }) - 1
      gossip(topic, cursor, message, to)
    },
    join: (listener) => {
      listeners.push(listener)
    },
    history: (topic, cursor, account) => {
      const log = topics.get(topic) ?? []
      if (isCutOff(account)) return { messages: [], next: cursor }
      const messages = log
        .slice(cursor)
        .flatMap(({ message, to }, at) => (to(account) ? [{ cursor: cursor + at, message }] : []))
      return { messages, next: log.length }
    },
    heard: (kind, round) =>
      [...topics.values()].flatMap((log) =>
        log.flatMap(({ message }) => (isOf(message, kind) && message.round === round ? [message] : [])),
      ),
  }
}

function isOf<kind extends Message.Message['kind']>(
  message: Message.Message,
  kind: kind,
): message is Extract<Message.Message, { readonly kind: kind }> & Message.Of<kind> {
  return message.kind === kind
}
