// What a data set has been spent for and what is left of it, in numbers and words.
import type { Openings } from '../../workers/crypto/api.ts'

/** Largest limit that the vault takes. */
const mostOpenings = 100_000

/** Rounds that this data set may still be given to. */
export function left({ spent, held, limit }: Openings): number {
  return Math.max(0, limit - spent - held)
}

/** `3 of 200 openings spent`. */
export function words({ spent, limit }: Openings): string {
  return `${number.format(spent)} of ${number.format(limit)} openings spent`
}

/** What has to be said of a task of so many rounds before anybody agrees; empty where there is room for all of them. */
export function warning(openings: Openings, rounds: number): string {
  const room = left(openings)
  if (room === 0)
    return 'No opening is left, so you cannot agree to this task. Decline, or raise the limit under Contribute data first.'
  if (room >= rounds) return ''
  return `Only ${counted(room)} left: after ${room === 1 ? 'one round' : `${room} rounds`} this device stops. Rounds that it does not deliver are not paid.`
}

/** A limit as somebody typed it; undefined where it is none. */
export function parseLimit(text: string): number | undefined {
  const digits = text.trim().replaceAll(/[\s,]/g, '')
  if (!/^\d{1,6}$/.test(digits)) return undefined
  return Number(digits) <= mostOpenings ? Number(digits) : undefined
}

const number = new Intl.NumberFormat('en')

function counted(openings: number): string {
  return openings === 1 ? 'one opening is' : `${number.format(openings)} openings are`
}
