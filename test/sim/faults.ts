// What goes wrong in a run. Each kind of fault has a course of its own, so that one fault can be taken out of a run
// without moving the others: what struck is known by its kind and how many chances of that kind came before.
import * as Keys from './keys.ts'
import * as Luck from './luck.ts'
import type { Odds, Weather } from './scenario.ts'

export type Faults = {
  /** Whether the next chance of this kind strikes; `part` scales its odds. */
  strikes(kind: keyof Odds, part?: number): boolean
  /** Whether it strikes this subject: the same however often it is asked. */
  befalls(kind: keyof Odds, subject: string): boolean
  /** Every fault that struck, in its order. */
  readonly struck: ReadonlySet<string>
}

/** `only` names the faults that may strike; every other is spared. */
export function open(seed: number, weather: Weather, only?: ReadonlySet<string>): Faults {
  const courses = new Map<keyof Odds, { readonly luck: Luck.Luck; chances: number }>()
  const known = new Map<string, boolean>()
  const struck = new Set<string>()

  function record(name: string): boolean {
    if (only !== undefined && !only.has(name)) return false
    struck.add(name)
    return true
  }

  return {
    struck,
    strikes: (kind, part = 1) => {
      const odds = weather[kind] * part
      if (odds === 0) return false
      const course = courses.get(kind) ?? { luck: Luck.from(seed, numberOf(kind)), chances: 0 }
      courses.set(kind, course)
      course.chances += 1
      return course.luck.odds(odds) && record(`${kind} ${course.chances}`)
    },
    befalls: (kind, subject) => {
      if (weather[kind] === 0) return false
      const name = `${kind} of ${subject}`
      const before = known.get(name)
      if (before !== undefined) return before
      const strikes = Luck.from(seed, numberOf(name)).odds(weather[kind]) && record(name)
      known.set(name, strikes)
      return strikes
    },
  }
}

function numberOf(name: string): number {
  return parseInt(Keys.hash(name).slice(0, 8), 16)
}
