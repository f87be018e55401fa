// Who is added together with whom for an epoch: drawn from a block that nobody chose, and found the same by everyone.
import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import type { Address, Hex } from './codec.ts'

/** Most providers of one cohort: each makes a mask with every other. */
const most = 64

export type Rules = {
  /** Providers that one sum has room for. */
  readonly largest: number
  /** Fewest survivors with which a cohort is opened. */
  readonly minCohort: number
  readonly maxCohorts: number
}

/** How many values of so many bits can be added in a field. */
export function largest(he: { readonly valueBits: number; readonly fieldBits: number }): number {
  return Math.min(most, 2 ** (he.fieldBits - he.valueBits))
}

/** What a task's draw is seeded with. */
export function seed(task: Hex, blockHash: Hex): Hex {
  return `0x${bytesToHex(keccak_256(hexToBytes(`${task.slice(2)}${blockHash.slice(2)}`)))}`
}

/**
 * In how many epochs running, of those that a provider was ready in, a sum was discarded that it had a hand in. Whoever
 * is not named, is not suspected.
 */
export type Suspicion = ReadonlyMap<Address, number>

/** Failed epochs running after which a provider is left out. */
const patience = 3
/** No more than one in so many is ever left out: or who says that sums failed could leave somebody alone with its own. */
const mostExcluded = 4

/**
 * As many cohorts as the terms allow, of sizes that differ by one at most, each in ascending order of accounts. There
 * is a second cohort only if both have twice the minimum; whoever finds no room waits for the next draw. Who is
 * suspected longest is dealt first, so that those of one failed cohort are spread over all.
 */
export function draw(
  enrolled: readonly Address[],
  from: Hex,
  rules: Rules,
  suspicion: Suspicion = new Map(),
): readonly (readonly Address[])[] {
  const out = excluded(enrolled, rules.minCohort, suspicion)
  const accounts = enrolled.filter((account) => !out.includes(account))
  const count = countOf(accounts.length, rules)
  const failures = (account: Address) => suspicion.get(account) ?? 0
  const dealt = shuffled(accounts.toSorted(), from)
    .slice(0, count * rules.largest)
    .toSorted((a, b) => failures(b) - failures(a))
  return Array.from({ length: count }, (_, cohort) =>
    dealt.filter((_, at) => at % count === cohort).toSorted(),
  )
}

/** How many cohorts so many providers are dealt into. */
export function countOf(
  providers: number,
  { minCohort, maxCohorts }: Pick<Rules, 'minCohort' | 'maxCohorts'>,
): number {
  return Math.max(1, Math.min(Math.floor(providers / (2 * minCohort)), maxCohorts))
}

/**
 * Who is in no cohort any more: those of the longest suspicion, from three failed epochs running on. Where they are too
 * many, nothing tells the guilty from those who only sat with them, and it takes a longer suspicion; a cohort always
 * remains.
 */
export function excluded(
  enrolled: readonly Address[],
  minCohort: number,
  suspicion: Suspicion,
): readonly Address[] {
  const room = Math.min(Math.floor(enrolled.length / mostExcluded), enrolled.length - minCohort)
  const out = (failures: number) => enrolled.filter((account) => (suspicion.get(account) ?? 0) >= failures)
  let least = patience
  while (out(least).length > Math.max(0, room)) least++
  return out(least)
}

/** Fisher and Yates with uniform numbers from the stream. */
function shuffled(accounts: readonly Address[], from: Hex): readonly Address[] {
  const order = [...accounts]
  const below = stream(from)
  for (let at = order.length - 1; at > 0; at--) {
    const other = below(at + 1)
    const [a, b] = [order[at], order[other]]
    if (a === undefined || b === undefined) continue
    order[at] = b
    order[other] = a
  }
  return order
}

/** Uniform integers below a bound, from keccak256(seed ‖ counter as u32), four bytes at a time, big-endian. */
function stream(from: Hex): (bound: number) => number {
  const block = new Uint8Array(36)
  block.set(hexToBytes(from.slice(2)))
  let words = new DataView(new ArrayBuffer(0))
  let next = 0
  let counter = 0
  const word = (): number => {
    if (next >= words.byteLength) {
      new DataView(block.buffer).setUint32(32, counter++)
      const bytes = keccak_256(block)
      words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
      next = 0
    }
    const value = words.getUint32(next)
    next += 4
    return value
  }
  return (bound) => {
    const fair = 2 ** 32 - (2 ** 32 % bound)
    let value = word()
    while (value >= fair) value = word()
    return value % bound
  }
}
