// Imports pictures, one file each; the class is what the file name starts with, as in `7_0001.png` or `cat-3.jpg`.
import { BaseError } from '../../protocol/errors.ts'
import * as Schema from '../../protocol/schema.ts'
import type { Sample } from './sample.ts'

export async function* samples(
  schema: Schema.Schema,
  files: readonly File[],
  counted: (total: number) => void,
): AsyncGenerator<Sample> {
  const [feature] = schema.features
  if (schema.kind !== 'image' || schema.label.kind !== 'classes' || feature?.dtype !== 'uint8') {
    throw new PictureError(files[0]?.name ?? '', `"${schema.title}" does not hold pictures`)
  }
  const [height, width, channels] = feature.shape
  if (height === undefined || width === undefined)
    throw new PictureError(files[0]?.name ?? '', 'the schema has no size')
  counted(files.length)
  for (const file of files) {
    const label = classOf(file.name, schema.label.classes)
    if (label === -1) throw new LabelError(file.name, schema.label.classes)
    yield { features: await pixels(file, height, width, channels ?? 1), label }
  }
}

/** The longest class that the name starts with and that no letter or digit continues; -1 for none. */
export function classOf(file: string, classes: readonly string[]): number {
  const name = file.split('/').at(-1)?.toLowerCase() ?? ''
  let found = -1
  let longest = 0
  classes.forEach((each, index) => {
    const start = each.toLowerCase()
    const rest = name.slice(start.length)
    if (start.length > longest && name.startsWith(start) && !/^[\p{L}\p{N}]/u.test(rest)) {
      found = index
      longest = start.length
    }
  })
  return found
}

/** Row by row; one channel is the luminance of ITU-R BT.601, over black where the picture is transparent. */
async function pixels(file: File, height: number, width: number, channels: number): Promise<Uint8Array> {
  const bitmap = await createImageBitmap(file).catch((cause: unknown) => {
    throw new PictureError(file.name, 'it is not a picture that this browser can read', cause)
  })
  try {
    if (bitmap.width !== width || bitmap.height !== height) {
      throw new SizeError(file.name, `${bitmap.width} × ${bitmap.height}`, `${width} × ${height}`)
    }
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })
    if (!context) throw new PictureError(file.name, 'this browser cannot draw it')
    context.fillStyle = '#000'
    if (channels < 4) context.fillRect(0, 0, width, height)
    context.drawImage(bitmap, 0, 0)
    const { data: rgba } = context.getImageData(0, 0, width, height)
    const out = new Uint8Array(height * width * channels)
    for (let i = 0; i < height * width; i++) {
      const [red, green, blue, alpha] = [
        rgba[4 * i] ?? 0,
        rgba[4 * i + 1] ?? 0,
        rgba[4 * i + 2] ?? 0,
        rgba[4 * i + 3] ?? 0,
      ]
      const values =
        channels === 1 ? [Math.round(0.299 * red + 0.587 * green + 0.114 * blue)] : [red, green, blue, alpha]
      for (let channel = 0; channel < channels; channel++) out[i * channels + channel] = values[channel] ?? 0
    }
    return out
  } finally {
    bitmap.close()
  }
}

const safe = 'Nothing was imported and nothing was lost.'

export class SizeError extends BaseError {
  override readonly name = 'Images.SizeError'
  constructor(file: string, found: string, expected: string) {
    super({
      message: `${file} is ${found} pixels, expected ${expected}.`,
      advice: 'Resize or leave out that picture, then import again.',
      safe,
    })
  }
}

export class LabelError extends BaseError {
  override readonly name = 'Images.LabelError'
  constructor(file: string, classes: readonly string[]) {
    super({
      message: `The name of ${file} does not start with a class.`,
      advice: `Start each file's name with one of: ${classes.slice(0, 12).join(', ')}, as in ${classes[0] ?? ''}_1.png.`,
      safe,
    })
  }
}

export class PictureError extends BaseError {
  override readonly name = 'Images.PictureError'
  constructor(file: string, what: string, cause?: unknown) {
    super({
      message: `${file} cannot be imported: ${what}.`,
      advice: 'Leave it out and import again.',
      safe,
      cause,
    })
  }
}
