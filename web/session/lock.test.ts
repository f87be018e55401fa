// The second tab waits and takes over when the first is closed.
import { expect, test, vi } from 'vitest'
import * as Lock from './lock.ts'

test('one tab runs, the next one says so and takes over', async () => {
  const name = crypto.randomUUID()
  const first = Lock.make(name, navigator.locks)
  const second = Lock.make(name, navigator.locks)
  const waiting = vi.fn()
  await first.hold(waiting)
  expect(waiting).not.toHaveBeenCalled()

  const taken = vi.fn()
  const held = second.hold(waiting).then(taken)
  await vi.waitFor(() => expect(waiting).toHaveBeenCalledOnce())
  expect(taken).not.toHaveBeenCalled()
  first.release()
  await held
  expect(taken).toHaveBeenCalledOnce()
  second.release()
})

test('a browser without locks runs anyway', async () => {
  await Lock.make('x', undefined).hold(() => expect.unreachable())
})
