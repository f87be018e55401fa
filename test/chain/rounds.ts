// One round as its parties make it: encrypted updates, their sums, the roots of both, and the committee's signatures.
import * as Ciphertext from '../../protocol/ciphertext.ts'
import type { Hex } from '../../protocol/codec.ts'
import * as Eip712 from '../../protocol/eip712.ts'
import type * as Evidence from '../../protocol/evidence.ts'
import * as He from '../../protocol/he.ts'
import type * as Market from '../../protocol/market.ts'
import * as Once from '../../protocol/once.ts'
import * as Record from '../../protocol/record.ts'
import * as Cast from './cast.ts'
import * as Updates from './updates.ts'

export type Plot = {
  readonly round: number
  /** Unix seconds. */
  readonly closes: number
  /** Of one update. */
  readonly ciphertexts: number
  /** Data seats that deliver nothing. */
  readonly silent?: readonly number[]
  /** Compute seats that sign; the first one adds. */
  readonly signers?: readonly number[]
  /** What the aggregator makes of the sum of the second cohort. */
  readonly corrupt?: (sum: readonly Uint8Array[]) => readonly Uint8Array[]
  /** A data seat in whose name the aggregator adds an update of its own. */
  readonly forged?: number
}

export type Round = {
  readonly commitment: Market.Commitment
  readonly sums: Record.Sums
  /** By cohort. */
  readonly bytes: readonly Evidence.Bytes[]
}

/** Data seats by cohort: the second has one more than it needs. */
const cohorts = [
  [0, 1, 2],
  [3, 4, 5, 6],
]

export function make(place: Evidence.Place, plot: Plot): Round {
  const { round, closes, ciphertexts, silent = [], signers = [0, 1, 2], forged, corrupt } = plot
  const [opened, cohortsDigest] = [Cast.hash(`opened ${round}`), Cast.hash('cohorts')]
  const delivered = cohorts.map((cohort) => cohort.filter((seat) => !silent.includes(seat)))
  const survivors = delivered.map((cohort) => (cohort.length < 3 ? [] : cohort))
  const shown = survivors.map((seats, at) => {
    const { updates, sum, sumRoot } = Updates.cohort(ciphertexts, seats, forged)
    const words = updates.map((update) => update.words)
    const inputs = updates.map(({ root, seat }) => {
      // Who forges has no key of the device, and signs with its own.
      const signer = seat === forged ? Cast.players.computes[0] : Cast.players.datas[seat]
      return {
        root,
        signature: once(place, signer, 'update', round, Once.update(opened, cohortsDigest, root)),
      }
    })
    if (at !== 1 || corrupt === undefined) return { inputs, sumRoot, bytes: { updates: words, sum } }
    const other = corrupt(sum)
    return { inputs, sumRoot: Ciphertext.root(other), bytes: { updates: words, sum: other } }
  })
  const { q, degree: n } = He
  const sums = { q, t: BigInt(He.t), n, ciphertexts, cohorts: shown }
  const body: Record.Body = {
    round,
    closes,
    opened,
    cohortsDigest,
    aggregator: signers[0] ?? 0,
    delivered: Record.bitmapOf(delivered.flat()),
    survivors: Record.bitmapOf(survivors.flat()),
    cohorts: cohorts.map(Record.bitmapOf),
    jobs: signers.reduce((lanes, seat) => lanes | (BigInt(seat + 1) << BigInt(16 * seat)), 0n),
    sums: Record.sums(sums),
  }
  return { commitment: sign(place, body, signers), sums, bytes: shown.map(({ bytes }) => bytes) }
}

/** The opener and these compute seats sign a record. */
export function sign(
  place: Evidence.Place,
  body: Record.Body,
  signers: readonly number[],
): Market.Commitment {
  const { round, opened, closes } = body
  const record = {
    ...body,
    openerSignature: once(place, Cast.players.model, 'opening', round, Once.opening(opened, closes)),
  }
  const signatures = signers.map((seat) => ({
    seat,
    signature: once(place, Cast.players.computes[seat], 'record', round, Record.hash(body)),
  }))
  return { record, signatures }
}

export function once(
  { domain, task }: Evidence.Place,
  signer: Cast.Person | undefined,
  kind: Once.Kind,
  round: number,
  statement: Hex,
): Hex {
  const key = signer?.deviceKey ?? new Uint8Array(32)
  return Eip712.sign(Once.digest(domain, task, kind, round, statement), key)
}
