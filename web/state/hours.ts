// The hours of an offer as a person sets and reads them: in local time, one stretch of the day.
import * as Hours from '../../protocol/hours.ts'

const hourOf = (hour: number, offset: number): string => {
  const minutes = (((hour * 60 + offset) % 1440) + 1440) % 1440
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
}

/** Minutes by which local time is ahead of UTC. */
export function localOffset(at = new Date()): number {
  return -at.getTimezoneOffset()
}

/** Beginnings of hours, by local time; the value is the hour of UTC. */
export function options(offset: number): readonly { readonly value: string; readonly text: string }[] {
  return Array.from({ length: 24 }, (_, hour) => ({
    value: String(hour),
    text: hourOf(hour, offset),
  })).toSorted((a, b) => (a.text < b.text ? -1 : 1))
}

/** `at all hours`, `from 22:00 to 06:00`. */
export function words(hours: Hours.Hours, offset: number): string {
  if (hours === Hours.always) return 'at all hours'
  const bounds = Hours.bounds(hours)
  if (bounds === undefined) return hours === 0 ? 'at no hour' : 'at some hours of the day'
  return `from ${hourOf(bounds.from, offset)} to ${hourOf(bounds.until, offset)}`
}
