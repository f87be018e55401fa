// What keys stated once about a round, as this role heard it: who states a second, different thing lied, and the market
// takes both statements as the proof. Of openings also what they say of discarded sums, which cohorts are drawn by.
import type { Hex } from '../codec.ts'
import type * as Body from '../body.ts'
import type * as Message from '../message.ts'
import * as Once from '../once.ts'

/** What a `Once` signature stands under. */
export type Statement = { readonly statement: Hex; readonly signature: Hex }

export type Opening = Statement & {
  /** Digest of the body of `RoundOpened`. */
  readonly opened: Hex
  readonly discarded: Body.Of<'roundOpened'>['discarded']
}

export type Witness = {
  /** By round, the first and a second, different one. */
  readonly openings: Readonly<{ [round: number]: readonly Opening[] }>
  /** By round and committee seat, likewise. */
  readonly records: Readonly<{ [round: number]: Readonly<{ [seat: number]: readonly Statement[] }> }>
}

export const nothing: Witness = { openings: {}, records: {} }

/** Two different statements by one key about one round. */
export type Contradiction = {
  readonly round: number
  /** The compute provider; undefined for the model provider. */
  readonly seat: number | undefined
  readonly statements: readonly [Statement, Statement]
}

/** Takes in what the model provider said. */
export function opening(
  witness: Witness,
  { round, body, bodyDigest, once }: Message.Of<'roundOpened'>,
): Witness {
  const known = witness.openings[round] ?? []
  const statement = Once.opening(bodyDigest, body.closes)
  if (once === undefined || !isNews(known, statement)) return witness
  const opening = { statement, signature: once, opened: bodyDigest, discarded: body.discarded }
  return { ...witness, openings: { ...witness.openings, [round]: [...known, opening] } }
}

/** Takes in what the compute provider on this seat said. */
export function record(
  witness: Witness,
  { round, body, once }: Message.Of<'recordSigned'>,
  seat: number,
): Witness {
  const signed = witness.records[round] ?? {}
  const known = signed[seat] ?? []
  if (once === undefined || !isNews(known, body.record)) return witness
  const statements = [...known, { statement: body.record, signature: once }]
  return { ...witness, records: { ...witness.records, [round]: { ...signed, [seat]: statements } } }
}

/** Two suffice. */
function isNews(known: readonly Statement[], statement: Hex): boolean {
  return known.length < 2 && known.every((each) => each.statement !== statement)
}

/** The first of each key, the model provider's before the others. */
export function contradictions({ openings, records }: Witness): readonly Contradiction[] {
  const found = new Map<number | undefined, Contradiction>()
  const look = (round: string, seat: number | undefined, [one, other]: readonly Statement[]) => {
    if (one === undefined || other === undefined || found.has(seat)) return
    const statements = [bare(one), bare(other)] as const
    found.set(seat, { round: Number(round), seat, statements })
  }
  for (const [round, said] of Object.entries(openings)) look(round, undefined, said)
  for (const [round, signed] of Object.entries(records))
    for (const [seat, said] of Object.entries(signed)) look(round, Number(seat), said)
  return [...found.values()]
}

function bare({ statement, signature }: Statement): Statement {
  return { statement, signature }
}
