// A law that does not hold ends the run.

export function hold(condition: boolean, law: string): void {
  if (!condition) throw new BreachError(law)
}

export function has(bits: bigint, seat: number): boolean {
  return ((bits >> BigInt(seat)) & 1n) === 1n
}

export class BreachError extends Error {
  override readonly name = 'BreachError'
}
