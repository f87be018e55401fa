// Loads the kernels, which compute in a memory of their own, and hands out that memory. What they do stands beside their
// sources; here are only their names.
import { BaseError } from '../../protocol/errors.ts'

/** Takes addresses, strides and counts in the order that the sources give. */
type Kernel = (...numbers: readonly number[]) => void

type Exports = {
  readonly memory: WebAssembly.Memory
  readonly free: WebAssembly.Global<'i32'>
  readonly loss: (...numbers: readonly number[]) => number
} & Readonly<Record<(typeof names)[number], Kernel>>

const names = [
  'addRows',
  'average',
  'averageBack',
  'convolve',
  'convolveBack',
  'copyPictures',
  'descend',
  'highest',
  'hold',
  'multiply',
  'multiplyTransposed',
  'pack',
  'packTransposed',
  'turnFilters',
] as const

/** Compiled kernels with a memory that only grows while it is planned. */
export type Kernels = Exports & {
  /** The address of so many bytes, all 0, that the kernels may read and write a little past. */
  take(bytes: number): number
  /** What lies there, until more is taken. */
  floats(at: number, count: number): Float32Array<ArrayBuffer>
  bytes(at: number, count: number): Uint8Array<ArrayBuffer>
  /** The address of a table of addresses. */
  table(values: readonly number[]): number
}

/** Kernels read whole vectors, so up to this much past what they need. */
const slack = 64
const page = 65_536

/** Compiles the first of these modules that this machine accepts. */
export async function compile(builds: readonly Uint8Array<ArrayBuffer>[]): Promise<WebAssembly.Module> {
  const accepted = builds.find((bytes) => WebAssembly.validate(bytes))
  if (accepted === undefined) throw new UnsupportedError()
  return WebAssembly.compile(accepted)
}

/** The bytes of a module that the bundler carries as text; `fetch` would count as a connection. */
export function inlined(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}

/** A fresh memory; it goes when nothing holds on to these kernels. */
export async function start(module: WebAssembly.Module): Promise<Kernels> {
  const { exports } = await WebAssembly.instantiate(module)
  if (!isComplete(exports)) throw new UnsupportedError()
  const { memory } = exports
  let next = exports.free.value
  const take = (bytes: number): number => {
    const at = Math.ceil(next / slack) * slack
    next = at + bytes + slack
    const missing = next - memory.buffer.byteLength
    if (missing > 0) memory.grow(Math.ceil(missing / page))
    return at
  }
  return {
    ...exports,
    take,
    floats: (at, count) => new Float32Array(buffer(memory), at, count),
    bytes: (at, count) => new Uint8Array(buffer(memory), at, count),
    table: (values) => {
      const at = take(values.length * 4)
      new Uint32Array(buffer(memory), at, values.length).set(values)
      return at
    },
  }
}

function buffer({ buffer }: WebAssembly.Memory): ArrayBuffer {
  return buffer
}

function isComplete(exports: object): exports is Exports {
  const found = new Map(Object.entries(exports))
  return (
    found.get('memory') instanceof WebAssembly.Memory &&
    found.get('free') instanceof WebAssembly.Global &&
    [...names, 'loss'].every((name) => typeof found.get(name) === 'function')
  )
}

export class UnsupportedError extends BaseError {
  override readonly name = 'Kernels.UnsupportedError'
  constructor() {
    super({
      message: 'This browser cannot run WebAssembly with SIMD.',
      advice: 'Update the browser, or use another one.',
    })
  }
}
