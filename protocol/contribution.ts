// What cohorts contributed to a round: their values in the game whose players are the cohorts and in which a coalition is
// worth the correct predictions of the model that its sums alone would have made.
import type { Hex } from './codec.ts'
import { BaseError } from './errors.ts'

/** A set of players, one bit each: below 2^32. */
export type Coalition = number

/** Values are counted in 60ths of a correct prediction, so that none has to be rounded. */
export const scale = 60

/** Most players whose Shapley values are computed exactly, from all of their coalitions. */
const exact = 6

/** Prime, and 3 more than a multiple of 4: the squares modulo it make a balanced design of `scale` runs. */
const modulus = scale - 1
const squares = new Set(Array.from({ length: modulus - 1 }, (_, i) => (i + 1) ** 2 % modulus))

/**
 * The coalitions that are scored. Up to six players: all of them. Beyond: 60, and the complement of each, from the rows
 * of a two-level design in which every player is in half of them and no two go together (Plackett and Burman 1946, folded
 * over), turned for each player by a bit of `from`: the hash of the round's record, so that everyone finds the same.
 */
export function coalitions(players: number, from: Hex): readonly Coalition[] {
  if (players <= exact) return Array.from({ length: 2 ** players }, (_, coalition) => coalition)
  const everyone = 2 ** players - 1
  const turned = Number(BigInt.asUintN(32, BigInt(from)))
  return Array.from({ length: scale }, (_, run) => {
    let coalition = 0
    for (let player = 0; player < players; player++)
      if (isIn(run, player) !== has(turned, player)) coalition += 2 ** player
    return [coalition, everyone - coalition]
  }).flat()
}

export function has(coalition: Coalition, player: number): boolean {
  return ((coalition >>> player) & 1) === 1
}

/**
 * Each player's value in 60ths; `worth` of every one of `coalitions(players, …)` in that order.
 *
 * Up to six players it is Shapley's (A value for n-person games, 1953), which adds up to what everyone together gained:
 * Σ over the coalitions S without i of |S|! (n − |S| − 1)! ÷ n! · (v(S ∪ i) − v(S)). Up to six those factors are whole
 * 60ths. Beyond it is Banzhaf's (1965), estimated as the mean of v over the scored coalitions with i less the mean over
 * those without (Wang and Jia, Data Banzhaf, 2023): without bias, and exactly where the worths of cohorts just add up.
 */
export function values(players: number, worth: readonly number[], from: Hex): readonly number[] {
  const scored = coalitions(players, from)
  if (worth.length !== scored.length) throw new CountError(worth.length, scored.length)
  const found = new Array<number>(players).fill(0)
  const isExact = players <= exact
  scored.forEach((coalition, at) => {
    const size = sizeOf(coalition)
    for (let player = 0; player < players; player++) {
      const isMember = has(coalition, player)
      const factor = isExact ? share(players, isMember ? size - 1 : size) : 1
      found[player] = (found[player] ?? 0) + (isMember ? factor : -factor) * (worth[at] ?? 0)
    }
  })
  return found
}

/** |S|! (n − |S| − 1)! ÷ n! in 60ths, which is 60 ÷ (n · C(n − 1, |S|)). */
function share(players: number, size: number): number {
  let ways = 1
  for (let i = 1; i <= size; i++) ways = (ways * (players - i)) / i
  return scale / (players * ways)
}

/** Whether a player is in a run of the design: a row of nobody, then the squares, moved on by one each time. */
function isIn(run: number, player: number): boolean {
  if (run === 0) return false
  const distance = (run - 1 - player + modulus) % modulus
  return distance === 0 || squares.has(distance)
}

function sizeOf(coalition: Coalition): number {
  let size = 0
  for (let rest = coalition; rest !== 0; rest >>>= 1) size += rest & 1
  return size
}

export class CountError extends BaseError {
  override readonly name = 'Contribution.CountError'
  constructor(given: number, expected: number) {
    super({
      message: `${given} coalitions of cohorts were scored where ${expected} have to be.`,
      advice: 'Reload the app on this device, so that all of it is of one version.',
      safe: 'Nothing was settled.',
    })
  }
}
