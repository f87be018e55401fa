// A product of two matrices that lie anywhere in their buffers, each thread with a tile of it in registers.
import * as Kernel from './kernel.ts'

/** Rows and columns of the product that a thread computes. */
export type Tile = { readonly rows: number; readonly columns: number }

export type Product = {
  readonly label: string
  readonly bindings: readonly Kernel.Binding[]
  /** WGSL functions `rowAt(row, part)`, `columnAt(column)`, `outerLeft(outer, part)`, `outerRight(outer, part)`, `store`. */
  readonly functions: string
  readonly tile: Tile
  readonly workgroup: number
  /** WGSL, and its value. */
  readonly rows: { readonly text: string; readonly most: (samples: number) => number }
  readonly columns: number
  /** The whole is computed so many times, or each part of its sums for itself. */
  readonly parts: number
  /** WGSL: sums go over `outer` from `from` to below `to`, where `valid`, and over `inner` from 0. */
  readonly from: string
  readonly to: string
  readonly valid?: string
  readonly inner: number
  /** Between two values of the inner sum. */
  readonly steps: { readonly left: number; readonly right: number }
  /** A row of ones on the left, instead of values. */
  readonly ones?: number
  /** Rows of which the first largest is stored, with its number: `store(window, column, value, winner)`. */
  readonly window?: number
}

/** Reads `left` and `right`; calls `store(row, column, part, value)` for each value of the product. */
export function product(of: Product): Kernel.Kernel {
  const { tile, columns, parts } = of
  const blocks = Math.ceil(columns / tile.columns)
  const rows = range(tile.rows)
  const across = range(tile.columns)
  const exact = columns % tile.columns === 0
  const lines = [
    `let column = (thread % ${blocks}u) * ${tile.columns}u;`,
    `let rowBlocks = (${of.rows.text} + ${tile.rows - 1}u) / ${tile.rows}u;`,
    `let row = ((thread / ${blocks}u) % rowBlocks) * ${tile.rows}u;`,
    `let part = thread / ${blocks}u / rowBlocks;`,
    `if (part >= ${parts}u) { return; }`,
    `let lastRow = ${of.rows.text} - 1u;`,
    ...rows.map((r) => `let row${r} = rowAt(min(row + ${r}u, lastRow), part);`),
    ...across.map(
      (c) =>
        `let column${c} = columnAt(${exact ? `column + ${c}u` : `min(column + ${c}u, ${columns - 1}u)`});`,
    ),
    ...rows.flatMap((r) => across.map((c) => `var sum${r}_${c} = 0f;`)),
    `for (var outer = ${of.from}; outer < ${of.to}; outer++) {`,
    ...(of.valid === undefined ? [] : [`if (!(${of.valid})) { continue; }`]),
    'var leftAt = outerLeft(outer, part);',
    'var rightAt = outerRight(outer, part);',
    `for (var inner = 0u; inner < ${of.inner}u; inner++) {`,
    ...across.map((c) => `let right${c} = right[rightAt + column${c}];`),
    ...rows.flatMap((r) => [
      `let left${r} = ${ones(of, r, `left[leftAt + row${r}]`)};`,
      ...across.map((c) => `sum${r}_${c} = fma(left${r}, right${c}, sum${r}_${c});`),
    ]),
    `leftAt += ${of.steps.left}u;`,
    `rightAt += ${of.steps.right}u;`,
    '}',
    '}',
    ...(of.window === undefined ? stores(of) : windows(of, of.window)),
  ]
  return Kernel.kernel({
    label: of.label,
    bindings: of.bindings,
    before: of.functions,
    main: lines.join('\n'),
    threads: (samples) => blocks * Math.ceil(of.rows.most(samples) / tile.rows) * parts,
    workgroup: of.workgroup,
  })
}

/** The largest tile that wastes least and leaves work for so many threads; rows come in multiples of `window`. */
export function tile(rows: number, columns: number, threads: number, window = 1): Tile {
  const wide = fitting(columns, Math.max(1, Math.min(8, Math.floor(64 / window))))
  const high = window === 1 ? fitting(rows, 8) : window * Math.max(1, Math.floor(8 / window))
  const shrunk = (of: Tile): Tile => {
    if (Math.ceil(rows / of.rows) * Math.ceil(columns / of.columns) >= threads) return of
    const half = Math.ceil(of.rows / window / 2) * window
    if (half < of.rows && of.rows >= of.columns) return shrunk({ ...of, rows: half })
    if (of.columns > 1) return shrunk({ ...of, columns: Math.ceil(of.columns / 2) })
    return half < of.rows ? shrunk({ ...of, rows: half }) : of
  }
  return shrunk({ rows: high, columns: wide })
}

/** At most `most`, more than half of that where possible, so that the last tile is as full as can be. */
function fitting(length: number, most: number): number {
  if (length <= most) return length
  const waste = (edge: number) => Math.ceil(length / edge) * edge
  return range(most)
    .map((i) => most - i)
    .filter((edge) => edge > most / 2)
    .reduce((best, edge) => (waste(edge) < waste(best) ? edge : best))
}

function ones({ ones }: Product, row: number, value: string): string {
  return ones === undefined ? value : `select(${value}, 1f, row + ${row}u == ${ones}u)`
}

function stores({ tile, columns, rows }: Product): readonly string[] {
  return range(tile.rows).flatMap((r) => [
    `if (row + ${r}u < ${rows.text}) {`,
    ...range(tile.columns).map((c) =>
      guarded(tile, columns, c, `store(row + ${r}u, column + ${c}u, part, sum${r}_${c});`),
    ),
    '}',
  ])
}

function windows({ tile, columns, rows }: Product, window: number): readonly string[] {
  return range(tile.rows / window).flatMap((w) => [
    `if (row + ${w * window}u < ${rows.text}) {`,
    ...range(tile.columns).map((c) => {
      const first = w * window
      const others = range(window - 1).map((i) => {
        const sum = `sum${first + i + 1}_${c}`
        return `if (${sum} > best) { best = ${sum}; winner = ${i + 1}u; }`
      })
      const best = `var best = sum${first}_${c}; var winner = 0u; ${others.join(' ')}`
      const store = `store(row / ${window}u + ${w}u, column + ${c}u, best, winner);`
      return guarded(tile, columns, c, `{ ${best} ${store} }`)
    }),
    '}',
  ])
}

function guarded(tile: Tile, columns: number, c: number, statement: string): string {
  return columns % tile.columns === 0 ? statement : `if (column + ${c}u < ${columns}u) { ${statement} }`
}

function range(length: number): readonly number[] {
  return Array.from({ length }, (_, i) => i)
}
