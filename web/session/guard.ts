// Watches over the owner's limits: jobs wait and no new seats are taken while one holds, and both go on by itself. What
// the owner does with its own data is not lending.
import type { Train } from '../../workers/train/api.ts'
import type { Battery } from '../net/battery.ts'
import type { Database } from './database.ts'
import * as Limits from './limits.ts'
import type { LimitsView } from './view/rules.ts'

export type Guard = {
  view(): LimitsView
  /** Undefined where nothing holds the device back. */
  hold(): Limits.Hold | undefined
  set(limits: Partial<Limits.Limits>): Promise<void>
  /**
   * Does work for others once nothing holds the device back; aborts its signal when something does, and then does it again
   * later. Rejects where `signal` is aborted.
   */
  lend<value>(work: (signal: AbortSignal) => Promise<value>, signal: AbortSignal): Promise<value>
  /** Looks at the time, the battery and now and then the speed; about once a second. */
  tick(): void
}

export type Options = {
  readonly database: Database
  readonly train: Pick<Train, 'benchmark'>
  readonly battery: (() => Battery) | undefined
  /** Whether this device lends compute at all: an offer is open, or a task runs. */
  readonly lends: () => boolean
  /** Samples a second of the fastest open offer; undefined without one. */
  readonly offered: () => number | undefined
  readonly now: () => number
  readonly changed: () => void
  /** Something began or ceased to hold the device back. */
  readonly turned: () => void
  readonly failed: (thrown: unknown) => void
}

const setting = 'limits'
/** Seconds between two looks at the speed. */
const lookEvery = 20

export async function open(options: Options): Promise<Guard> {
  const { database, train, battery, lends, offered, now, changed, turned, failed } = options
  let limits = Limits.parse((await database.settings.get(setting))?.value)
  let pace = Limits.fresh
  let lookedAt = 0
  let isLooking = false
  let shown = ''
  /** Undefined before the first look: roles may have been stored while something held the device back. */
  let wasHeld: boolean | undefined

  /** Changes whenever the device becomes free or held; work for others listens. */
  let turn = new AbortController()

  function hold(): Limits.Hold | undefined {
    return lends() ? Limits.hold(limits, { now: now(), battery: battery?.(), pace }) : undefined
  }

  function view(): LimitsView {
    return { ...limits, battery: battery?.(), held: hold()?.because }
  }

  function tick(): void {
    const held = hold()
    const visible = JSON.stringify(view())
    if (visible !== shown) changed()
    shown = visible
    if (wasHeld !== (held !== undefined)) {
      wasHeld = held !== undefined
      const before = turn
      turn = new AbortController()
      before.abort()
      turned()
    }
    const promised = offered()
    const isDue = limits.restsWhenSlow && held === undefined && now() >= lookedAt + lookEvery
    if (isDue && !isLooking && promised !== undefined) void look(promised)
  }

  /** Waits in the line for the engine, so that training under way is not what makes it slow. */
  async function look(promised: number): Promise<void> {
    isLooking = true
    try {
      const { training } = await train.benchmark()
      pace = Limits.paced(pace, training, promised, now())
    } catch (thrown) {
      failed(thrown)
    } finally {
      lookedAt = now()
      isLooking = false
    }
  }

  async function lend<value>(
    work: (signal: AbortSignal) => Promise<value>,
    signal: AbortSignal,
  ): Promise<value> {
    for (;;) {
      signal.throwIfAborted()
      const turned = AbortSignal.any([signal, turn.signal])
      if (wasHeld !== false) {
        await new Promise((resolve) => turned.addEventListener('abort', resolve, { once: true }))
        continue
      }
      try {
        return await work(turned)
      } catch (thrown) {
        if (!turned.aborted || signal.aborted) throw thrown
      }
    }
  }

  return {
    view,
    hold,
    lend,
    async set(change) {
      limits = { ...limits, ...change }
      if (!limits.restsWhenSlow) pace = Limits.fresh
      await database.settings.put({ id: setting, value: limits })
      tick()
    },
    tick,
  }
}
