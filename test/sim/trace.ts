// What was said and done in a run, a line each, so that a failure can be read.

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
