// Whose turn it is to speak for the committee: by rotation, each successor after the one before it had its time.
import * as Ledger from './ledger.ts'
import type { Participant } from './participant.ts'

/** Seconds for what is late, and by which clocks may differ. */
export const grace = 4

/** 0 for the round's aggregator, 1 for its first successor and so on; undefined for seats that do not count. */
export function rankOf(state: Participant, round: number, seat: number): number | undefined {
  const seats = Ledger.present(state.ledger)
  const place = seats.indexOf(seat)
  if (place === -1) return undefined
  return (((place - (round - 1)) % seats.length) + seats.length) % seats.length
}

/** Unix seconds from which a seat of this rank may draw the cohorts itself. */
export function drawsFrom(state: Participant, readyBy: number, rank: number): number {
  const { ready, update } = state.spec.timeouts
  return readyBy + rank * Math.ceil(Math.min(ready / 2, update / 4))
}

/** Seconds that each rank has to add, propose and commit: time for the aggregator and two successors. */
export function commitTurn(state: Participant): number {
  return Math.max(1, Math.floor(state.spec.timeouts.commit / 3))
}

/** Unix seconds from which a seat of this rank may propose a record of its own. */
export function proposesFrom(state: Participant, updatesBy: number, rank: number): number {
  return updatesBy + rank * commitTurn(state)
}
