// What a part of the benchmark reports, one shape for all of them.

/** Parts that `npm run bench` knows, by the names it takes, in the order in which it runs all of them. */
export const parts = ['training', 'matmul', 'encryption', 'commitments', 'proof', 'ui'] as const
export type Part = (typeof parts)[number]

export type Row = {
  readonly group: string
  readonly name: string
  readonly unit: string
  /** Median over repetitions, and its least and most; all equal where nothing varies, NaN where nothing was found. */
  readonly median: number
  readonly least: number
  readonly most: number
  /** The median may be no more than this; absent where nobody set a limit. */
  readonly limit?: number
  /** The median may be no less than this. */
  readonly floor?: number
  /** What has to be known to read the row; absent where its name says all. */
  readonly note?: string
}

export type Report = {
  readonly sizes: Readonly<Record<string, number>>
  readonly rows: readonly Row[]
}

/** `small` proves that everything runs; what it measures says nothing. */
export type Scale = 'full' | 'small'

/** The machine as a page sees it. */
export type Seen = {
  /** In the browser's words, and in ours where it is a processor that poses as a GPU. */
  readonly adapter: string
  readonly isolated: boolean
}

export type Bench = {
  /** Every part but `ui`, which is measured where the page itself runs. */
  run(part: Exclude<Part, 'ui'>, scale: Scale, progress: (line: string) => void): Promise<Report>
  machine(): Promise<Seen>
}

declare global {
  /** On the benchmark's page. */
  var bench: Pick<Bench, 'machine'> & { run(part: Part, scale: Scale): Promise<Report> }
  /** Presses a key as a person would, from outside of the page; whoever drives the browser gives it. */
  var pressKey: () => Promise<void>
}

export function isBroken({ median, limit, floor }: Row): boolean {
  return (limit !== undefined && !(median <= limit)) || (floor !== undefined && !(median >= floor))
}

/** A row of repeated measurements. */
export function row(
  group: string,
  name: string,
  unit: string,
  found: readonly number[],
  limit?: number,
): Row {
  return {
    group,
    name,
    unit,
    median: median(found),
    least: found.length === 0 ? NaN : Math.min(...found),
    most: found.length === 0 ? NaN : Math.max(...found),
    ...(limit === undefined ? {} : { limit }),
  }
}

/** The same with a limit from below, where there is one. */
export function atLeast(row: Row, floor: number | undefined): Row {
  return floor === undefined ? row : { ...row, floor }
}

/** The same with what has to be known, where there is something. */
export function noted(row: Row, note: string | undefined): Row {
  return note === undefined || note === '' ? row : { ...row, note }
}

export function median(found: readonly number[]): number {
  const sorted = found.toSorted((a, b) => a - b)
  const upper = sorted[sorted.length >> 1] ?? NaN
  const lower = sorted[(sorted.length - 1) >> 1] ?? NaN
  return (lower + upper) / 2
}
