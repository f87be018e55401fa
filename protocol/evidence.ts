// Proof of a lie, made of what anyone can hold: the log of rounds, signed statements, and the bytes behind a sum.
import { encodeAbiParameters } from 'viem/utils'
import * as Ciphertext from './ciphertext.ts'
import type { Address, Hex } from './codec.ts'
import * as Eip712 from './eip712.ts'
import { BaseError } from './errors.ts'
import type * as History from './history.ts'
import type * as Market from './market.ts'
import * as Once from './once.ts'
import * as Party from './party.ts'
import * as Record from './record.ts'
import * as Terms from './terms.ts'

/** What `Market.prove` takes. */
export type Evidence = { readonly charge: Market.Charge; readonly evidence: Hex }

/** A committed round among all of its task, with what its `sums` stand for. */
export type Round = {
  /** Every committed round, in order. */
  readonly log: readonly History.Round[]
  readonly round: number
  readonly sums: Record.Sums
}

/** Where signatures count. */
export type Place = { readonly domain: Eip712.Domain; readonly task: Hex }

/** One cohort's bytes. */
export type Bytes = {
  /** Ciphertexts of the inputs, in their order. */
  readonly updates: readonly (readonly Uint8Array[])[]
  readonly sum: readonly Uint8Array[]
}

const logged = {
  type: 'tuple',
  components: [
    { name: 'record', type: 'tuple', components: Record.components },
    { name: 'signers', type: 'uint16' },
    { name: 'before', type: 'bytes32' },
    {
      name: 'later',
      type: 'tuple[]',
      components: [
        { name: 'recordHash', type: 'bytes32' },
        { name: 'signers', type: 'uint16' },
      ],
    },
  ],
} as const

const summed = {
  type: 'tuple',
  components: [
    { name: 'q', type: 'uint64' },
    { name: 't', type: 'uint64' },
    { name: 'n', type: 'uint32' },
    { name: 'ciphertexts', type: 'uint32' },
    { name: 'cohorts', type: 'bytes32[]' },
    { name: 'cohort', type: 'uint256' },
    { name: 'inputs', type: 'tuple[]', components: Record.inputComponents },
    { name: 'sumRoot', type: 'bytes32' },
  ],
} as const

const word = {
  type: 'tuple',
  components: [
    { name: 'index', type: 'uint256' },
    { name: 'sum', type: 'bytes32' },
    { name: 'sumProof', type: 'bytes32[]' },
    { name: 'inputs', type: 'bytes32[]' },
    { name: 'inputProofs', type: 'bytes32[][]' },
  ],
} as const

const twice = {
  type: 'tuple',
  components: [
    { name: 'round', type: 'uint8' },
    { name: 'seat', type: 'uint8' },
    { name: 'first', type: 'bytes32' },
    { name: 'firstSignature', type: 'bytes' },
    { name: 'second', type: 'bytes32' },
    { name: 'secondSignature', type: 'bytes' },
  ],
} as const

/** What each charge's evidence is the ABI encoding of. */
export const parameters = {
  wrongSum: [logged, summed, word],
  forgedInput: [logged, summed, { type: 'tuple[]', components: Party.dataComponents }, { type: 'uint256' }],
  twoRecords: [twice],
  twoOpenings: [twice],
} as const

/** Shows the first word of a cohort's sum that is not what its inputs add up to. */
export function wrongSum(round: Round, cohort: number, { updates, sum }: Bytes): Evidence {
  const { inputs } = cohortOf(round, cohort)
  if (updates.length !== inputs.length)
    throw new BytesError(`there are ${updates.length} of ${inputs.length} inputs`)
  const wrong = Ciphertext.proveWrong(updates, sum)
  if (wrong === undefined) throw new NoneError('every word of the sum is right')
  return wrongWord(round, cohort, wrong)
}

/** The same by a word that was found elsewhere. */
export function wrongWord(round: Round, cohort: number, { index, sum, updates }: Ciphertext.Wrong): Evidence {
  const { inputs, sumRoot } = cohortOf(round, cohort)
  if (updates.length !== inputs.length)
    throw new BytesError(`there are ${updates.length} of ${inputs.length} inputs`)
  const { ciphertexts } = round.sums
  for (const [at, { root }] of inputs.entries()) {
    const shown = updates[at]
    if (shown === undefined || !Ciphertext.verify(root, ciphertexts, index, shown))
      throw new BytesError(`input ${at} is another`)
  }
  if (!Ciphertext.verify(sumRoot, ciphertexts, index, sum)) throw new BytesError('the sum is another')
  const wrong = {
    index: BigInt(index),
    sum: sum.word,
    sumProof: sum.proof,
    inputs: updates.map((each) => each.word),
    inputProofs: updates.map((each) => each.proof),
  }
  const evidence = [loggedOf(round), summedOf(round, cohort), wrong] as const
  return { charge: 'wrongSum', evidence: encodeAbiParameters(parameters.wrongSum, evidence) }
}

/** Shows an input that its provider's device did not sign for this round's opening and cohorts, or that inputs are not as many as survivors. */
export function forgedInput(round: Round, place: Place, datas: readonly Party.DataParty[]): Evidence {
  const { cohort, input } = forgeryOf(round, place, datas)
  const evidence = [loggedOf(round), summedOf(round, cohort), datas, BigInt(input)] as const
  return { charge: 'forgedInput', evidence: encodeAbiParameters(parameters.forgedInput, evidence) }
}

type Statement = { readonly statement: Hex; readonly signature: Hex }

/** Shows two statements by one key about one round: records by a compute provider on a seat, openings by the opener. */
export function contradiction(
  place: Place,
  by: { readonly seat: number | undefined; readonly key: Address },
  round: number,
  [first, second]: readonly [Statement, Statement],
): Evidence {
  const kind = by.seat === undefined ? 'opening' : 'record'
  const about = { round, seat: by.seat ?? 0, key: by.key, kind } as const
  const charge = by.seat === undefined ? 'twoOpenings' : 'twoRecords'
  return { charge, evidence: twiceOf(place, about, first, second) }
}

export type SignedRecord = { readonly record: Record.Body; readonly signature: Hex }

/** Shows that the compute provider on this seat signed two records of one round. */
export function twoRecords(
  place: Place,
  computes: readonly Party.ComputeParty[],
  seat: number,
  records: readonly [SignedRecord, SignedRecord],
): Evidence {
  const device = computes[seat]?.device
  if (device === undefined) throw new NoneError(`there is no compute provider on seat ${seat}`)
  const [{ record }, other] = records
  if (record.round !== other.record.round) throw new NoneError('the records are of two rounds')
  const stated = (each: SignedRecord) => ({ statement: Record.hash(each.record), signature: each.signature })
  return contradiction(place, { seat, key: device }, record.round, [stated(records[0]), stated(other)])
}

export type SignedOpening = {
  /** Digest of the body of `RoundOpened`. */
  readonly opened: Hex
  /** Unix seconds. */
  readonly closes: number
  readonly signature: Hex
}

/** Shows that the opener signed two openings of one round. */
export function twoOpenings(
  place: Place,
  opener: Address,
  round: number,
  openings: readonly [SignedOpening, SignedOpening],
): Evidence {
  const stated = ({ opened, closes, signature }: SignedOpening) => ({
    statement: Once.opening(opened, closes),
    signature,
  })
  return contradiction(place, { seat: undefined, key: opener }, round, [
    stated(openings[0]),
    stated(openings[1]),
  ])
}

function twiceOf(
  { domain, task }: Place,
  about: {
    readonly round: number
    readonly seat: number
    readonly key: Address
    readonly kind: Once.Kind
  },
  first: Statement,
  second: Statement,
): Hex {
  const { round, seat, key, kind } = about
  if (first.statement === second.statement) throw new NoneError('both signatures are over the same statement')
  for (const { statement, signature } of [first, second])
    if (!Eip712.isSignedBy(key, Once.digest(domain, task, kind, round, statement), signature))
      throw new NoneError(`the statement ${statement} was not signed by ${key}`)
  const both = {
    round,
    seat,
    first: first.statement,
    firstSignature: first.signature,
    second: second.statement,
    secondSignature: second.signature,
  }
  return encodeAbiParameters(parameters[kind === 'record' ? 'twoRecords' : 'twoOpenings'], [both])
}

function forgeryOf(round: Round, { domain, task }: Place, datas: readonly Party.DataParty[]) {
  const { record } = committedOf(round)
  if (round.sums.cohorts.length !== record.cohorts.length) return { cohort: 0, input: 0 }
  for (const [cohort, { inputs }] of round.sums.cohorts.entries()) {
    const seats = Record.seats((record.cohorts[cohort] ?? 0n) & record.survivors)
    if (inputs.length !== seats.length) return { cohort, input: 0 }
    for (const [input, { root, signature }] of inputs.entries()) {
      const device = datas[seats[input] ?? datas.length]?.device
      if (device === undefined) throw new BytesError('a data provider is missing')
      const statement = Once.update(record.opened, record.cohortsDigest, root)
      const digest = Once.digest(domain, task, 'update', record.round, statement)
      if (!Eip712.isSignedBy(device, digest, signature)) return { cohort, input }
    }
  }
  throw new NoneError('every input was signed by its provider')
}

function committedOf({ log, round, sums }: Round): History.Round {
  const committed = log.find(({ record }) => record.round === round)
  if (committed === undefined) throw new NoneError(`round ${round} was not committed`)
  if (Record.sums(sums) !== committed.record.sums) throw new BytesError('their roots are others')
  return committed
}

function cohortOf(round: Round, cohort: number): Record.Sums['cohorts'][number] {
  committedOf(round)
  const shown = round.sums.cohorts[cohort]
  if (shown === undefined) throw new NoneError(`there is no cohort ${cohort}`)
  return shown
}

function loggedOf(round: Round) {
  const { record, signers } = committedOf(round)
  const at = round.log.findIndex((each) => each.record.round === round.round)
  const before = round.log
    .slice(0, at)
    .reduce((log, each) => Record.log(log, Record.tally(each.record, each.signers)), Terms.noHash)
  const later = round.log
    .slice(at + 1)
    .map((each) => ({ recordHash: Record.hash(each.record), signers: each.signers }))
  return { record, signers, before, later }
}

function summedOf({ sums }: Round, cohort: number) {
  const { q, t, n, ciphertexts } = sums
  const shown = sums.cohorts[cohort] ?? { inputs: [], sumRoot: Terms.noHash }
  const cohorts = sums.cohorts.map(({ inputs, sumRoot }) => Record.cohortHash(inputs, sumRoot))
  return { q, t, n, ciphertexts, cohorts, cohort: BigInt(cohort), ...shown }
}

export class NoneError extends BaseError {
  override readonly name = 'Evidence.NoneError'
  constructor(what: string) {
    super({
      message: `Nothing here proves a lie: ${what}.`,
      advice: 'Accuse nobody: the market would refuse it.',
    })
  }
}

export class BytesError extends BaseError {
  override readonly name = 'Evidence.BytesError'
  constructor(what: string) {
    super({
      message: `These are not the bytes that the committee signed: ${what}.`,
      advice: 'Fetch the round again from another relay or member, and look again.',
    })
  }
}
