// The hours of a day at which somebody is there: a bit for each of the 24 hours of UTC, the lowest for midnight to one.
import * as v from 'valibot'
import { count } from './codec.ts'

export type Hours = number

export const always: Hours = 0xff_ffff

export const schema = v.pipe(count, v.maxValue(always, 'expected a bit for each of 24 hours'))

/** Whether the time (Unix seconds) is in one of them. */
export function includes(hours: Hours, now: number): boolean {
  return ((hours >> hourOf(now)) & 1) === 1
}

/** From the beginning of one hour to the beginning of another, over midnight where it has to be; all where they are the same. */
export function between(from: number, until: number): Hours {
  if (from === until) return always
  let hours = 0
  for (let hour = from; hour !== until; hour = (hour + 1) % 24) hours |= 1 << hour
  return hours
}

/** The two hours of `between`; undefined for hours that are not one stretch. */
export function bounds(hours: Hours): { readonly from: number; readonly until: number } | undefined {
  if (hours === always) return { from: 0, until: 0 }
  const has = (hour: number) => ((hours >> ((hour + 24) % 24)) & 1) === 1
  const all = Array.from({ length: 24 }, (_, hour) => hour)
  const starts = all.filter((hour) => has(hour) && !has(hour - 1))
  const ends = all.filter((hour) => !has(hour) && has(hour - 1))
  const [from, until] = [starts[0], ends[0]]
  return starts.length !== 1 || from === undefined || until === undefined ? undefined : { from, until }
}

function hourOf(now: number): number {
  return Math.floor(now / 3600) % 24
}
