import * as Comlink from 'comlink'
import { afterEach, expect, test } from 'vitest'
import * as Door from './door.ts'

const frame = {
  crypto: { sign: (text: string) => `signed ${text}`, secretLike: 7 },
  persist: () => true,
}
const ports: MessagePort[] = []

function opened() {
  const { port1, port2 } = new MessageChannel()
  ports.push(port1, port2)
  Comlink.expose(frame, Door.guarded(port1, Door.pathsOf(frame)))
  port2.start()
  return port2
}
afterEach(() => {
  for (const port of ports.splice(0)) port.close()
})

/** What comes back for a raw message, asked together with a call that is always answered after it. */
async function answerTo(message: object): Promise<unknown> {
  const port = opened()
  const answers: { id: string; value?: unknown }[] = []
  const done = Promise.withResolvers<undefined>()
  port.addEventListener('message', ({ data }: MessageEvent<{ id: string; value?: unknown }>) => {
    answers.push(data)
    if (data.id === 'last') done.resolve(undefined)
  })
  port.postMessage({ id: 'asked', ...message })
  port.postMessage({ id: 'last', type: 'APPLY', path: ['persist'], argumentList: [] })
  await done.promise
  return answers.find(({ id }) => id === 'asked')
}

const text = { type: 'RAW', value: 'x' }

test('calls of the literal’s functions pass', async () => {
  expect([...Door.pathsOf(frame)]).toEqual(['crypto.sign', 'persist'])
  const message = { type: 'APPLY', path: ['crypto', 'sign'], argumentList: [text] }
  expect(await answerTo(message)).toMatchObject({ value: 'signed x' })
  const remote = Comlink.wrap<{ readonly crypto: typeof frame.crypto & Comlink.ProxyMarked }>(opened())
  expect(await remote.crypto.sign('y')).toBe('signed y')
})

test.each([
  { type: 'GET', path: ['crypto', 'secretLike'] },
  { type: 'GET', path: [] },
  { type: 'SET', path: ['crypto', 'sign'], value: text },
  { type: 'SET', path: ['__proto__', 'polluted'], value: text },
  { type: 'CONSTRUCT', path: ['crypto', 'sign', 'constructor'], argumentList: [text] },
  { type: 'APPLY', path: ['crypto', 'sign', 'constructor'], argumentList: [text] },
  { type: 'APPLY', path: ['crypto', 'constructor', 'constructor'], argumentList: [text] },
  { type: 'APPLY', path: ['crypto.sign', 'call'], argumentList: [text] },
  { type: 'APPLY', path: [['crypto'], 'sign'], argumentList: [text] },
  { type: 'APPLY', path: 'persist', argumentList: [] },
  { type: 'ENDPOINT' },
  { type: 'RELEASE' },
])('nothing else does: %o', async (message) => {
  expect(await answerTo(message)).toBeUndefined()
  expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
})
