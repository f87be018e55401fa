// Whom sums give away: rational linear algebra over the sets that were opened, exact.

type Fraction = { readonly above: bigint; readonly below: bigint }

/** Of an isolated seat: what to multiply each set with, so that all of them together are this seat alone. */
export type Isolated = { readonly seat: number; readonly factors: readonly Fraction[] }

/**
 * Every seat whose unit vector lies in the span of the sets, bitmaps of seats below `width`. In reduced echelon form such
 * a seat has a row of its own, since a combination of rows has the factor of each in its pivot's column.
 */
export function isolated(sets: readonly bigint[], width: number): readonly Isolated[] {
  const rows = sets.map((set, at) => [
    ...Array.from({ length: width }, (_, seat) => whole((set >> BigInt(seat)) & 1n)),
    ...sets.map((_, other) => whole(at === other ? 1n : 0n)),
  ])
  let next = 0
  for (let column = 0; column < width && next < rows.length; column++) {
    const found = rows.findIndex((row, at) => at >= next && !isZero(row[column]))
    const [lead, other] = [rows[next], rows[found]]
    if (lead === undefined || other === undefined) continue
    rows[found] = lead
    const scale = other[column] ?? whole(1n)
    const pivot = other.map((value) => fraction(value.above * scale.below, value.below * scale.above))
    rows.forEach((row, at) => {
      const factor = row[column] ?? whole(0n)
      if (at !== next && !isZero(factor)) rows[at] = row.map((value, i) => less(value, factor, pivot[i]))
    })
    rows[next++] = pivot
  }
  return rows.slice(0, next).flatMap((row) => {
    const seats = row.slice(0, width).flatMap((value, seat) => (isZero(value) ? [] : [seat]))
    const [seat] = seats
    return seat === undefined || seats.length > 1 ? [] : [{ seat, factors: row.slice(width) }]
  })
}

/** Σ factor · sum, coordinate by coordinate. */
export function combined(
  factors: readonly Fraction[],
  sums: readonly (readonly bigint[])[],
): readonly bigint[] {
  const length = sums[0]?.length ?? 0
  return Array.from({ length }, (_, i) => {
    const total = factors.reduce(
      (so, { above, below }, at) => less(so, fraction(-above, below), whole(sums[at]?.[i] ?? 0n)),
      whole(0n),
    )
    return total.above / total.below
  })
}

/** a − b · c */
function less(a: Fraction, b: Fraction, c: Fraction = whole(0n)): Fraction {
  if (isZero(b) || isZero(c)) return a
  return fraction(a.above * b.below * c.below - b.above * c.above * a.below, a.below * b.below * c.below)
}

function fraction(above: bigint, below: bigint): Fraction {
  if (above === 0n) return whole(0n)
  let [a, b] = [above < 0n ? -above : above, below < 0n ? -below : below]
  while (b !== 0n) [a, b] = [b, a % b]
  const sign = below < 0n ? -a : a
  return { above: above / sign, below: below / sign }
}

function whole(value: bigint): Fraction {
  return { above: value, below: 1n }
}

function isZero(value: Fraction | undefined): boolean {
  return value === undefined || value.above === 0n
}
