// What the simulated market answers to a transaction that its rules do not allow.

export function need(condition: boolean, refusal: string): asserts condition {
  if (!condition) throw new RefusedError(refusal)
}

export class RefusedError extends Error {
  override readonly name = 'RefusedError'
}
