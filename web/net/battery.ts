// The device's battery, where the browser tells of it; several do not, and then nobody knows.
import * as v from 'valibot'

export type Battery = {
  /** Per cent. */
  readonly level: number
  /** Or full, or without a battery at all. */
  readonly charging: boolean
}

const manager = v.object({ level: v.number(), charging: v.boolean() })

/** Looks at the battery; undefined where this browser tells nothing. */
export async function find(): Promise<(() => Battery) | undefined> {
  const ask: unknown = Reflect.get(navigator, 'getBattery')
  if (typeof ask !== 'function') return undefined
  try {
    const found: unknown = await Reflect.apply(ask, navigator, [])
    if (!v.is(manager, found)) return undefined
    return () => ({ level: Math.round(100 * found.level), charging: found.charging })
  } catch {
    return undefined
  }
}
