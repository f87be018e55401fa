// Coefficients in WebAssembly, two at a time, where JavaScript would need two halves of each: masks modulo 2^44, and
// plaintexts on their way into ciphertexts modulo q.
import * as He from '../../protocol/he.ts'
import * as Packing from '../../protocol/packing.ts'
import {
  type Routine,
  assemble,
  get,
  local,
  move,
  number,
  op,
  set,
  twice,
  whileCounting,
} from './assembler.ts'

type Lanes = {
  readonly memory: Uint8Array<ArrayBuffer>
  /** Coefficients at `to` plus, or minus, `count` 64-bit words at `from`. The upper 20 bits are left over. */
  add(from: number, to: number, count: number): void
  subtract(from: number, to: number, count: number): void
  /** Clears what is above 44 bits of `count` words at `from`, and leaves them at `to`. */
  reduce(from: number, to: number, count: number): void
  /** Adds round(q · m ÷ t), modulo q, of `count` coefficients m at `from` to as many at `to`. */
  scale(from: number, to: number, count: number): void
}

/** Plaintexts in each half of the memory. */
export const atOnce = 8
/** Where the memory's second half begins. */
export const middle = atOnce * Packing.plainBytes
const pageBytes = 65_536

export function create(): Lanes {
  const load = (at: number) => [...get(at), ...op.load]
  const { memory, run } = assemble(
    {
      add: onto([...load(local.to), ...load(local.from), ...op.add]),
      subtract: onto([...load(local.to), ...load(local.from), ...op.subtract]),
      reduce: onto([...load(local.from), ...twice(2n ** BigInt(He.plainBits) - 1n), ...op.and]),
      scale: onto(scaled()),
    },
    (2 * middle) / pageBytes,
  )
  return {
    memory,
    add: run('add'),
    subtract: run('subtract'),
    reduce: run('reduce'),
    scale: run('scale'),
  }
}

/**
 * With q = 2^60 − d, SEAL's ⌊(q · m + 2^43) ÷ 2^44⌋ is m · 2^16 + ⌊(2^43 − d · m) ÷ 2^44⌋, every part of which fits into a
 * signed word: d · m is below 2^58. It is below q, as is the coefficient, so q is to be taken off once at most.
 */
function scaled(): readonly number[] {
  const [plain, sum] = [local.vector, local.vector + 1]
  const [qBits, plainBits] = [60, He.plainBits]
  const short = 2n ** BigInt(qBits) - He.q
  return [
    ...[...get(local.from), ...op.load, ...set(plain)],
    ...[
      ...twice(2n ** BigInt(plainBits - 1)),
      ...get(plain),
      ...twice(short),
      ...op.multiply,
      ...op.subtract,
    ],
    ...[...number(plainBits), ...op.shiftRight],
    ...[...get(plain), ...number(qBits - plainBits), ...op.shiftLeft, ...op.add],
    ...[...get(local.to), ...op.load, ...op.add, ...set(sum), ...get(sum)],
    ...[...twice(He.q), ...get(sum), ...twice(He.q), ...op.notBelow, ...op.and, ...op.subtract],
  ]
}

/** Stores at `to` what `value` leaves, and goes on. */
function onto(value: readonly number[]): Routine {
  const step = [...move(local.from, 16), ...move(local.to, 16)]
  return { vectors: 2, code: whileCounting(2, [...get(local.to), ...value, ...op.store, ...step]) }
}
