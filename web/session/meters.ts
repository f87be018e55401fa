// What a participant measured in each round: bytes, seconds by part, gas. The demo's table is made from these.
import type { Backend } from '../../workers/train/api.ts'
import type { Database } from './database.ts'

export type Seconds = {
  readonly train: number
  readonly encrypt: number
  readonly aggregate: number
  readonly network: number
  readonly chain: number
  readonly open: number
}

export type Meter = {
  /** `<machine>:<round>` */
  readonly id: string
  readonly machine: string
  readonly round: number
  readonly bytes: { readonly up: number; readonly down: number; readonly update: number }
  readonly seconds: Seconds
  readonly loss: number | undefined
  readonly backend: Backend | undefined
  /** Unix seconds; 0 until it happened. */
  readonly openedAt: number
  readonly endedAt: number
}

export type Meters = {
  of(machine: string, round: number): Meter
  count(machine: string, round: number, direction: keyof Meter['bytes'], bytes: number): void
  add(machine: string, round: number, part: keyof Seconds, seconds: number): void
  /** The round was seen first, or was committed. */
  reached(machine: string, round: number, what: 'openedAt' | 'endedAt', at: number): void
  trained(machine: string, round: number, loss: number, backend: Backend): void
}

/** Measurements are written behind: losing the last second of them loses nothing else. */
export async function load(database: Database, changed: () => void): Promise<Meters> {
  const meters = new Map((await database.meters.toArray()).map((meter) => [meter.id, meter]))
  const dirty = new Set<string>()
  let timer: ReturnType<typeof setTimeout> | undefined

  function of(machine: string, round: number): Meter {
    const id = `${machine}:${round}`
    return meters.get(id) ?? { ...empty, id, machine, round }
  }

  function set(meter: Meter): void {
    meters.set(meter.id, meter)
    dirty.add(meter.id)
    changed()
    timer ??= setTimeout(() => void flush(), 1000)
  }

  async function flush(): Promise<void> {
    timer = undefined
    const rows = [...dirty].flatMap((id) => meters.get(id) ?? [])
    dirty.clear()
    await database.meters.bulkPut(rows).catch(() => undefined)
  }

  return {
    of,
    count(machine, round, direction, bytes) {
      const meter = of(machine, round)
      set({ ...meter, bytes: { ...meter.bytes, [direction]: meter.bytes[direction] + bytes } })
    },
    add(machine, round, part, seconds) {
      const meter = of(machine, round)
      set({ ...meter, seconds: { ...meter.seconds, [part]: meter.seconds[part] + seconds } })
    },
    reached(machine, round, what, at) {
      const meter = of(machine, round)
      if (meter[what] === 0) set({ ...meter, [what]: at })
    },
    trained: (machine, round, loss, backend) => set({ ...of(machine, round), loss, backend }),
  }
}

const empty = {
  bytes: { up: 0, down: 0, update: 0 },
  seconds: { train: 0, encrypt: 0, aggregate: 0, network: 0, chain: 0, open: 0 },
  loss: undefined,
  backend: undefined,
  openedAt: 0,
  endedAt: 0,
}
