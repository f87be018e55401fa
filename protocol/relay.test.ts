import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as Codec from './codec.ts'
import * as Relay from './relay.ts'
import * as Topic from './topic.ts'

const place = { chainId: 31337, market: `0x${'1a'.repeat(20)}` } as const
const task = `0x${'ab'.repeat(32)}` as const
const topic = Topic.task(place, task)

async function* chunked(bytes: Uint8Array, cuts: readonly number[]) {
  let from = 0
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    yield bytes.subarray(from, Math.max(from, Math.min(cut, bytes.length)))
    from = Math.max(from, Math.min(cut, bytes.length))
  }
  yield bytes.subarray(from)
}

test('a frame survives being cut into any chunks', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.array(fc.nat(310), { maxLength: 8 }),
      async (payload, cuts) => {
        expect(await Relay.readFrame(chunked(Relay.frame(payload), cuts), 300)).toEqual(payload)
      },
    ),
  )
})

test('frames that are too long, too short or overfull are refused', async () => {
  const frame = Relay.frame(new Uint8Array(10))
  await expect(Relay.readFrame(chunked(frame, []), 9)).rejects.toThrow('9 at most')
  await expect(Relay.readFrame(chunked(frame.subarray(0, 12), []), 10)).rejects.toThrow('ended early')
  await expect(Relay.readFrame(chunked(new Uint8Array([...frame, 0]), [2]), 10)).rejects.toThrow('more bytes')
})

test('an empty frame is a frame', async () => {
  expect(await Relay.readFrame(chunked(Relay.frame(new Uint8Array()), []), 10)).toEqual(new Uint8Array())
})

test('requests come back as they were written', () => {
  const requests: Relay.Ask[] = [
    { kind: 'post', topic, message: new Uint8Array([1, 2]) },
    { kind: 'history', topic, after: 17, limit: 3, have: [new Uint8Array(32)] },
    { kind: 'pin', task, cids: [Codec.cidOfRaw(new Uint8Array([1]))] },
    { kind: 'sponsor', call: 'claim', calldata: new Uint8Array(4), account: place.market },
    { kind: 'faucet', account: place.market },
    { kind: 'status' },
  ]
  for (const request of requests) {
    expect(Relay.decodeRequest(Relay.encodeRequest(request))).toEqual({ v: 1, ...request })
  }
})

test.each([
  ['an unknown kind', { v: 1, kind: 'delete' }],
  ['another version', { v: 2, kind: 'status' }],
  ['a field too many', { v: 1, kind: 'status', extra: 1 }],
  ['an oversized page', { v: 1, kind: 'history', topic, after: 0, limit: 257, have: [] }],
  ['no CIDs', { v: 1, kind: 'pin', task, cids: [] }],
  [
    'a call nobody sponsors',
    { v: 1, kind: 'sponsor', call: 'create', calldata: new Uint8Array(4), account: task },
  ],
])('%s is refused', (_name, request) => {
  expect(() => Relay.decodeRequest(Codec.encode(request))).toThrow('relay request is malformed')
})

test('a refusal is thrown with its code, a reply of the wrong shape is malformed', () => {
  const failure = { code: 'rateLimited', message: 'Too often.', advice: 'Wait.', retryAfter: 3 } as const
  const refused = Relay.encodeFailure(failure)
  expect(Relay.failureIn(refused)).toEqual(failure)
  expect(() => Relay.decodeReply('status', refused)).toThrow(new Relay.RefusedError(failure))
  const posted = Relay.encodeReply('post', { cursor: 1, known: false })
  expect(Relay.failureIn(posted)).toBeUndefined()
  expect(Relay.decodeReply('post', posted)).toEqual({ cursor: 1, known: false })
  expect(() => Relay.decodeReply('pin', posted)).toThrow('relay reply to pin is malformed')
})

test('only topics of the market are its topics', () => {
  expect(Relay.isTopicOf(place, Topic.market(place))).toBe(true)
  expect(Relay.isTopicOf(place, topic)).toBe(true)
  expect(Relay.isTopicOf({ ...place, chainId: 1 }, topic)).toBe(false)
  expect(Relay.isTopicOf(place, `${topic}0`)).toBe(false)
  expect(Relay.isTopicOf(place, `${Topic.market(place)}/`)).toBe(false)
})
