// Small WebAssembly modules, put together here from their instructions: routines that walk over one memory and treat two
// 64-bit words at a time.

/** What a routine does with its three i32 parameters, one more i32, and vectors of two words. */
export type Routine = { readonly vectors: number; readonly code: readonly number[] }

export type Run = (from: number, to: number, count: number) => void
export type Assembled = { readonly memory: Uint8Array<ArrayBuffer>; run(name: string): Run }

/** Locals of every routine: its parameters, a spare i32 (zero at first), and its first vector. */
export const local = { from: 0, to: 1, count: 2, spare: 3, vector: 4 } as const

const i32 = 0x7f
const v128 = 0x7b
const [loop, nothing, end, branchIf, less] = [0x03, 0x40, 0x0b, 0x0d, 0x49]
const [add, subtract] = [0x6a, 0x6b]

export const get = (index: number) => [0x20, index]
export const set = (index: number) => [0x21, index]

/** Of vectors; words in memory are little-endian. */
export const op = {
  load: vector(0x00, 0, 0),
  store: vector(0x0b, 0, 0),
  loadTwice: (offset: number) => vector(0x0a, 0, ...unsigned(offset)),
  loadLower: (offset: number) => vector(0x5d, 0, ...unsigned(offset)),
  loadUpper: (offset: number) => vector(0x57, 0, ...unsigned(offset), 1),
  storeLower: (offset: number) => vector(0x5b, 0, ...unsigned(offset), 0),
  storeUpper: (offset: number) => vector(0x5b, 0, ...unsigned(offset), 1),
  /** Byte i of the result is byte `order[i]` of the first vector. */
  shuffle: (order: readonly number[]) => vector(0x0d, ...order),
  and: vector(0x4e),
  /** The first without what is in the second. */
  without: vector(0x4f),
  or: vector(0x50),
  xor: vector(0x51),
  shiftLeft: vector(0xcb),
  /** Keeps the sign. */
  shiftRight: vector(0xcc),
  shiftRightUnsigned: vector(0xcd),
  add: vector(0xce),
  subtract: vector(0xd1),
  multiply: vector(0xd5),
  /** Of signed words: all bits where the first is not below the second, else none. */
  notBelow: vector(0xdb),
} as const

/** The same word in both halves. */
export function twice(word: bigint): readonly number[] {
  return vector(0x0c, ...new Uint8Array(BigInt64Array.of(word, word).buffer))
}

export function number(value: number): readonly number[] {
  return [0x41, ...signed(value)]
}

export function move(index: number, by: number): readonly number[] {
  return [...get(index), ...number(by), add, ...set(index)]
}

/** Again while the count, less `step` each time, is above zero. */
export function whileCounting(step: number, body: readonly number[]): readonly number[] {
  const rest = [...get(local.count), ...number(step), subtract, ...set(local.count)]
  return [loop, nothing, ...body, ...rest, ...number(0), ...get(local.count), 0x48, branchIf, 0, end]
}

/** Again until the spare local, more by `step` each time, reaches `limit`. */
export function until(limit: number, step: number, body: readonly number[]): readonly number[] {
  const more = [...move(local.spare, step), ...get(local.spare), ...number(limit), less]
  return [...number(0), ...set(local.spare), loop, nothing, ...body, ...more, branchIf, 0, end]
}

/** Routines by name over so many pages (64 KiB) of memory, zero but for `data`. */
export function assemble(
  routines: Readonly<Record<string, Routine>>,
  pages: number,
  data: { readonly at: number; readonly bytes: readonly number[] } = { at: 0, bytes: [] },
): Assembled {
  const all = Object.entries(routines)
  const bodies = all.map(([, { vectors, code }]) =>
    sized([2, 1, i32, ...unsigned(vectors), v128, ...code, end]),
  )
  const names = all.map(([name], index) => [...text(name), 0, index])
  const bytes = Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [[0x60, 3, i32, i32, i32, 0]]),
    ...section(
      3,
      all.map(() => [0]),
    ),
    ...section(5, [[0, ...unsigned(pages)]]),
    ...section(7, [[...text('memory'), 2, 0], ...names]),
    ...section(10, bodies),
    ...section(11, [[0, ...number(data.at), end, ...sized(data.bytes)]]),
  ])
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes))
  const { memory } = exports
  if (!(memory instanceof WebAssembly.Memory)) throw new Error('The module has no memory.')
  return { memory: new Uint8Array(memory.buffer), run: (name) => callable(exports[name]) }
}

function callable(exported: unknown): Run {
  if (typeof exported !== 'function') throw new Error('The module has no such routine.')
  return (...given) => void Reflect.apply(exported, undefined, given)
}

function vector(code: number, ...immediates: readonly number[]): readonly number[] {
  return [0xfd, ...unsigned(code), ...immediates]
}

function section(id: number, entries: readonly (readonly number[])[]): readonly number[] {
  return [id, ...sized([...unsigned(entries.length), ...entries.flat()])]
}

function sized(content: readonly number[]): readonly number[] {
  return [...unsigned(content.length), ...content]
}

function text(name: string): readonly number[] {
  return sized([...new TextEncoder().encode(name)])
}

/** LEB128. */
function unsigned(value: number): readonly number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)]
}

function signed(value: number): readonly number[] {
  const bytes: number[] = []
  for (let rest = value; ; rest >>= 7) {
    const low = rest & 127
    if (rest >= -64 && rest < 64) return [...bytes, low]
    bytes.push(low | 128)
  }
}
