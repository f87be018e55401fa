// What the committee signs about one round: who delivered, whose updates are in which sum, and under which roots.
import { encodeAbiParameters, encodePacked, keccak256 } from 'viem/utils'
import * as v from 'valibot'
import { amount, count, digest32, signature, type Hex } from './codec.ts'
import * as Party from './party.ts'

/** Bitmaps have the bit of a data provider's seat. */
export type Record = {
  readonly round: number
  /** Unix seconds until which the round may be committed. */
  readonly closes: number
  /** Digest of `RoundOpened`'s body. */
  readonly opened: Hex
  /** Digest of `Cohorts`' body. */
  readonly cohortsDigest: Hex
  /** Seat of the compute provider that added. */
  readonly aggregator: number
  /** Who is paid for this round. */
  readonly delivered: bigint
  /** Whose updates are in the sums; inside `delivered`. */
  readonly survivors: bigint
  /** One bitmap per cohort, disjoint; a cohort nobody was ready in is zero. */
  readonly cohorts: readonly bigint[]
  /** Job work that is paid with this round: sixteen lanes of 16 bits, by compute seat (`kilounits`). */
  readonly jobs: bigint
  /** Digest over encryption parameters and the roots of inputs and sums: `sums()`. */
  readonly sums: Hex
  /** The opener's `Once` signature over `Once.opening(opened, closes)`; not part of `hash`. */
  readonly openerSignature: Hex
}

/** What is hashed and logged. */
export type Body = Omit<Record, 'openerSignature'>

/** What settlement replays of one committed round, in Solidity's order. */
export type Tally = {
  readonly round: number
  readonly aggregator: number
  /** Bitmap of the compute seats that signed. */
  readonly signers: number
  readonly delivered: bigint
  readonly survivors: bigint
  readonly cohorts: readonly bigint[]
  readonly jobs: bigint
  /** Digest over what settlement does not read: closing time and digests. */
  readonly evidence: Hex
}

/** Solidity's struct, in its order. */
export const components = [
  { name: 'round', type: 'uint8' },
  { name: 'closes', type: 'uint40' },
  { name: 'opened', type: 'bytes32' },
  { name: 'cohortsDigest', type: 'bytes32' },
  { name: 'aggregator', type: 'uint8' },
  { name: 'delivered', type: 'uint256' },
  { name: 'survivors', type: 'uint256' },
  { name: 'cohorts', type: 'uint256[]' },
  { name: 'jobs', type: 'uint256' },
  { name: 'sums', type: 'bytes32' },
] as const

/** Solidity's struct of a tally, in its order. */
export const tallyComponents = [
  { name: 'round', type: 'uint8' },
  { name: 'aggregator', type: 'uint8' },
  { name: 'signers', type: 'uint16' },
  { name: 'delivered', type: 'uint256' },
  { name: 'survivors', type: 'uint256' },
  { name: 'cohorts', type: 'uint256[]' },
  { name: 'jobs', type: 'uint256' },
  { name: 'evidence', type: 'bytes32' },
] as const

const bitmap = v.pipe(
  amount,
  v.check((bits) => bits < 1n << 255n, 'expected a bitmap of at most 255 seats'),
)
const lanes = v.pipe(
  amount,
  v.check((jobs) => jobs < 1n << 256n, 'expected sixteen lanes of 16 bits'),
)
const uint40 = v.pipe(count, v.maxValue(2 ** 40 - 1, 'expected Unix seconds'))

export const schema = v.strictObject({
  round: v.pipe(count, v.minValue(1, 'expected a round from 1'), v.maxValue(255, 'expected at most 255')),
  closes: uint40,
  opened: digest32,
  cohortsDigest: digest32,
  aggregator: v.pipe(Party.seat, v.maxValue(15, 'expected a seat below 16')),
  delivered: bitmap,
  survivors: bitmap,
  cohorts: v.pipe(v.array(bitmap), v.maxLength(255, 'expected at most 255 cohorts')),
  jobs: lanes,
  sums: digest32,
  openerSignature: signature,
})

export function toWire(record: Record): v.InferInput<typeof schema> {
  return {
    ...record,
    delivered: record.delivered.toString(),
    survivors: record.survivors.toString(),
    cohorts: record.cohorts.map((cohort) => cohort.toString()),
    jobs: record.jobs.toString(),
  }
}

/** The statement that t members sign by `Once` (kind record). */
export function hash(record: Body): Hex {
  return tallyHash(tally(record, 0))
}

/** What settlement needs of a committed round; `signers` is the bitmap of compute seats in its event. */
export function tally(record: Body, signers: number): Tally {
  const { round, aggregator, delivered, survivors, cohorts, jobs } = record
  const evidence = keccak256(
    encodeAbiParameters(
      [{ type: 'uint40' }, { type: 'bytes32' }, { type: 'bytes32' }, { type: 'bytes32' }],
      [record.closes, record.opened, record.cohortsDigest, record.sums],
    ),
  )
  return { round, aggregator, signers, delivered, survivors, cohorts, jobs, evidence }
}

function tallyHash(of: Tally): Hex {
  const cohortsHash = keccak256(encodePacked(['uint256[]'], [of.cohorts]))
  return keccak256(
    encodeAbiParameters(
      [
        { type: 'uint8' },
        { type: 'uint8' },
        { type: 'uint256' },
        { type: 'uint256' },
        { type: 'bytes32' },
        { type: 'uint256' },
        { type: 'bytes32' },
      ],
      [of.round, of.aggregator, of.delivered, of.survivors, cohortsHash, of.jobs, of.evidence],
    ),
  )
}

/** The market's chain over committed rounds; starts at zero. */
export function log(before: Hex, committed: Tally): Hex {
  return keccak256(
    encodeAbiParameters(
      [{ type: 'bytes32' }, { type: 'bytes32' }, { type: 'uint16' }],
      [before, tallyHash(committed), committed.signers],
    ),
  )
}

/** One encrypted update inside a sum. */
export type Input = {
  /** Merkle root over the words of its ciphertexts. */
  readonly root: Hex
  /** Its provider's `Once` signature (kind update) over `Once.update` of the round's view and that root. */
  readonly signature: Hex
}

/** Solidity's struct, in its order. */
export const inputComponents = [
  { name: 'root', type: 'bytes32' },
  { name: 'signature', type: 'bytes' },
] as const

export type Sums = {
  /** Ciphertext modulus. */
  readonly q: bigint
  /** Plaintext modulus. */
  readonly t: bigint
  /** Ring degree. */
  readonly n: number
  /** Ciphertexts of one update. */
  readonly ciphertexts: number
  readonly cohorts: readonly {
    /** By seat, one for each of the cohort's survivors. */
    readonly inputs: readonly Input[]
    readonly sumRoot: Hex
  }[]
}

/** Commits to every input and every sum of a round; each cohort can be shown alone. */
export function sums(round: Sums): Hex {
  const cohorts = round.cohorts.map(({ inputs, sumRoot }) => cohortHash(inputs, sumRoot))
  return keccak256(
    encodeAbiParameters(
      [{ type: 'uint64' }, { type: 'uint64' }, { type: 'uint32' }, { type: 'uint32' }, { type: 'bytes32[]' }],
      [round.q, round.t, round.n, round.ciphertexts, cohorts],
    ),
  )
}

/** One cohort's part of `sums`. */
export function cohortHash(inputs: readonly Input[], sumRoot: Hex): Hex {
  return keccak256(
    encodeAbiParameters(
      [{ type: 'tuple[]', components: inputComponents }, { type: 'bytes32' }],
      [inputs, sumRoot],
    ),
  )
}

/** Job work in the lane of a compute seat; nothing beyond the sixteenth. */
export function kilounits(jobs: bigint, seat: number): bigint {
  return (jobs >> (16n * BigInt(seat))) & 0xffffn
}

/** The seats whose bits are set, ascending. */
export function seats(bits: bigint): readonly number[] {
  const set: number[] = []
  for (let seat = 0, rest = bits; rest > 0n; seat++, rest >>= 1n) if (rest & 1n) set.push(seat)
  return set
}

/** The bitmap of these seats. */
export function bitmapOf(set: Iterable<number>): bigint {
  let bits = 0n
  for (const seat of set) bits |= 1n << BigInt(seat)
  return bits
}
