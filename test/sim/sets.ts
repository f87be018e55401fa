// Whether sums over sets of providers give one provider away: the law that the survivor rule has to keep.

/** How many seats a bitmap has. */
export function size(set: bigint): number {
  let count = 0
  for (let rest = set; rest > 0n; rest &= rest - 1n) count += 1
  return count
}

/** Elimination modulo a prime: 0/1 matrices of such sizes have the same rank as over the rationals. */
const prime = (1n << 61n) - 1n

/** Whether some provider alone is a combination of the sets, by adding it to them and looking whether the rank grows. */
export function singlesOut(sets: readonly bigint[]): boolean {
  const everyone = sets.reduce((all, set) => all | set, 0n)
  const basis: bigint[][] = []
  const width = everyone.toString(2).length
  const rowOf = (set: bigint) => Array.from({ length: width }, (_, seat) => (set >> BigInt(seat)) & 1n)
  for (const set of new Set(sets)) {
    const rest = reduce(basis, rowOf(set))
    if (rest.some((value) => value !== 0n)) basis.push(rest)
  }
  return rowOf(everyone).some(
    (value, seat) => value === 1n && reduce(basis, rowOf(1n << BigInt(seat))).every((left) => left === 0n),
  )
}

/** What is left of a row, with a one in front, after taking away what the basis spans. */
function reduce(basis: readonly (readonly bigint[])[], row: readonly bigint[]): bigint[] {
  let rest = [...row]
  for (const known of basis) {
    const pivot = known.findIndex((value) => value !== 0n)
    const factor = rest[pivot] ?? 0n
    if (factor === 0n) continue
    rest = rest.map((value, at) => mod(value - factor * (known[at] ?? 0n)))
  }
  const lead = rest.find((value) => value !== 0n)
  if (lead === undefined) return rest
  const inverse = power(lead, prime - 2n)
  return rest.map((value) => mod(value * inverse))
}

function mod(value: bigint): bigint {
  return ((value % prime) + prime) % prime
}

function power(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, base]
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = mod(result * square)
    square = mod(square * square)
  }
  return result
}
