// The rules of roles/survivors.ts switched off: whoever delivered is opened, if there are enough.
import * as Sets from '../sets.ts'

export function choose(delivered: bigint, _opened: readonly bigint[], minimum: number): bigint {
  return isPermitted(delivered, [], minimum) ? delivered : 0n
}

export function isPermitted(set: bigint, _opened: readonly bigint[], minimum: number): boolean {
  return Sets.size(set) >= minimum
}

export function isolatesSomeone(): boolean {
  return false
}
