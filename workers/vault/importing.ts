// Picks the importer for the files that a person chose.
import { BaseError } from '../../protocol/errors.ts'
import type * as Schema from '../../protocol/schema.ts'
import * as Csv from './csv.ts'
import * as Idx from './idx.ts'
import * as Images from './images.ts'
import type { Sample } from './sample.ts'

/** Samples of the schema; `counted` is called once, with how many there will be. */
export function samples(
  schema: Schema.Schema,
  files: readonly File[],
  counted: (total: number) => void,
): AsyncIterable<Sample> {
  const [first, second] = files
  if (!first) throw new FilesError('no file was chosen')
  if (files.length === 1 && isTable(first)) return Csv.samples(schema, first, counted)
  if (files.every(isPicture)) return Images.samples(schema, files, counted)
  if (second && files.length === 2 && !files.some((file) => isTable(file) || isPicture(file))) {
    return Idx.samples(schema, [first, second], counted)
  }
  throw new FilesError(`${files.length} files (${first.name}${second ? ', …' : ''}) are none of these`)
}

function isTable(file: File): boolean {
  return file.type === 'text/csv' || /\.csv$/i.test(file.name)
}

function isPicture(file: File): boolean {
  return file.type.startsWith('image/') || /\.(png|jpe?g|webp|gif|bmp|avif)$/i.test(file.name)
}

export class FilesError extends BaseError {
  override readonly name = 'Importing.FilesError'
  constructor(what: string) {
    super({
      message: `These files cannot be imported: ${what}.`,
      advice: 'Choose the two IDX files of pictures and labels, one CSV, or only pictures.',
      safe: 'Nothing was imported and nothing was lost.',
    })
  }
}
