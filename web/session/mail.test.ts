// A relay that claims to be in the future must not hide from a topic what other relays will have for it.
import 'fake-indexeddb/auto'
import { afterEach, expect, test, vi } from 'vitest'
import * as Eip712 from '../../protocol/eip712.ts'
import * as Message from '../../protocol/message.ts'
import { Database } from './database.ts'
import * as Mail from './mail.ts'

const place = { chainId: 31_337, market: `0x${'6a'.repeat(20)}` } as const
const task = `0x${'7a'.repeat(32)}` as const
const now = Date.UTC(2026, 0, 1)
afterEach(() => {
  vi.restoreAllMocks()
})

test.each([
  ['is its own', now * 1_000 - 5, now * 1_000 - 5],
  ['lies in the future', Number.MAX_SAFE_INTEGER, now * 1_000],
])('goes on from a cursor that %s', async (_, cursor, kept) => {
  vi.spyOn(Date, 'now').mockReturnValue(now)
  const database = new Database(`mail ${cursor}`)
  const cursors: number[] = []
  const received: Message.Message[] = []
  const mail = () =>
    Mail.open({
      place,
      database,
      door: {
        subscribe: (
          _topic: string,
          from: number,
          take: (message: { cursor: number; message: Uint8Array }) => void,
        ) => {
          cursors.push(from)
          if (from === 0) take({ cursor, message: decline() })
          return Promise.resolve()
        },
      } as never,
      crypto: {} as never,
      signer: () => {
        throw new Error('nothing is signed')
      },
      received: (message) => Promise.resolve(void received.push(message)),
      refused: (thrown) => {
        throw thrown
      },
    })
  await mail().follow('topic')
  await vi.waitFor(async () => expect(await database.cursors.count()).toBe(1))
  await mail().follow('topic')
  expect(received.map(({ kind }) => kind)).toEqual(['decline'])
  expect(cursors).toEqual([0, kept])
  database.close()
})

function decline(): Uint8Array {
  const key = new Uint8Array(32).fill(1)
  const draft = { kind: 'decline', task, round: 0, slot: 0, body: {} } as const
  const { digest, finish } = Message.compose(place, Eip712.addressOf(key), draft, '0x')
  return finish(Eip712.sign(digest, key), undefined)
}
