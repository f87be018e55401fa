// Reads a picked file front to back in exact portions, decompressing gzip on the way.
import { BaseError } from '../../protocol/errors.ts'

export type Reader = {
  /** The next `count` bytes, or fewer at the end of the file. */
  read(count: number): Promise<Uint8Array<ArrayBuffer>>
  /** Stops reading; needed unless the end was reached. */
  close(): Promise<void>
}

export async function open(file: Blob & { readonly name: string }): Promise<Reader> {
  const start = new Uint8Array(await file.slice(0, 2).arrayBuffer())
  const gzipped = start[0] === 0x1f && start[1] === 0x8b
  const stream = gzipped ? file.stream().pipeThrough(new DecompressionStream('gzip')) : file.stream()
  const source = stream.getReader()
  let held = new Uint8Array(0)
  return {
    async read(count) {
      const parts = [held]
      let length = held.length
      while (length < count) {
        const next = await source.read().catch((cause: unknown) => {
          throw new UnreadableError(file.name, gzipped, cause)
        })
        if (next.done) break
        parts.push(next.value)
        length += next.value.length
      }
      const all = parts.length === 1 ? held : joined(parts, length)
      held = all.subarray(Math.min(count, length))
      return all.slice(0, count)
    },
    async close() {
      await source.cancel().catch(() => undefined)
    },
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    all.set(part, offset)
    offset += part.length
  }
  return all
}

export class UnreadableError extends BaseError {
  override readonly name = 'Bytes.UnreadableError'
  constructor(file: string, gzipped: boolean, cause: unknown) {
    super({
      message: gzipped ? `${file} is not a complete gzip file.` : `${file} cannot be read.`,
      advice: 'Fetch or copy the file again.',
      safe: 'Nothing was imported and nothing was lost.',
      cause,
    })
  }
}
