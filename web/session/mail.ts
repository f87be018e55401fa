// Signs and posts messages, and reads topics from where the last start ended; malformed ones stop here.
import * as Eip712 from '../../protocol/eip712.ts'
import * as Message from '../../protocol/message.ts'
import * as Topic from '../../protocol/topic.ts'
import type { Crypto } from '../../workers/api.ts'
import type { Account } from '../net/account.ts'
import type { Door } from '../net/door.ts'
import type { Database } from './database.ts'
import * as Typed from './typed.ts'

export type Mail = {
  /** Resolves when a relay has it. */
  post(draft: Message.Draft, machine: string | undefined): Promise<void>
  /** Reads a topic from the stored cursor on; following twice is following once. */
  follow(topic: string): Promise<void>
  unfollow(topic: string): Promise<void>
}

export type Options = {
  readonly place: Topic.Place
  readonly door: Door
  readonly crypto: Pick<Crypto, 'sign'>
  readonly account: () => Account
  readonly database: Database
  /** Resolves when the message is in a stored state: the cursor moves on then. */
  readonly received: (message: Message.Message, bytes: Uint8Array) => Promise<void>
  readonly refused: (topic: string, thrown: unknown) => void
}

export function open({ place, door, crypto, account, database, received, refused }: Options): Mail {
  const followed = new Map<string, Promise<void>>()

  async function take(topic: string, cursor: number, bytes: Uint8Array): Promise<void> {
    let message: Message.Message
    try {
      message = Message.open(bytes, place, Eip712.recover)
    } catch (thrown) {
      refused(topic, thrown)
      return
    }
    await received(message, bytes)
    if (cursor > 0) await database.cursors.put({ id: cursorId(topic), value: cursor })
  }

  return {
    async post(draft, machine) {
      const signer = account()
      const bytes = await Message.seal(place, draft, {
        account: signer.address,
        signAsAccount: (typed) => signer.signTypedData(Typed.ofDraft(place, typed).typed),
        signAsDevice: (digest) => crypto.sign('device', digest),
      })
      await door.post(topicOf(place, draft), bytes, { machine, round: draft.round })
    },
    async follow(topic) {
      if (followed.has(topic)) return
      let queue = Promise.resolve()
      followed.set(topic, queue)
      const stored = await database.cursors.get(cursorId(topic))
      try {
        await door.subscribe(topic, stored?.value ?? 0, ({ cursor, message }) => {
          queue = queue
            .then(() => take(topic, cursor, message))
            .catch((thrown: unknown) => refused(topic, thrown))
        })
      } catch (thrown) {
        followed.delete(topic)
        throw thrown
      }
    },
    async unfollow(topic) {
      if (!followed.delete(topic)) return
      await door.unsubscribe(topic)
    },
  }
}

function cursorId(topic: string): string {
  return `topic:${topic}`
}

function topicOf(place: Topic.Place, draft: Message.Draft): string {
  switch (draft.kind) {
    case 'dataOffer':
    case 'computeOffer':
    case 'taskAnnounced':
    case 'request':
      return Topic.market(place)
    default:
      return Topic.task(place, draft.task)
  }
}
