// A limit pauses training and tells the seats, once; when it is over both go on; both survive a restart.
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
  const say = (what: string) => async () => void said.push(what)
  const guard = await Guard.open({
    database,
    train: {
      pause: say('pause'),
      resume: say('resume'),
      abort: say('abort'),
      warmStart: () => expect.unreachable(),
      checkWarmStart: () => expect.unreachable(),
      probe: () => expect.unreachable(),
      benchmark: () => Promise.resolve({ training: at.speed, matmul: 1 }),
    },
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
  return { guard, at, said }
}

test('a battery that runs low pauses training, once, and a charger goes on with it', async () => {
  const { guard, at, said } = await world()
  await guard.set({ leastBattery: 30 })
  guard.tick()
  expect(said).toEqual([])
  at.battery = { level: 29, charging: false }
  guard.tick()
  guard.tick()
  expect(said).toEqual(['pause', 'battery'])
  expect(guard.view()).toMatchObject({ battery: { level: 29 }, held: expect.stringContaining('29 %') })
  expect(() => Limits.assertFree(guard.hold())).toThrow(Limits.HeldError)
  at.battery = { level: 29, charging: true }
  guard.tick()
  expect(said).toEqual(['pause', 'battery', 'resume', 'free'])
  expect(() => Limits.assertFree(guard.hold())).not.toThrow()
})

test('a limit is remembered, and holds from the start', async () => {
  const first = await world()
  await first.guard.set({ onlyCharging: true })
  expect(first.said).toEqual(['pause', 'charging'])
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
  expect(said).toEqual(['pause', 'slow'])
  at.now += 300
  at.speed = 900
  guard.tick()
  expect(said).toEqual(['pause', 'slow', 'resume', 'free'])
})
