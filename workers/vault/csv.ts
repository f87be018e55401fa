// Imports a table: one CSV with a header whose columns are those of the schema, in any order.
import Papa from 'papaparse'
import { BaseError } from '../../protocol/errors.ts'
import * as Schema from '../../protocol/schema.ts'
import type { Sample } from './sample.ts'

/** Text is parsed in memory. */
const maximumBytes = 128 * 1024 * 1024

type Column = {
  readonly name: string
  /** Index in a row of the file. */
  readonly at: number
  /** NaN for an empty cell that may be empty; undefined with a reason for a bad one. */
  readonly parse: (cell: string) => number | { readonly expected: string }
}

/** An empty cell is a missing value, except for labels and for features stored as bytes. */
export async function* samples(
  schema: Schema.Schema,
  file: File,
  counted: (total: number) => void,
): AsyncGenerator<Sample> {
  if (file.size > maximumBytes) throw new FormatError(file.name, 'it is larger than 128 MiB')
  const parsed = Papa.parse<string[]>(await file.text(), { skipEmptyLines: 'greedy' })
  const broken = parsed.errors.find((error) => error.type === 'Quotes')
  if (broken) throw new FormatError(file.name, `row ${(broken.row ?? 0) + 1}: ${broken.message}`)
  const [names, ...rows] = parsed.data
  if (!names || rows.length === 0) throw new FormatError(file.name, 'it needs a header and at least one row')
  const found = names.map((name) => name.replace(/^\uFEFF/, '').trim())
  const columns = arrange(schema, file.name, found)
  counted(rows.length)
  for (const [index, row] of rows.entries()) {
    if (row.length !== found.length) {
      throw new FormatError(file.name, `row ${index + 2} has ${row.length} cells, expected ${found.length}`)
    }
    const values = columns.map((column) => {
      const cell = (row[column.at] ?? '').trim()
      const value = column.parse(cell)
      if (typeof value === 'number') return value
      throw new CellError(file.name, index + 2, column.name, cell === '', value.expected)
    })
    yield { features: values.slice(0, -1), label: values.at(-1) ?? Number.NaN }
  }
}

/** The schema's columns with the label last, each with its place in the file. */
function arrange(schema: Schema.Schema, file: string, found: readonly string[]): readonly Column[] {
  const expected = Schema.columns(schema)
  const missing = expected.filter((name) => !found.includes(name))
  const unknown = found.filter((name) => !expected.includes(name))
  const repeated = found.filter((name, index) => found.indexOf(name) !== index)
  const wrong = [
    ...(missing.length > 0 ? [`${listed(missing)} missing`] : []),
    // Not by name: in a file without a header these are the cells of a row, and errors leave the vault.
    ...(unknown.length > 0 ? [`${unknown.length} not in the schema`] : []),
    ...(repeated.length > 0 ? [`${repeated.length} repeated`] : []),
  ]
  if (wrong.length > 0) throw new ColumnsError(file, wrong.join(', '), expected)
  const parsers = [
    ...schema.features.flatMap((feature) => {
      const parse =
        feature.dtype === 'category' ? word(feature.categories, true) : number(feature.range, feature.dtype)
      return new Array<Column['parse']>(Schema.featureWidth(feature)).fill(parse)
    }),
    schema.label.kind === 'classes' ? word(schema.label.classes, false) : target(schema.label.range),
  ]
  return expected.flatMap((name, index): Column[] => {
    const parse = parsers[index]
    return parse ? [{ name, at: found.indexOf(name), parse }] : []
  })
}

type Range = { readonly minimum: number; readonly maximum: number }

function number(range: Range, dtype: 'uint8' | 'float32'): Column['parse'] {
  const bytes = dtype === 'uint8'
  const kind = bytes ? 'a whole number' : 'a number'
  const expected = `${kind} from ${range.minimum} to ${range.maximum}`
  return (cell) => {
    if (cell === '') return bytes ? { expected } : Number.NaN
    const value = Number(cell)
    const fits = value >= range.minimum && value <= range.maximum && (!bytes || Number.isInteger(value))
    return fits ? value : { expected }
  }
}

function target(range: Range): Column['parse'] {
  const parse = number(range, 'float32')
  return (cell) =>
    cell === '' ? { expected: `a number from ${range.minimum} to ${range.maximum}` } : parse(cell)
}

function word(words: readonly string[], mayMiss: boolean): Column['parse'] {
  return (cell) => {
    if (cell === '' && mayMiss) return Number.NaN
    const index = words.indexOf(cell)
    return index === -1 ? { expected: `one of ${listed(words)}` } : index
  }
}

function listed(words: readonly string[]): string {
  const shown = words.slice(0, 8).map((each) => `"${each}"`)
  return words.length > 8 ? `${shown.join(', ')} and ${words.length - 8} more` : shown.join(', ')
}

const safe = 'Nothing was imported and nothing was lost.'

export class ColumnsError extends BaseError {
  override readonly name = 'Csv.ColumnsError'
  constructor(file: string, what: string, expected: readonly string[]) {
    super({
      message: `${file} has the wrong columns: ${what}.`,
      advice: `Its first row must name the columns ${listed(expected)}.`,
      safe,
    })
  }
}

export class CellError extends BaseError {
  override readonly name = 'Csv.CellError'
  /** Says where and what was expected, never what the cell holds: errors leave the vault. */
  constructor(file: string, row: number, column: string, isEmpty: boolean, expected: string) {
    super({
      message: `${file}, row ${row}, column ${column}: the cell is ${isEmpty ? 'empty' : 'not valid'}, expected ${expected}.`,
      advice: 'Correct or delete that row (the header is row 1) and import the file again.',
      safe,
    })
  }
}

export class FormatError extends BaseError {
  override readonly name = 'Csv.FormatError'
  constructor(file: string, what: string) {
    super({
      message: `${file} is not a usable CSV file: ${what}.`,
      advice: 'Correct it and import it again.',
      safe,
    })
  }
}
