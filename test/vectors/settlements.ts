// Settlements of any size and kind, drawn from a seed by the protocol alone: what Solidity must compute again.
import { encodeAbiParameters, keccak256, numberToHex, toBytes } from 'viem'
import type { Address, Hex } from '../../protocol/codec.ts'
import * as Party from '../../protocol/party.ts'
import * as Payout from '../../protocol/payout.ts'
import * as Plan from '../../protocol/plan.ts'
import * as Prng from '../../protocol/prng.ts'
import * as Record from '../../protocol/record.ts'
import * as Terms from '../../protocol/terms.ts'

/** How cohorts scored: of any sign, none above zero, all zero, or from a few values only, so that many tie. */
export const scores = ['mixed', 'negative', 'zero', 'tied'] as const
export type Scores = (typeof scores)[number]

export type Kind = {
  readonly plan: Terms.Plan
  readonly scores: Scores
  readonly punished: boolean
  /** Up to 203 data providers instead of up to 23. */
  readonly isLarge: boolean
}

/** Every kind in turn, so that a few consecutive seeds hold most of them. */
export function kindOf(seed: number): Kind {
  return {
    plan: Terms.plans[seed % 3] ?? 'equal',
    scores: scores[Math.floor(seed / 3) % 4] ?? 'mixed',
    punished: seed % 5 === 4,
    isLarge: seed % 16 === 15,
  }
}

const hash = (text: string): Hex => keccak256(toBytes(text))

export function draw(seed: number, market: Address, kind = kindOf(seed)) {
  const prng = Prng.from(seed, 1)
  const below = (most: number) => Math.floor(Prng.unit(prng) * (most + 1))
  const bits = (width: number) => {
    let drawn = 0n
    for (let seat = 0; seat < width; seat++) drawn |= BigInt(below(3) === 0 ? 0 : 1) << BigInt(seat)
    return drawn
  }
  const width = 3 + below(kind.isLarge ? 200 : 20)
  const seats = 1 + below(15)
  const scale = 10n ** BigInt(below(20))
  const box = (at: number) => hash(`box ${seed} ${at}`)
  const person = (at: number) => ({
    account: numberToHex(1_000 + at, { size: 20 }),
    payee: numberToHex(1 + below(2 ** 30), { size: 20 }),
    device: numberToHex(2_000 + at, { size: 20 }),
    box: box(at),
  })
  const datas = Array.from({ length: width }, (_, at): Party.DataParty => ({
    ...person(at),
    floor: BigInt(below(1_000)) * scale,
    samples: 1 + below(20_000),
    quality: below(10_000),
    compute: below(seats - 1),
    dataSignature: hash(`data ${seed} ${at}`),
  }))
  const computes = Array.from({ length: seats }, (_, at): Party.ComputeParty => ({
    ...person(at),
    price: BigInt(below(5_000)),
  }))
  const absent = below(2 ** seats - 1) & ~1
  const maxCohorts = 1 + below(5)
  const terms: Terms.Terms = {
    modelProvider: numberToHex(1 + below(2 ** 30), { size: 20 }),
    opener: numberToHex(7, { size: 20 }),
    token: numberToHex(8, { size: 20 }),
    plan: kind.plan,
    referee: Terms.noAddress,
    dataPool: (1_000n * BigInt(width) + BigInt(below(100_000))) * scale,
    computePool: 0n,
    bond: BigInt(below(1_000_000)) * scale,
    computeBond: BigInt(below(1_000_000)),
    disputeBond: 0n,
    specHash: hash(`spec ${seed}`),
    schemaId: hash(`schema ${seed}`),
    salt: hash(`salt ${seed}`),
    words: 1 + below(200_000),
    sampleCap: 1 + below(15_000),
    unitsPerSignature: below(100_000),
    roundsPerEpoch: 3 + below(6),
    invited: below(1) === 0 ? Terms.noHash : hash(`invited ${seed}`),
    idleWindow: 7_200,
    challengeWindow: 3_600,
    startBy: 1_800_000_000,
    minQuality: 0,
    minDatas: 3,
    maxDatas: 239,
    minComputes: 1,
    maxComputes: 16,
    threshold: 1,
    minCohort: 3,
    maxCohorts,
    maxRounds: 255,
    paidRounds: 1 + below(40),
    jobKilounits: below(2) === 0 ? below(2 ** 32 - 1) : below(5_000),
  }
  // Sixteen lanes, whoever is there, of a few kilounits or of as many as fit.
  const jobs = () => {
    const most = below(1) === 0 ? 100 : 2 ** 16 - 1
    const lanes = Array.from({ length: 16 }, () => BigInt(below(1) === 0 ? 0 : below(most)))
    return lanes.reduce((all, lane) => (all << 16n) | lane, 0n)
  }
  let round = 0
  const rounds = Array.from({ length: 1 + below(30) }, (_, at) => {
    // Now and then a round, or a whole epoch, passes without a commit.
    round += below(7) === 0 ? 1 + below(terms.roundsPerEpoch) : 1
    const cohorts = Array.from({ length: 1 + below(maxCohorts - 1) }, () => 0n)
    for (let seat = 0; seat < width; seat++) {
      const c = below(cohorts.length - 1)
      if (below(9) > 0) cohorts[c] = (cohorts[c] ?? 0n) | (1n << BigInt(seat))
    }
    cohorts[0] = (cohorts[0] ?? 0n) | 1n
    const union = cohorts.reduce((all, cohort) => all | cohort, 0n)
    const delivered = (union & bits(width)) | (cohorts[0] & 1n)
    const survivors = cohorts.reduce((all, cohort) => (below(3) === 0 ? all : all | (cohort & delivered)), 1n)
    return Record.tally(
      {
        round,
        closes: 1_800_000_000 + at,
        opened: hash(`opened ${seed} ${at}`),
        cohortsDigest: hash(`cohorts ${seed} ${at}`),
        aggregator: 0,
        delivered,
        survivors,
        cohorts: cohorts.map((cohort) => cohort & ~1n).with(0, cohorts[0]),
        jobs: jobs(),
        sums: hash(`sums ${seed} ${at}`),
      },
      (below(2 ** seats - 1) | 1) & ~absent,
    )
  })
  const score = () => {
    if (kind.scores === 'zero') return 0
    if (kind.scores === 'tied') return below(2) - 1
    if (kind.scores === 'negative') return -below(2 ** 31)
    return below(2 ** 32 - 1) - 2 ** 31
  }
  const opened = kind.plan === 'equal' || kind.punished ? [] : Plan.opened(terms, rounds)
  const utilities = opened.map((set) =>
    Array.from({ length: maxCohorts }, (_, c) => (((set >> BigInt(c)) & 1n) === 1n ? score() : 0)),
  )
  const computePool = Payout.worstCompute(
    terms,
    computes.map(({ price }) => price),
    width,
  )
  const settlement: Payout.Settlement = {
    terms: { ...terms, computePool },
    computes,
    datas,
    absent,
    rounds,
    utilities,
    punished: kind.punished,
  }
  return encode(seed, market, settlement)
}

/** The calldata of a settlement, and what must come of it. */
function encode(seed: number, market: Address, settlement: Payout.Settlement) {
  const { terms, computes, datas, absent, rounds, utilities, punished } = settlement
  const { leaves, root } = Payout.compute(settlement)
  return {
    seed,
    terms: encodeAbiParameters([Terms.abiParameter], [Terms.toAbi(terms)]),
    parties: encodeAbiParameters([{ type: 'tuple', components: partiesComponents }], [{ computes, datas }]),
    rounds: encodeAbiParameters([{ type: 'tuple[]', components: Record.tallyComponents }], [rounds]),
    utilities: encodeAbiParameters([{ type: 'int32[][]' }], [utilities]),
    absent,
    punished,
    task: Terms.id(market, terms),
    partiesHash: Party.partiesHash(computes, datas),
    log: rounds.reduce(Record.log, Terms.noHash),
    root,
    amounts: leaves.map(({ amount }) => amount.toString()),
  }
}

const partiesComponents = [
  { name: 'computes', type: 'tuple[]', components: Party.computeComponents },
  { name: 'datas', type: 'tuple[]', components: Party.dataComponents },
] as const
