// A process that runs seeds for main.ts: told what to do by messages, it answers each with a report.
import type { Report, Settings, Shrunk } from './seed.ts'
import { without } from './without/hooks.ts'

/** What every runner is started with, as JSON in its only argument. */
export type Start = { readonly without: readonly string[]; readonly settings: Settings }

export type Order = { readonly seed: number; readonly isToShrink: boolean }
export type Answer =
  | { readonly seed: number; readonly report: Report }
  | { readonly seed: number; readonly shrunk: Shrunk | null }

const start: Start = JSON.parse(process.argv[2] ?? '')
without(start.without)
const Seed = await import('./seed.ts')

process.on('message', ({ seed, isToShrink }: Order) => {
  const answer: Answer = isToShrink
    ? { seed, shrunk: Seed.shrink(seed, start.settings) ?? null }
    : { seed, report: Seed.run(seed, start.settings) }
  process.send?.(answer)
})
