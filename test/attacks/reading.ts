// What a model provider reads in decrypted plaintexts, with the round's key and whatever masks it can name.
import * as He from '../../protocol/he.ts'
import * as Model from '../../protocol/model.ts'
import * as Packing from '../../protocol/packing.ts'
import * as Update from '../../protocol/update.ts'
import type * as Parties from '../parties.ts'

type Spec = typeof Parties.spec

/** one − other, coefficient by coefficient, modulo 2^44: what two sums tell of what is in the first alone. */
export function difference(
  one: readonly Uint8Array[],
  other: readonly Uint8Array[],
): readonly Uint8Array<ArrayBuffer>[] {
  return one.map((plain, at) => {
    const [left, right] = [numbers(plain), numbers(other[at] ?? new Uint8Array(plain.length))]
    return new Uint8Array(
      BigUint64Array.from(left, (value, i) => BigInt.asUintN(He.plainBits, value - (right[i] ?? 0n))).buffer,
    )
  })
}

/** Changes of weights in an update that nothing hides; undefined where the plaintexts are no update. */
export function changes(plains: readonly Uint8Array[], spec: Spec): readonly number[] | undefined {
  try {
    const levels = Packing.unpack(plains, Model.parameterCount(spec.model), spec.he)
    return Array.from(levels, (level) => (level - Update.zeroPoint(spec.he)) * Update.step(spec))
  } catch (thrown) {
    if (thrown instanceof Packing.GuardError) return undefined
    throw thrown
  }
}

/** As `changes`, of one update less another, the fields of which may be negative. */
export function contrasts(plains: readonly Uint8Array[], spec: Spec): readonly number[] {
  const { fieldBits } = spec.he
  const fields = Math.floor(He.plainBits / fieldBits)
  const found = plains.flatMap((plain) =>
    [...numbers(plain)].flatMap((word) => {
      let rest = word
      return Array.from({ length: fields }, () => {
        const field = BigInt.asIntN(fieldBits, rest)
        rest = (rest - field) >> BigInt(fieldBits)
        return Number(field) * Update.step(spec)
      })
    }),
  )
  return found.slice(0, Model.parameterCount(spec.model))
}

/** Whether all changes are the expected ones, but for the rounding of so many updates. */
export function isRead(
  found: readonly number[] | undefined,
  expected: (at: number) => number,
  spec: Spec,
  updates = 1,
): boolean {
  const most = (updates + 0.01) * Update.step(spec)
  return found?.every((change, at) => Math.abs(change - expected(at)) < most) ?? false
}

function numbers(plain: Uint8Array): BigUint64Array {
  return new BigUint64Array(new Uint8Array(plain).buffer)
}
