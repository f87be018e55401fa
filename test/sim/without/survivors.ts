// The rules of roles/survivors.ts switched off: whoever delivered is opened, if there are enough.
import * as Sets from '../sets.ts'

export function chooseAll(
  cohorts: readonly bigint[],
  delivered: bigint,
  _opened: readonly bigint[],
  minimum: number,
): bigint {
  const there = cohorts.map((cohort) => cohort & delivered).filter((set) => Sets.size(set) >= minimum)
  return there.reduce((all, set) => all | set, 0n)
}

export function arePermitted(
  { cohorts, survivors }: { readonly cohorts: readonly bigint[]; readonly survivors: bigint },
  _opened: readonly bigint[],
  minimum: number,
): boolean {
  const sets = cohorts.map((cohort) => cohort & survivors).filter((set) => set !== 0n)
  return sets.every((set) => Sets.size(set) >= minimum)
}
