// A list of invited accounts as a person types it: one a line.
import * as v from 'valibot'
import { address, type Address } from '../../protocol/codec.ts'

export type Read = { readonly accounts: readonly Address[] } | { readonly error: string }

/** Empty lines are passed over, and capitals (a checksum) do not matter. */
export function read(text: string, least: number): Read {
  const accounts: Address[] = []
  for (const [at, line] of text.split('\n').entries()) {
    const typed = line.trim().toLowerCase()
    if (typed === '') continue
    const parsed = v.safeParse(address, typed)
    if (!parsed.success)
      return { error: `Line ${at + 1} is no account: write 0x and 40 digits from 0 to 9 and a to f.` }
    if (accounts.includes(parsed.output)) return { error: `Line ${at + 1} repeats an account. Take it out.` }
    accounts.push(parsed.output)
  }
  if (accounts.length > 0 && accounts.length < least)
    return { error: `Name ${least} accounts or more, the fewest data providers, or none to invite everyone.` }
  return { accounts }
}
