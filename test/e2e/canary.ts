// Rows that nobody can have by chance, and the search for them in whatever left a browser, in every spelling we know.

/** One row of pixels, 0 to 255. */
export type Row = Uint8Array<ArrayBuffer>

export type Spelling = { readonly name: string; readonly of: (row: Row) => Uint8Array }

/** Bytes of a row that are looked for at once: a leak of any 96 bytes in a piece holds such a piece. */
const piece = 48
const pixels = 784

const forms: readonly Spelling[] = [
  { name: 'bytes', of: (row) => row },
  { name: 'floats', of: (row) => floats(row, (pixel) => pixel) },
  { name: 'scaled floats', of: (row) => floats(row, (pixel) => pixel / 255) },
  { name: 'floats scaled by a factor', of: (row) => floats(row, (pixel) => pixel * (1 / 255)) },
]

const texts: readonly { readonly name: string; readonly of: (bytes: Uint8Array) => Uint8Array }[] = [
  { name: 'raw', of: (bytes) => bytes },
  ...[0, 1, 2].map((shift) => ({
    name: `base64 after ${shift} bytes`,
    of: (bytes: Uint8Array) => Buffer.from(Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64')),
  })),
  { name: 'base64url', of: (bytes) => Buffer.from(Buffer.from(bytes).toString('base64url')) },
  { name: 'hex', of: (bytes) => Buffer.from(Buffer.from(bytes).toString('hex')) },
  { name: 'upper hex', of: (bytes) => Buffer.from(Buffer.from(bytes).toString('hex').toUpperCase()) },
]

/** How a row could be written by someone who leaks it, each found by `search`. */
export const spellings: readonly Spelling[] = [
  ...forms.flatMap((form) =>
    texts.map((text) => ({ name: `${form.name}, ${text.name}`, of: (row: Row) => text.of(form.of(row)) })),
  ),
  { name: 'decimals', of: (row) => Buffer.from(row.join(',')) },
]

export type Search = (haystack: Uint8Array) => readonly string[]

/** Finds pieces of any of these byte strings, named by what they are and how they were spelled. */
export function seeker(secrets: readonly { readonly name: string; readonly bytes: Uint8Array }[]): Search {
  const needles = new Map<number, { readonly name: string; readonly bytes: Uint8Array }[]>()
  /** Which keys a needle has, by their upper 24 bits: most places are passed by after one look. */
  const begins = new Uint8Array(1 << 24)
  const add = (name: string, bytes: Uint8Array) => {
    const key = keyAt(bytes, 0)
    begins[key >>> 8] = 1
    needles.set(key, [...(needles.get(key) ?? []), { name, bytes }])
  }
  for (const { name, bytes } of secrets) {
    for (let start = 0; start + piece + 2 <= bytes.length; start += piece) {
      const cut = Buffer.from(bytes.subarray(start, start + piece))
      // Zeros, and the like, are everywhere.
      if (new Set(cut).size < piece / 4) continue
      add(`${name}, raw`, cut)
      add(`${name}, hex`, Buffer.from(cut.toString('hex')))
      add(`${name}, upper hex`, Buffer.from(cut.toString('hex').toUpperCase()))
      if (bytes.length === pixels) add(`${name}, decimals`, Buffer.from(cut.join(',')))
      for (const shift of [0, 1, 2]) {
        const shifted = Buffer.from(bytes.subarray(start + shift, start + shift + piece))
        add(`${name}, base64`, Buffer.from(shifted.toString('base64')))
        add(`${name}, base64url`, Buffer.from(shifted.toString('base64url')))
      }
    }
  }
  return (haystack) => {
    const found = new Set<string>()
    for (let at = 0; at + piece <= haystack.length; at++) {
      const key = keyAt(haystack, at)
      if (begins[key >>> 8] === 0) continue
      for (const { name, bytes } of needles.get(key) ?? []) {
        if (Buffer.compare(haystack.subarray(at, at + bytes.length), bytes) === 0) found.add(name)
      }
    }
    return [...found]
  }
}

/** Every form of every row, to be sought in every text. */
export function formsOf(rows: readonly Row[]): { readonly name: string; readonly bytes: Uint8Array }[] {
  return rows.flatMap((row, i) =>
    forms.map(({ name, of }) => ({ name: `row ${i}, ${name}`, bytes: of(row) })),
  )
}

/** Random pixels; the same for the same seed. */
export function rows(count: number, seed: number): readonly Row[] {
  let state = seed
  return Array.from({ length: count }, () =>
    Uint8Array.from({ length: pixels }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return state >>> 24
    }),
  )
}

function floats(row: Row, scale: (pixel: number) => number): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(row.length * 4))
  row.forEach((pixel, i) => bytes.setFloat32(i * 4, scale(pixel), true))
  return new Uint8Array(bytes.buffer)
}

/** Mixes eight bytes from two places of a piece, so that digits and round floats do not share keys. */
function keyAt(bytes: Uint8Array, at: number): number {
  return (wordAt(bytes, at) ^ Math.imul(wordAt(bytes, at + 41), 2_654_435_761)) >>> 0
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] ?? 0) << 24) |
    ((bytes[at + 1] ?? 0) << 16) |
    ((bytes[at + 2] ?? 0) << 8) |
    (bytes[at + 3] ?? 0)
  )
}
