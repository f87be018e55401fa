// A product of two matrices that lie anywhere in their buffers, each thread with a tile of it in registers.
import * as Kernel from './kernel.ts'

/** Rows and columns of the product that a thread computes. */
export type Tile = { readonly rows: number; readonly columns: number }

export type Product = {
  readonly label: string
  readonly bindings: readonly Kernel.Binding[]
  /** WGSL functions `rowAt(row, part)`, `columnAt(column)` and `store`. */
  readonly functions: string
  readonly tile: Tile
  readonly workgroup: number
  /** WGSL, and its value. */
  readonly rows: { readonly text: string; readonly most: (samples: number) => number }
  readonly columns: number
  /** The whole is computed so many times, or each part of its sums for itself. */
  readonly parts: number
  /** WGSL: `leftAt` and `rightAt` of each part's sum start here, or for each `outer` of several such sums. */
  readonly start: { readonly left: string; readonly right: string }
  /** WGSL: the sums are as many as there are values from `from` to below `to` for which `valid` holds. */
  readonly outer?: { readonly from: string; readonly to: string; readonly valid?: string }
  /** Values of a sum, and what is known of them. */
  readonly inner: number | { readonly text: string }
  /** Between two values of the inner sum. */
  readonly steps: { readonly left: number; readonly right: number }
  /** Stores the sums of the right as a last row, as if a row of ones stood on the left. */
  readonly ones?: true
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
  const u = unrolled(of)
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
    ...loops(of, u, [
      ...range(u).flatMap((k) => across.map((c) => `let right${k}_${c} = ${right(of, u, k, c)};`)),
      ...rows.flatMap((r) => [
        ...range(u).map((k) => `let left${r}_${k} = left[leftAt + ${k * of.steps.left}u + row${r}];`),
        ...across.map((c) => {
          const sum = `sum${r}_${c}`
          return `${sum} = ${range(u).reduce((text, k) => `fma(left${r}_${k}, right${k}_${c}, ${text})`, sum)};`
        }),
      ]),
    ]),
    ...stores(of),
    ...(of.ones ? ones(of) : []),
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
export function tile(rows: number, columns: number, threads: number, most: number, window = 1): Tile {
  const wide = fitting(columns, Math.max(1, Math.min(8, Math.floor(64 / window))))
  const high = window === 1 ? fitting(rows, most) : window * Math.max(1, Math.floor(most / window))
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

/** The sums, the inner one unrolled: `body` adds what lies at the next `u` places of `leftAt` and `rightAt`. */
function loops(of: Product, u: number, body: readonly string[]): readonly string[] {
  const { inner, steps, start, outer } = of
  const sum = [
    `var leftAt = ${start.left};`,
    `var rightAt = ${start.right};`,
    ...(inner === u
      ? body
      : [
          `for (var inner = 0u; inner < ${length(inner)}; inner += ${u}u) {`,
          ...body,
          `leftAt += ${u * steps.left}u;`,
          `rightAt += ${u * steps.right}u;`,
          '}',
        ]),
  ]
  if (outer === undefined) return ['{', ...sum, '}']
  return [
    `for (var outer = ${outer.from}; outer < ${outer.to}; outer++) {`,
    ...(outer.valid === undefined ? [] : [`if (!(${outer.valid})) { continue; }`]),
    ...sum,
    '}',
  ]
}

function length(inner: Product['inner']): string {
  return typeof inner === 'number' ? `${inner}u` : inner.text
}

/** Sums are read and written once for so many products; as many loads as there would be then take long to compile. */
function unrolled({ inner, tile }: Product): number {
  const most = tile.rows * tile.columns > 64 ? 5 : 8
  if (typeof inner !== 'number') return most
  if (inner <= most) return inner
  return (
    range(most - 3)
      .map((i) => most - i)
      .find((u) => inner % u === 0) ?? 4
  )
}

/** Nothing where the unrolled sum goes past the end. */
function right({ inner, steps }: Product, u: number, k: number, c: number): string {
  const value = `right[rightAt + ${k * steps.right}u + column${c}]`
  const exact = typeof inner === 'number' && inner % u === 0
  return exact ? value : `select(0f, ${value}, inner + ${k}u < ${length(inner)})`
}

function ones(of: Product): readonly string[] {
  const across = range(of.tile.columns)
  return [
    'if (row == 0u) {',
    ...across.map((c) => `var total${c} = 0f;`),
    ...loops(
      of,
      1,
      across.map((c) => `total${c} += ${right(of, 1, 0, c)};`),
    ),
    ...across.map(
      (c) =>
        `if (column + ${c}u < ${of.columns}u) { store(${of.rows.text}, column + ${c}u, part, total${c}); }`,
    ),
    '}',
  ]
}

/** Sums go through an array, since code for each of them would take long to compile. */
function stores({ tile, columns, rows, window }: Product): readonly string[] {
  const count = tile.rows * tile.columns
  const sums = range(count).map((i) => `sum${Math.floor(i / tile.columns)}_${i % tile.columns}`)
  const loop = (length: number, body: string) => [
    `var sums = array<f32, ${count}>(${sums.join(', ')});`,
    `for (var i = 0u; i < ${length}u; i++) {`,
    `let x = column + i % ${tile.columns}u;`,
    `let y = row + i / ${tile.columns}u * ${window ?? 1}u;`,
    `if (y >= ${rows.text} || x >= ${columns}u) { continue; }`,
    body,
    '}',
  ]
  if (window === undefined) return loop(count, 'store(y, x, part, sums[i]);')
  return loop(
    count / window,
    `let first = i / ${tile.columns}u * ${window * tile.columns}u + i % ${tile.columns}u;
var best = sums[first];
var winner = 0u;
for (var j = 1u; j < ${window}u; j++) {
  let sum = sums[first + j * ${tile.columns}u];
  if (sum > best) { best = sum; winner = j; }
}
store(y / ${window}u, x, best, winner);`,
  )
}

function range(length: number): readonly number[] {
  return Array.from({ length }, (_, i) => i)
}
