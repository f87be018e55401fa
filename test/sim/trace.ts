// What was said and done in a run, a line each, so that a failure can be read.
import type * as Protocol from '../../protocol/market.ts'
import type * as Message from '../../protocol/message.ts'
import * as Record from '../../protocol/record.ts'

export type Trace = {
  /** `round` is 0 where it belongs to none. */
  add(seconds: number, who: string, what: string, round: number): void
  /** The lines that led to this breach: of the rounds that it names, or else the last ones. */
  readonly lines: (breach: string, most: number) => readonly string[]
}

type Line = { readonly text: string; readonly round: number }

/** Seconds are counted from the start of the run. */
export function start(from: number): Trace {
  const all: Line[] = []
  return {
    add: (seconds, who, what, round) => {
      const at = (seconds - from).toFixed(1).padStart(7)
      all.push({ text: `${at} s  ${who} ${what}`, round })
    },
    lines: (breach, most) => {
      const round = Number(/round (\d+)/.exec(breach)?.[1] ?? 0)
      const about = all.filter((line) => round === 0 || line.round === round || line.round === 0)
      return about.slice(-most).map(({ text }) => text)
    },
  }
}

/** A message in as many words as a line has. */
export function said(message: Message.Message): string {
  const { kind, body } = message
  if (kind === 'cohorts') return `cohorts of ${body.cohorts.map((cohort) => cohort.length).join(' and ')}`
  if (kind === 'recordProposed') return `recordProposed: ${setsOf(body.record)}`
  if (kind === 'encryptedUpdate') return `encryptedUpdate ${body.ciphertextRoot.slice(0, 8)}`
  if (kind === 'recordSigned') return `recordSigned ${body.record.slice(0, 8)}`
  if (kind !== 'unmask') return kind
  const seeds = body.shares.filter((share) => share.kind === 'seed').length
  return `unmask: shares of ${seeds} seeds and ${body.shares.length - seeds} keys`
}

export function told(event: Protocol.Event): string {
  return event.name === 'RoundCommitted'
    ? `tells RoundCommitted: ${setsOf(event.record)}`
    : `tells ${event.name}`
}

function setsOf(record: Record.Body): string {
  const sets = record.cohorts.map((cohort) => Record.seats(cohort & record.survivors).join(' '))
  return `record ${Record.hash(record).slice(0, 8)}, delivered by ${Record.seats(record.delivered).join(' ')}, opens ${sets.join(' and ')}`
}
