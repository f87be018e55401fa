// What a settled task owes to whom: the same arithmetic as contracts/Payouts.sol, to the unit and to the root.
import { concat, encodeAbiParameters, keccak256 } from 'viem/utils'
import type { Address, Hex } from './codec.ts'
import { BaseError } from './errors.ts'
import type { ComputeParty, DataParty } from './party.ts'
import * as Plan from './plan.ts'
import * as Record from './record.ts'
import * as Terms from './terms.ts'

export type Role = 'data' | 'compute' | 'model'

export type Leaf = {
  /** Data seats, then compute seats, then the model provider. */
  readonly index: number
  readonly role: Role
  readonly account: Address
  readonly payee: Address
  /** Token base units. */
  readonly amount: bigint
  /** Rounds delivered (data) or compute units (compute). */
  readonly work: number
  readonly units: Units
  readonly parts: Parts
}

/** A compute provider's work, in compute units; of others nothing. */
export type Units = { readonly adding: bigint; readonly signing: bigint; readonly jobs: bigint }

/** What an amount is made of, in token base units; the parts add up to it. */
export type Parts = {
  /** A data provider's asking price for what it delivered. */
  readonly floor: bigint
  /** A data provider's part of the rest of the data pool. */
  readonly share: bigint
  /** A compute provider's units for adding and signing times its price. */
  readonly pay: bigint
  /** What its units of job work add to that. */
  readonly jobs: bigint
  /** A compute provider's bond. */
  readonly bond: bigint
  /** What is left for the model provider. */
  readonly refund: bigint
}

export const nothing: Parts = { floor: 0n, share: 0n, pay: 0n, jobs: 0n, bond: 0n, refund: 0n }
export const idle: Units = { adding: 0n, signing: 0n, jobs: 0n }

export type Claim = {
  readonly index: number
  readonly payee: Address
  readonly amount: bigint
  readonly proof: readonly Hex[]
}

export type Settlement = {
  readonly terms: Terms.Terms
  readonly computes: readonly ComputeParty[]
  readonly datas: readonly DataParty[]
  /** Bitmap of compute seats that do not count, from `TaskStarted`. */
  readonly absent: number
  /** Every committed round in order. */
  readonly rounds: readonly Record.Tally[]
  /** By epoch and cohort (`Plan.weights`); empty where every cohort weighs one. */
  readonly utilities: Plan.Utilities
  /** The model provider vanished or is guilty: its bond joins the data pool. */
  readonly punished: boolean
}

export type Payout = { readonly leaves: readonly Leaf[]; readonly root: Hex }

const megaunit = 1_000_000n
const kilounit = 1_000n
/** Coefficients in a word; one unit is one coefficient added. */
const coefficients = 4n

/** Refuses utilities that the market would refuse (`Plan.CountError`, `Plan.AbsentCohortError`). */
export function compute(settlement: Settlement): Payout {
  const { terms, computes, datas, rounds, absent } = settlement
  if (rounds.length === 0) throw new NoRoundsError()
  const data = dataParts(settlement)
  const units = computeUnits(settlement)
  const leaves: Leaf[] = []
  const add = (
    role: Role,
    { account, payee }: Pick<DataParty, 'account' | 'payee'>,
    work: number,
    parts: Parts,
    units = idle,
  ) =>
    leaves.push({
      index: leaves.length,
      role,
      account,
      payee,
      amount: sum(Object.values(parts)),
      work,
      units,
      parts,
    })
  datas.forEach((party, seat) => add('data', party, delivered(rounds, seat), data[seat] ?? nothing))
  computes.forEach((party, seat) => {
    const done = units[seat] ?? idle
    const work = sum(Object.values(done))
    const pay = (party.price * (work - done.jobs)) / megaunit
    const jobs = (party.price * work) / megaunit - pay
    const bond = isAbsent(absent, seat) ? 0n : terms.computeBond
    add('compute', party, Number(work), { ...nothing, pay, jobs, bond }, done)
  })
  const present = computes.filter((_, seat) => !isAbsent(absent, seat)).length
  const refund = funded(terms, present) - sum(leaves.map(({ amount }) => amount))
  add('model', { account: terms.modelProvider, payee: terms.modelProvider }, 0, { ...nothing, refund })
  const layers = tree(leaves.map((leaf) => leafHash(terms.token, leaf)))
  return { leaves, root: layers.at(-1)?.[0] ?? Terms.noHash }
}

/** What the market asks for to pay one leaf. */
export function claim(token: Address, leaves: readonly Leaf[], index: number): Claim {
  const [found] = claims(token, leaves, [index])
  if (found === undefined) throw new LeafError(index)
  return found
}

/** What the market asks for to pay several leaves at once; the tree is built once for all of them. */
export function claims(
  token: Address,
  leaves: readonly Leaf[],
  indices: readonly number[],
): readonly Claim[] {
  const layers = tree(leaves.map((each) => leafHash(token, each)))
  return indices.map((index) => {
    const leaf = leaves[index]
    if (leaf === undefined) throw new LeafError(index)
    const proof = layers.flatMap((layer, level) => layer[Math.floor(index / 2 ** level) ^ 1] ?? [])
    return { index, payee: leaf.payee, amount: leaf.amount, proof }
  })
}

/** Everything a started task holds. */
export function funded(terms: Terms.Terms, present: number): bigint {
  return Terms.funding(terms) + BigInt(present) * terms.computeBond
}

/**
 * The most that compute can cost: every round aggregated at the highest price and signed by everyone, and all job work at
 * the highest price.
 */
export function worstCompute(terms: Terms.Terms, prices: readonly bigint[], datas: number): bigint {
  const highest = prices.reduce((most, price) => (price > most ? price : most), 0n)
  const round =
    highest * coefficients * BigInt(terms.words) * BigInt(datas) +
    sum(prices) * BigInt(terms.unitsPerSignature)
  const jobs = highest * kilounit * BigInt(terms.jobKilounits)
  return (round * BigInt(terms.maxRounds) + jobs) / megaunit
}

/** Rounds that the data provider on this seat delivered. */
export function delivered(rounds: readonly Record.Tally[], seat: number): number {
  return rounds.filter((tally) => (tally.delivered >> BigInt(seat)) & 1n).length
}

function dataParts(settlement: Settlement): readonly Parts[] {
  const { terms, datas, rounds, punished } = settlement
  const paidRounds = BigInt(terms.paidRounds)
  const floors = sum(datas.map(({ floor }) => floor))
  const shared = terms.dataPool + (punished ? terms.bond : 0n) - floors
  const times = datas.map((_, seat) => BigInt(delivered(rounds, seat)))
  const earned = cohortWeights(settlement)
  const counts = earned.some((weight) => weight !== 0n) ? earned : times
  const weights = datas.map(
    ({ samples }, seat) => BigInt(Math.min(samples, terms.sampleCap)) * (counts[seat] ?? 0n),
  )
  const total = sum(weights)
  const reached = least(BigInt(rounds.length), paidRounds)
  return datas.map((party, seat) => ({
    ...nothing,
    floor: (party.floor * least(times[seat] ?? 0n, paidRounds)) / paidRounds,
    share: (shared * reached * (weights[seat] ?? 0n)) / (paidRounds * total),
  }))
}

/** By data seat: the weights of the cohorts in which it delivered, added up over the rounds. */
function cohortWeights({ terms, datas, rounds, utilities }: Settlement): readonly bigint[] {
  const byEpoch = Plan.weights(terms, rounds, utilities)
  const earned = datas.map(() => 0n)
  for (const { round, cohorts, delivered: bits } of rounds) {
    const weights = byEpoch[Plan.epoch(terms, round)]
    cohorts.forEach((cohort, c) => {
      const weight = weights === undefined ? 1n : (weights[c] ?? 0n)
      for (const seat of Record.seats(cohort & bits)) earned[seat] = (earned[seat] ?? 0n) + weight
    })
  }
  return earned
}

function computeUnits(settlement: Settlement): readonly Units[] {
  const { terms, computes, rounds } = settlement
  const jobs = jobKilounits(settlement)
  return computes.map((_, seat) => {
    const added = rounds.filter(({ aggregator }) => aggregator === seat)
    const survivors = added.reduce((all, tally) => all + Record.seats(tally.survivors).length, 0)
    const signed = rounds.filter(({ signers }) => (signers >> seat) & 1).length
    return {
      adding: coefficients * BigInt(terms.words) * BigInt(survivors),
      signing: BigInt(terms.unitsPerSignature) * BigInt(signed),
      jobs: kilounit * (jobs[seat] ?? 0n),
    }
  })
}

/** By compute seat: what is paid of its lanes, in the order of rounds and then of seats, as far as the terms' most goes. */
function jobKilounits({ terms, computes, rounds, absent }: Settlement): readonly bigint[] {
  const paid = computes.map(() => 0n)
  let left = BigInt(terms.jobKilounits)
  for (const { jobs } of rounds)
    for (const seat of computes.keys()) {
      if (isAbsent(absent, seat)) continue
      const part = least(Record.kilounits(jobs, seat), left)
      paid[seat] = (paid[seat] ?? 0n) + part
      left -= part
    }
  return paid
}

/** Four words, so that no leaf can be taken for a node of two. */
function leafHash(token: Address, leaf: Leaf): Hex {
  return keccak256(
    encodeAbiParameters(
      [{ type: 'address' }, { type: 'uint256' }, { type: 'address' }, { type: 'uint256' }],
      [token, BigInt(leaf.index), leaf.payee, leaf.amount],
    ),
  )
}

/** Layers from leaves to root: pairs are hashed in ascending order, a node without a partner moves up as it is. */
function tree(leaves: readonly Hex[]): readonly (readonly Hex[])[] {
  const layers = [leaves]
  for (let layer = leaves; layer.length > 1;) {
    const above: Hex[] = []
    for (let place = 0; place < layer.length; place += 2) {
      const [a, b] = [layer[place], layer[place + 1]]
      if (a !== undefined) above.push(b === undefined ? a : keccak256(concat(a < b ? [a, b] : [b, a])))
    }
    layers.push(above)
    layer = above
  }
  return layers
}

function isAbsent(absent: number, seat: number): boolean {
  return ((absent >> seat) & 1) === 1
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n)
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

export class NoRoundsError extends BaseError {
  override readonly name = 'Payout.NoRoundsError'
  constructor() {
    super({
      message: 'No round of this task was committed, so nothing was earned.',
      advice: 'Wait for a round, or let the task expire: everything is then refunded.',
      safe: 'Pools and bonds are in the market.',
    })
  }
}

export class LeafError extends BaseError {
  override readonly name = 'Payout.LeafError'
  constructor(index: number) {
    super({
      message: `This task has no payout number ${index}.`,
      advice: 'Claim a payout that the settlement lists.',
    })
  }
}
