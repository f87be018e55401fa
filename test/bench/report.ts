// What a part of the benchmark reports, one shape for all of them.

/** Parts that `npm run bench` knows, by the names it takes. */
export const parts = ['encryption'] as const
export type Part = (typeof parts)[number]

export type Row = {
  readonly group: string
  readonly name: string
  readonly unit: string
  /** Median over repetitions, and its least and most; all equal where nothing varies. */
  readonly median: number
  readonly least: number
  readonly most: number
  /** The median may be no more than this; absent where nobody set a limit. */
  readonly limit?: number
}

export type Report = {
  readonly sizes: Readonly<Record<string, number>>
  readonly rows: readonly Row[]
}

/** `small` proves that everything runs; what it measures says nothing. */
export type Scale = 'full' | 'small'

export type Bench = {
  run(part: Part, scale: Scale, progress: (line: string) => void): Promise<Report>
  /** The machine as a page sees it. */
  machine(): Promise<{ readonly adapter: string; readonly isolated: boolean }>
}

declare global {
  /** On the benchmark's page. */
  var bench: Pick<Bench, 'machine'> & { run(part: Part, scale: Scale): Promise<Report> }
}

export function isBroken({ median, limit }: Row): boolean {
  return limit !== undefined && !(median <= limit)
}

/** A row of repeated measurements. */
export function row(
  group: string,
  name: string,
  unit: string,
  found: readonly number[],
  limit?: number,
): Row {
  const sorted = found.toSorted((a, b) => a - b)
  const upper = sorted[sorted.length >> 1] ?? NaN
  const lower = sorted[(sorted.length - 1) >> 1] ?? NaN
  return {
    group,
    name,
    unit,
    median: (lower + upper) / 2,
    least: sorted[0] ?? NaN,
    most: sorted.at(-1) ?? NaN,
    ...(limit === undefined ? {} : { limit }),
  }
}
