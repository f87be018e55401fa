// When a device lends its compute: the owner's limits, and what holds it back at a moment. Decides; does nothing itself.
import * as v from 'valibot'
import { BaseError } from '../../protocol/errors.ts'
import * as Hours from '../../protocol/hours.ts'
import type { Battery } from '../net/battery.ts'

export type Limits = {
  /** When the owner means to be there; offers say so. */
  readonly hours: Hours.Hours
  readonly onlyCharging: boolean
  /** Stops below so many per cent while not charging; 0 never does. */
  readonly leastBattery: number
  /** Rests when the device has become slow, as hot ones do. */
  readonly restsWhenSlow: boolean
}

export const none: Limits = {
  hours: Hours.always,
  onlyCharging: false,
  leastBattery: 0,
  restsWhenSlow: false,
}

/** As they are stored; of what is malformed, none. */
export function parse(stored: unknown): Limits {
  const found = v.safeParse(schema, stored)
  return found.success ? found.output : none
}

const schema = v.object({
  hours: Hours.schema,
  onlyCharging: v.boolean(),
  leastBattery: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(100)),
  restsWhenSlow: v.boolean(),
})

/** Why a device lends nothing new; `because` is a sentence. */
export type Hold = {
  readonly kind: 'hours' | 'charging' | 'battery' | 'slow'
  readonly because: string
}

/** How fast the device was when it was looked at last. Unix seconds. */
export type Pace = {
  /** Since when every look found less than half of what is offered; undefined where the last one found more. */
  readonly slowSince: number | undefined
  readonly restsUntil: number
}

export const fresh: Pace = { slowSince: undefined, restsUntil: 0 }

/** Seconds for which it has to be slow, and then rests. */
const [patience, rest] = [60, 300]

/** Takes in a look at the speed; both in samples a second. */
export function paced({ slowSince, restsUntil }: Pace, found: number, offered: number, now: number): Pace {
  if (2 * found >= offered) return { slowSince: undefined, restsUntil }
  const since = slowSince ?? now
  return now - since >= patience
    ? { slowSince: undefined, restsUntil: now + rest }
    : { slowSince: since, restsUntil }
}

export type Situation = {
  /** Unix seconds. */
  readonly now: number
  /** Undefined where the browser does not tell. */
  readonly battery: Battery | undefined
  readonly pace: Pace
}

/** What holds the device back; a battery that nobody knows of holds back nothing. */
export function hold(limits: Limits, { now, battery, pace }: Situation): Hold | undefined {
  if (!Hours.includes(limits.hours, now))
    return { kind: 'hours', because: 'It is outside the hours in which you lend compute.' }
  if (battery !== undefined && !battery.charging) {
    if (limits.onlyCharging)
      return {
        kind: 'charging',
        because: 'This device is not charging, and you lend compute only while it is.',
      }
    if (battery.level < limits.leastBattery)
      return {
        kind: 'battery',
        because: `The battery is at ${battery.level} %, below the ${limits.leastBattery} % that you set.`,
      }
  }
  if (limits.restsWhenSlow && now < pace.restsUntil)
    return {
      kind: 'slow',
      because:
        'This device was slower than half of what it offers for a minute, so it rests for five minutes.',
    }
  return undefined
}

/** Throws while something holds the device back. */
export function assertFree(held: Hold | undefined): void {
  if (held !== undefined) throw new HeldError(held)
}

export class HeldError extends BaseError {
  override readonly name = 'Limits.HeldError'
  constructor({ because }: Hold) {
    super({
      message: `A limit of yours holds this device back. ${because}`,
      advice: 'Wait until it is over, or change the limit under Lend compute, and accept then.',
      safe: 'The seat is still offered to you until its time is up. Tasks that run go on, but for their jobs: those wait.',
    })
  }
}
