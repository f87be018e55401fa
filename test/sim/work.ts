// Training and encryption with small integers in the clear: what matters here is that sums are exact and whole.
import * as Codec from '../../protocol/codec.ts'
import type { Hex } from '../../protocol/codec.ts'
import type * as Effect from '../../protocol/roles/effect.ts'
import * as Keys from './keys.ts'

export type Work = {
  /** The update of a provider: some values, and a one in the place of its seat. */
  contribute(provider: number, providers: number, about: string): Stored
  has(cid: string): boolean
  rootOf(cid: string): Hex | undefined
  add(inputs: readonly Effect.Input[]): Stored
  values(cid: string): readonly number[]
}

export type Stored = { readonly cid: string; readonly root: Hex }

/** Values that tell updates of different rounds apart, before the one-hot part. */
export const free = 6

export function open(): Work {
  const objects = new Map<string, { readonly values: readonly number[]; readonly root: Hex }>()

  function store(values: readonly number[]): Stored {
    const cid = Codec.cidOf(Codec.encode(values)).toString()
    const root: Hex = `0x${Keys.hash(cid)}`
    objects.set(cid, { values, root })
    return { cid, root }
  }

  function values(cid: string): readonly number[] {
    const found = objects.get(cid)
    if (found === undefined) throw new Error(`nobody has ${cid}`)
    return found.values
  }

  return {
    contribute: (provider, providers, about) => {
      const digits = Keys.hash(`${provider} ${about}`)
      const some = Array.from(
        { length: free },
        (_, i) => parseInt(digits.slice(8 * i, 8 * i + 4), 16) - 0x8000,
      )
      return store([...some, ...Array.from({ length: providers }, (_, seat) => (seat === provider ? 1 : 0))])
    },
    has: (cid) => objects.has(cid),
    rootOf: (cid) => objects.get(cid)?.root,
    add: (inputs) => {
      const sum: number[] = []
      for (const { cid } of inputs) values(cid).forEach((value, i) => (sum[i] = (sum[i] ?? 0) + value))
      return store(sum)
    },
    values,
  }
}
