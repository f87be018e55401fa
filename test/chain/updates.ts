// Encrypted updates of data providers and their sums, with roots: the same in every round, so made once.
import * as Ciphertext from '../../protocol/ciphertext.ts'
import type { Hex } from '../../protocol/codec.ts'
import * as He from '../../protocol/he.ts'
import * as Prng from '../../protocol/prng.ts'
import * as Terms from '../../protocol/terms.ts'

export type Update = { readonly seat: number; readonly words: readonly Uint8Array[]; readonly root: Hex }

export type Cohort = {
  readonly updates: readonly Update[]
  /** No ciphertexts where nobody survived. */
  readonly sum: readonly Uint8Array[]
  readonly sumRoot: Hex
}

const cohorts = new Map<string, Cohort>()
const updates = new Map<string, Update>()

/** Updates of so many ciphertexts each; that of the seat `forged` is somebody else's. */
export function cohort(ciphertexts: number, seats: readonly number[], forged?: number): Cohort {
  return once(cohorts, [ciphertexts, forged, ...seats].join(), () => {
    const all = seats.map((seat) => updateOf(seat, seat === forged ? 100 + seat : seat, ciphertexts))
    if (all.length === 0) return { updates: [], sum: [], sumRoot: Terms.noHash }
    const sum = Ciphertext.sum(all.map(({ words }) => words))
    return { updates: all, sum, sumRoot: Ciphertext.root(sum) }
  })
}

/** Words as encryption leaves them: they cannot be told from uniform ones below the modulus. */
function updateOf(seat: number, seed: number, ciphertexts: number): Update {
  return once(updates, [seed, ciphertexts].join(), () => {
    const prng = Prng.from(seed)
    const words = Array.from({ length: ciphertexts }, () => {
      const lanes = new BigUint64Array(Ciphertext.bytes / 8)
      for (let i = 0; i < lanes.length; i++)
        lanes[i] = ((BigInt(prng() & 0x0fff_ffff) << 32n) | BigInt(prng())) % He.q
      return new Uint8Array(lanes.buffer)
    })
    return { seat, words, root: Ciphertext.root(words) }
  })
}

function once<value>(made: Map<string, value>, key: string, make: () => value): value {
  const found = made.get(key) ?? make()
  made.set(key, found)
  return found
}
