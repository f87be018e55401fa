// A smaller run of a seed: fewer participants, rounds, adversaries and faults, on another course of chance if need be.
// Plain data, so that a command line can carry it.
import * as Scenario from './scenario.ts'

export type Cut = Scenario.Size & {
  readonly rounds?: number
  /** Those that are left, by their places in the seed's own list. */
  readonly adversaries?: readonly number[]
  /** The faults that are left, as `Faults` names them. */
  readonly only?: readonly string[]
  readonly course?: number
}

/** `leave` as in `Scenario.leaving`. */
export function scenarioOf(seed: number, cut: Cut, leave?: number): Scenario.Scenario {
  const { rounds, adversaries, only, course = 0, ...size } = cut
  const whole = leave === undefined ? Scenario.from(seed, size) : Scenario.leaving(seed, leave, size)
  const most = rounds ?? whole.spec.rounds
  return {
    ...whole,
    course,
    ...(only === undefined ? {} : { only: new Set(only) }),
    adversaries: whole.adversaries.filter((_, at) => adversaries?.includes(at) ?? true),
    spec: { ...whole.spec, rounds: most },
    terms: { ...whole.terms, paidRounds: Math.min(most, whole.terms.paidRounds), maxRounds: most },
  }
}

/** In words. */
export function shown({ datas, computes, rounds, adversaries, only, course = 0 }: Cut): string {
  const parts = [
    `${datas} data providers`,
    `${computes} compute providers`,
    rounds === undefined ? '' : `${rounds} rounds`,
    adversaries === undefined ? '' : `${adversaries.length} adversaries`,
    only === undefined ? '' : `${only.length} faults`,
    course === 0 ? '' : `course ${course}`,
  ]
  return parts.filter((part) => part !== '').join(', ')
}
