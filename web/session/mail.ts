// Signs and posts messages, and reads topics from where the last start ended; malformed ones stop here.
import type { Address } from '../../protocol/codec.ts'
import * as Eip712 from '../../protocol/eip712.ts'
import * as Message from '../../protocol/message.ts'
import type * as Topic from '../../protocol/topic.ts'
import type { Crypto } from '../../workers/crypto/api.ts'
import type { Account } from '../net/account.ts'
import type { Door } from '../net/door.ts'
import type { Database } from './database.ts'
import * as Typed from './typed.ts'

export type Mail = {
  /** Resolves with the message, signed in the name of `by`, when a relay has it. */
  post(
    topic: string,
    draft: Message.Draft,
    by: Address,
    machine: string | undefined,
  ): Promise<Message.Message>
  /** Reads a topic from the stored cursor on; following twice is following once. */
  follow(topic: string): Promise<void>
  unfollow(topic: string): Promise<void>
  /** Reads it from its beginning again, for a role that has heard nothing of it. */
  reread(topic: string): Promise<void>
}

export type Options = {
  readonly place: Topic.Place
  readonly door: Door
  readonly crypto: Pick<Crypto, 'sign'>
  readonly signer: (account: Address) => Account
  readonly database: Database
  /** Resolves when the message is in a stored state: the cursor moves on then. */
  readonly received: (message: Message.Message, bytes: Uint8Array) => Promise<void>
  readonly refused: (thrown: unknown) => void
}

export function open({ place, door, crypto, signer, database, received, refused }: Options): Mail {
  const followed = new Set<string>()

  async function take(topic: string, cursor: number, bytes: Uint8Array): Promise<void> {
    let message: Message.Message
    try {
      message = Message.open(bytes, place, Eip712.recover)
    } catch (thrown) {
      refused(thrown)
      return
    }
    await persistently(() => received(message, bytes))
    // Microseconds since 1970, for all relays: one that names the future must not hide what others will have.
    const value = Math.min(cursor, Date.now() * 1_000)
    if (value > 0) await database.cursors.put({ id: cursorId(topic), value })
  }

  async function follow(topic: string): Promise<void> {
    if (followed.has(topic)) return
    followed.add(topic)
    const stored = await database.cursors.get(cursorId(topic))
    let queue = Promise.resolve()
    try {
      await door.subscribe(topic, stored?.value ?? 0, ({ cursor, message }) => {
        queue = queue.then(() => take(topic, cursor, message)).catch(refused)
      })
    } catch (thrown) {
      followed.delete(topic)
      throw thrown
    }
  }

  async function unfollow(topic: string): Promise<void> {
    if (followed.delete(topic)) await door.unsubscribe(topic)
  }

  return {
    async post(topic, draft, by, machine) {
      const bytes = await Message.seal(place, draft, {
        account: by,
        signAsAccount: (typed) => signer(by).signTypedData(Typed.ofDraft(place, typed).typed),
        signAsDevice: (digest) => crypto.sign('device', digest),
      })
      await door.post(topic, bytes, { machine, round: draft.round })
      return Message.open(bytes, place, Eip712.recover)
    },
    follow,
    unfollow,
    async reread(topic) {
      await unfollow(topic)
      await database.cursors.delete(cursorId(topic))
      await follow(topic)
    },
  }
}

/** A disk that is full for a moment must not cost a message: the cursor moves on only afterwards. */
async function persistently(work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await work()
      return
    } catch (thrown) {
      if (attempt === 5) throw thrown
      await new Promise((resolve) => setTimeout(resolve, 1000 * attempt))
    }
  }
}

function cursorId(topic: string): string {
  return `topic:${topic}`
}
