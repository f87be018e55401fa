// What an owner set holds a device back, and nothing else does.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as Hours from '../../protocol/hours.ts'
import * as Limits from './limits.ts'

const noon = 1_900_000_000 - (1_900_000_000 % 86_400) + 12 * 3600
const situation: Limits.Situation = {
  now: noon,
  battery: { level: 40, charging: false },
  pace: Limits.fresh,
}
const kindOf = (limits: Partial<Limits.Limits>, change: Partial<Limits.Situation> = {}) =>
  Limits.hold({ ...Limits.none, ...limits }, { ...situation, ...change })?.kind

describe('a limit', () => {
  test('of hours holds outside them', () => {
    expect(kindOf({ hours: Hours.between(22, 6) })).toBe('hours')
    expect(kindOf({ hours: Hours.between(9, 17) })).toBeUndefined()
  })

  test('of charging and battery holds while the device does not charge', () => {
    const charging = { battery: { level: 40, charging: true } }
    expect(kindOf({ onlyCharging: true })).toBe('charging')
    expect(kindOf({ onlyCharging: true }, charging)).toBeUndefined()
    expect(kindOf({ leastBattery: 41 })).toBe('battery')
    expect(kindOf({ leastBattery: 40 })).toBeUndefined()
    expect(kindOf({ leastBattery: 41 }, charging)).toBeUndefined()
  })

  test('of a battery that nobody knows of holds nothing', () => {
    const limits = { onlyCharging: true, leastBattery: 100 }
    expect(kindOf(limits, { battery: undefined })).toBeUndefined()
  })

  test('none holds where none is set', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(100), fc.boolean(), (now, level, charging) => {
        const pace = { slowSince: undefined, restsUntil: now + 1 }
        expect(kindOf({}, { now, battery: { level, charging }, pace })).toBeUndefined()
      }),
    )
  })

  test('that was stored in another shape is none', () => {
    expect(Limits.parse({ hours: -1 })).toEqual(Limits.none)
    const limits = { hours: 7, onlyCharging: true, leastBattery: 20, restsWhenSlow: true }
    expect(Limits.parse(limits)).toEqual(limits)
  })
})

describe('a device that becomes slow', () => {
  const slow = (pace: Limits.Pace, seconds: number) => Limits.paced(pace, 499, 1000, noon + seconds)

  test('rests for five minutes after a minute of less than half of its offer', () => {
    const pace = [0, 20, 40, 60].reduce(slow, Limits.fresh)
    expect(kindOf({ restsWhenSlow: true }, { pace, now: noon + 60 })).toBe('slow')
    expect(kindOf({ restsWhenSlow: true }, { pace, now: noon + 359 })).toBe('slow')
    expect(kindOf({ restsWhenSlow: true }, { pace, now: noon + 360 })).toBeUndefined()
    expect(kindOf({ restsWhenSlow: false }, { pace, now: noon + 60 })).toBeUndefined()
  })

  test('does not rest when it was fast enough once in that minute', () => {
    const once = Limits.paced([0, 20].reduce(slow, Limits.fresh), 500, 1000, noon + 40)
    const pace = [60, 80, 100].reduce(slow, once)
    expect(kindOf({ restsWhenSlow: true }, { pace, now: noon + 100 })).toBeUndefined()
    expect(kindOf({ restsWhenSlow: true }, { pace: slow(pace, 120), now: noon + 120 })).toBe('slow')
  })
})
