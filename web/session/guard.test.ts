// A limit stops what is done for others and tells the seats, once; when it is over both go on; both survive a restart.
import 'fake-indexeddb/auto'
import { afterEach, expect, test, vi } from 'vitest'
import type { Battery } from '../net/battery.ts'
import { Database } from './database.ts'
import * as Guard from './guard.ts'
import * as Limits from './limits.ts'

const name = crypto.randomUUID()
const databases: Database[] = []
afterEach(async () => {
  for (const database of databases.splice(0)) database.close()
  await new Database(name).delete()
})

async function world(battery: Battery | 'not told' = { level: 50, charging: false }) {
  const database = new Database(name)
  databases.push(database)
  const said: string[] = []
  const at = {
    now: 1_900_000_000,
    speed: 1000,
    lends: true,
    battery: battery === 'not told' ? undefined : battery,
  }
  const guard = await Guard.open({
    database,
    train: { benchmark: () => Promise.resolve({ training: at.speed, matmul: 1 }) },
    battery: battery === 'not told' ? undefined : () => at.battery ?? expect.unreachable(),
    lends: () => at.lends,
    offered: () => (at.lends ? 1000 : undefined),
    now: () => at.now,
    changed: () => undefined,
    turned: () => void said.push(guard.hold()?.kind ?? 'free'),
    failed: (thrown) => expect.unreachable(String(thrown)),
  })
  guard.tick()
  said.splice(0)
  /** Work for somebody else that ends when it is told to. */
  const work = (signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => {
      said.push('begin')
      signal.addEventListener('abort', () => {
        said.push('stop')
        reject(new Error('stopped'))
      })
      finish = () => resolve('done')
    })
  let finish = (): void => expect.unreachable()
  return { guard, at, said, work, finish: () => finish() }
}
const settled = () => new Promise((resolve) => setTimeout(resolve))

test('a battery that runs low stops what is lent, once, and a charger begins it again', async () => {
  const { guard, at, said, work, finish } = await world()
  const lent = guard.lend(work, new AbortController().signal)
  expect(said.splice(0)).toEqual(['begin'])
  await guard.set({ leastBattery: 30 })
  guard.tick()
  expect(said).toEqual([])
  at.battery = { level: 29, charging: false }
  guard.tick()
  guard.tick()
  await settled()
  expect(said).toEqual(['stop', 'battery'])
  expect(guard.view()).toMatchObject({ battery: { level: 29 }, held: expect.stringContaining('29 %') })
  expect(() => Limits.assertFree(guard.hold())).toThrow(Limits.HeldError)
  at.battery = { level: 29, charging: true }
  guard.tick()
  await settled()
  expect(said).toEqual(['stop', 'battery', 'free', 'begin'])
  expect(() => Limits.assertFree(guard.hold())).not.toThrow()
  finish()
  expect(await lent).toBe('done')
})

test('work for others waits for the limit to end, unless nobody waits for it any more', async () => {
  const { guard, at, said, work, finish } = await world({ level: 50, charging: false })
  await guard.set({ onlyCharging: true })
  const [wanted, dropped] = [new AbortController(), new AbortController()]
  const [lent, other] = [guard.lend(work, wanted.signal), guard.lend(work, dropped.signal)]
  dropped.abort(new Error('nobody waits'))
  await expect(other).rejects.toThrow('nobody waits')
  expect(said.splice(0)).toEqual(['charging'])
  at.battery = { level: 50, charging: true }
  guard.tick()
  await settled()
  expect(said).toEqual(['free', 'begin'])
  finish()
  expect(await lent).toBe('done')
})

test('work for others that fails by itself is not begun again', async () => {
  const { guard } = await world()
  const failing = () => Promise.reject(new Error('no such rows'))
  await expect(guard.lend(failing, new AbortController().signal)).rejects.toThrow('no such rows')
})

test('a limit is remembered, and holds from the start', async () => {
  const first = await world()
  await first.guard.set({ onlyCharging: true })
  expect(first.said).toEqual(['charging'])
  const second = await world()
  expect(second.guard.hold()?.kind).toBe('charging')
})

test('a device that lends nothing is not held back', async () => {
  const { guard, at, said } = await world()
  at.lends = false
  await guard.set({ onlyCharging: true })
  expect(said).toEqual([])
  expect(guard.view().held).toBeUndefined()
})

test('where the browser tells nothing of a battery it holds nothing back', async () => {
  const { guard } = await world('not told')
  await guard.set({ onlyCharging: true, leastBattery: 99 })
  expect(guard.view()).toMatchObject({ battery: undefined, held: undefined })
})

test('a slow device rests after a minute, and is looked at again afterwards', async () => {
  const { guard, at, said } = await world()
  await guard.set({ restsWhenSlow: true })
  at.speed = 400
  for (let second = 0; second < 120; second += 1) {
    at.now += 1
    guard.tick()
    await vi.waitFor(() => undefined)
  }
  expect(said).toEqual(['slow'])
  at.now += 300
  at.speed = 900
  guard.tick()
  expect(said).toEqual(['slow', 'free'])
})
