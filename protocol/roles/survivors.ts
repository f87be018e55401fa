// Whose updates are added in a round, so that no two sums of an epoch differ by fewer providers than a cohort's minimum.
// Sets are bitmaps of data seats. Rules: protocol.md's "Committee and cohorts"; the dropped are paid all the same.
import * as Record from '../record.ts'

/** Up to so many providers, every way to leave some of them out is tried: 8,192 at most. */
const fewEnough = 13

/**
 * A set inside `delivered` that may be opened after `opened`, 0 if there is none: of the sizes in their order the first
 * of which one is found, rather one that was opened before. Of many providers only neighbours in the order of seats are
 * left out together.
 */
export function choose(delivered: bigint, opened: readonly bigint[], minimum: number): bigint {
  const seats = Record.seats(delivered)
  const ways = seats.length <= fewEnough ? combinations : neighbours
  const again = opened.filter((set) => (set & ~delivered) === 0n)
  for (const kept of sizes(seats.length, minimum)) {
    const before = again.find((set) => size(set) === kept)
    if (before !== undefined) return before
    for (const left of ways(seats, seats.length - kept)) {
      const set = delivered & ~left
      if (isPermitted(set, opened, minimum)) return set
    }
  }
  return 0n
}

/**
 * How many may be added, best first: the more the better, but rather six than seven where five are the minimum. For a
 * set of as few as may be opened is refused in a later round if more than half of this one are in it: of seven as of six
 * any four will do, and of seven there are more fours. Of twice the minimum or more, half are too many to be in it;
 * and where three are enough, there nearly always are others.
 */
function sizes(most: number, minimum: number): readonly number[] {
  const bars = (kept: number) => minimum > 3 && kept % 2 === 1 && kept > minimum && kept < 2 * minimum
  const all = Array.from({ length: most - minimum + 1 }, (_, less) => most - less)
  return all.toSorted((a, b) => b - a + (bars(a) ? 1.5 : 0) - (bars(b) ? 1.5 : 0))
}

/** Those of each cohort, one after the other: cohorts of one round may together cross those of an epoch before. */
export function chooseAll(
  cohorts: readonly bigint[],
  delivered: bigint,
  opened: readonly bigint[],
  minimum: number,
): bigint {
  return cohorts.reduce((all, cohort, at) => {
    const before = cohorts.slice(0, at).map((each) => each & all)
    return all | choose(cohort & delivered, [...opened, ...before.filter((set) => set !== 0n)], minimum)
  }, 0n)
}

/** Whether the survivors of all cohorts of a record may be opened. */
export function arePermitted(
  { cohorts, survivors }: { readonly cohorts: readonly bigint[]; readonly survivors: bigint },
  opened: readonly bigint[],
  minimum: number,
): boolean {
  const sets = cohorts.map((cohort) => cohort & survivors).filter((set) => set !== 0n)
  return sets.every((set, at) => isPermitted(set, [...opened, ...sets.slice(0, at)], minimum))
}

/** The bitmaps of `count` seats that follow one another. */
function* neighbours(seats: readonly number[], count: number): Generator<bigint> {
  for (let from = 0; from + count <= seats.length; from++)
    yield Record.bitmapOf(seats.slice(from, from + count))
}

/** The bitmaps of `count` of the seats, in lexicographic order. */
function* combinations(seats: readonly number[], count: number, from = 0): Generator<bigint> {
  if (count === 0) {
    yield 0n
    return
  }
  for (let at = from; at + count <= seats.length; at++)
    for (const rest of combinations(seats, count - 1, at + 1)) yield rest | (1n << BigInt(seats[at] ?? 0))
}

/** Large enough, equal to or far from every set opened before, and nobody can be singled out by adding and subtracting. */
export function isPermitted(set: bigint, opened: readonly bigint[], minimum: number): boolean {
  if (size(set) < minimum) return false
  if (opened.includes(set)) return true
  if (opened.some((other) => size(set ^ other) < minimum)) return false
  return !isolatesSomeone([...new Set([...opened, set])])
}

/** Whether some provider's unit vector lies in the rational span of the sets. */
export function isolatesSomeone(sets: readonly bigint[]): boolean {
  const columns = new Map<bigint, number>()
  const everyone = sets.reduce((union, set) => union | set, 0n)
  for (const seat of Record.seats(everyone)) {
    const column = sets.reduce((bits, set, row) => bits | (((set >> BigInt(seat)) & 1n) << BigInt(row)), 0n)
    columns.set(column, (columns.get(column) ?? 0) + 1)
  }
  const distinct = [...columns.keys()]
  const rank = rankOf(distinct, sets.length)
  // A seat is isolated exactly if no other has its column and the others' columns do not span it.
  return distinct.some(
    (column) =>
      columns.get(column) === 1 &&
      rankOf(
        distinct.filter((other) => other !== column),
        sets.length,
      ) < rank,
  )
}

/** Rank over the rationals of 0/1 vectors given as bitmaps, by fraction-free elimination. */
function rankOf(vectors: readonly bigint[], length: number): number {
  const basis: { readonly pivot: number; readonly row: readonly bigint[] }[] = []
  for (const vector of vectors) {
    let row = Array.from({ length }, (_, i) => (vector >> BigInt(i)) & 1n)
    for (const { pivot, row: known } of basis) {
      const [factor, scale] = [row[pivot] ?? 0n, known[pivot] ?? 1n]
      if (factor !== 0n) row = row.map((value, i) => value * scale - (known[i] ?? 0n) * factor)
    }
    const pivot = row.findIndex((value) => value !== 0n)
    if (pivot !== -1) basis.push({ pivot, row })
    if (basis.length === length) break
  }
  return basis.length
}

function size(set: bigint): number {
  let count = 0
  for (let rest = set; rest > 0n; rest &= rest - 1n) count += 1
  return count
}
