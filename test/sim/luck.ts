// Every chance in a simulation comes from one seeded generator, so that a seed replays it.
import * as Prng from '../../protocol/prng.ts'

export type Luck = {
  /** True with this probability. */
  odds(probability: number): boolean
  /** Uniform in [low, high). */
  between(low: number, high: number): number
  /** Uniform integer in [low, high]. */
  whole(low: number, high: number): number
  pick<item>(items: readonly item[]): item
}

/** Different `streams` give unrelated courses under one seed. */
export function from(seed: number, ...streams: readonly number[]): Luck {
  const prng = Prng.from(seed, ...streams)
  const between = (low: number, high: number) => low + (high - low) * Prng.unit(prng)
  const whole = (low: number, high: number) => Math.floor(between(low, high + 1))
  return {
    odds: (probability) => Prng.unit(prng) < probability,
    between,
    whole,
    pick: (items) => {
      const item = items[whole(0, items.length - 1)]
      if (item === undefined) throw new RangeError('nothing to pick from')
      return item
    },
  }
}
