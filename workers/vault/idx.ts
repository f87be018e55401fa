// Imports the IDX format of MNIST: one file of pictures and one of labels, http://yann.lecun.com/exdb/mnist.
import { BaseError } from '../../protocol/errors.ts'
import * as DataSet from '../../protocol/dataSet.ts'
import * as Schema from '../../protocol/schema.ts'
import * as Bytes from './bytes.ts'
import type { Sample } from './sample.ts'

type Header = {
  readonly count: number
  /** Size of one item; empty for labels. */
  readonly shape: readonly number[]
}

/** IDX's code for unsigned bytes. */
const unsignedBytes = 0x08

/** Takes the two files in either order. */
export async function* samples(
  schema: Schema.Schema,
  files: readonly [File, File],
  counted: (total: number) => void,
): AsyncGenerator<Sample> {
  const readers = [await Bytes.open(files[0]), await Bytes.open(files[1])] as const
  try {
    const headers = [
      await header(files[0].name, readers[0]),
      await header(files[1].name, readers[1]),
    ] as const
    const swapped = headers[0].shape.length < headers[1].shape.length
    const at = swapped ? ([1, 0] as const) : ([0, 1] as const)
    const [pictures, labels] = [headers[at[0]], headers[at[1]]]
    const [pictureFile, labelFile] = [files[at[0]], files[at[1]]]
    check(schema, pictures, pictureFile.name, labels, labelFile.name)
    counted(pictures.count)
    const size = pictures.shape.reduce((product, side) => product * side, 1)
    const classes = Schema.classes(schema)
    for (let done = 0; done < pictures.count; done += DataSet.shardSize) {
      const count = Math.min(DataSet.shardSize, pictures.count - done)
      const pixels = await exactly(readers[at[0]], count * size, pictureFile.name)
      const names = await exactly(readers[at[1]], count, labelFile.name)
      for (let i = 0; i < count; i++) {
        const label = names[i] ?? 0
        if (label >= classes) {
          throw new FormatError(
            labelFile.name,
            `label ${done + i + 1} is ${label}, expected 0 to ${classes - 1}`,
          )
        }
        yield { features: pixels.subarray(i * size, (i + 1) * size), label }
      }
    }
    for (const index of [0, 1] as const) {
      const rest = await readers[index].read(1)
      if (rest.length > 0) throw new FormatError(files[index].name, 'it is longer than its header says')
    }
  } finally {
    await readers[0].close()
    await readers[1].close()
  }
}

async function header(name: string, reader: Bytes.Reader): Promise<Header> {
  const magic = await reader.read(4)
  const [zero, alsoZero, type, dimensions] = magic
  if (
    magic.length < 4 ||
    zero !== 0 ||
    alsoZero !== 0 ||
    dimensions === undefined ||
    dimensions < 1 ||
    dimensions > 4
  ) {
    throw new FormatError(name, 'it does not start as an IDX file does')
  }
  if (type !== unsignedBytes) throw new FormatError(name, 'it does not hold unsigned bytes')
  const bytes = await exactly(reader, 4 * dimensions, name)
  const view = new DataView(bytes.buffer)
  const sizes = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 * i))
  const [count, ...shape] = sizes
  if (count === undefined || count === 0) throw new FormatError(name, 'it holds nothing')
  return { count, shape }
}

function check(
  schema: Schema.Schema,
  pictures: Header,
  pictureName: string,
  labels: Header,
  labelName: string,
): void {
  if (labels.shape.length > 0) throw new FormatError(labelName, 'one of the two files must hold labels')
  const [feature] = schema.features
  if (schema.label.kind !== 'classes' || schema.features.length !== 1 || feature?.dtype !== 'uint8') {
    throw new FormatError(pictureName, `IDX files cannot hold "${schema.title}"`)
  }
  if (pictures.shape.join() !== feature.shape.join()) {
    const expected = feature.shape.join(' × ')
    const found = pictures.shape.length === 0 ? 'labels' : `items of ${pictures.shape.join(' × ')}`
    throw new FormatError(pictureName, `it holds ${found}, expected items of ${expected}`)
  }
  if (pictures.count !== labels.count) {
    throw new FormatError(
      labelName,
      `it has ${labels.count} labels for the ${pictures.count} items of ${pictureName}`,
    )
  }
}

async function exactly(reader: Bytes.Reader, count: number, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await reader.read(count)
  if (bytes.length < count) throw new FormatError(name, 'it is cut short')
  return bytes
}

export class FormatError extends BaseError {
  override readonly name = 'Idx.FormatError'
  constructor(file: string, what: string) {
    super({
      message: `${file} is not a usable IDX file: ${what}.`,
      advice: 'Choose the file of pictures and the file of labels that belong together.',
      safe: 'Nothing was imported and nothing was lost.',
    })
  }
}
