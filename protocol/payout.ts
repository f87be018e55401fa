// What a settled task owes to whom: the same arithmetic as contracts/Payouts.sol, to the unit and to the root.
import { concat, encodeAbiParameters, keccak256 } from 'viem/utils'
import type { Address, Hex } from './codec.ts'
import type { ComputeParty, DataParty } from './party.ts'
import * as Record from './record.ts'
import { BaseError } from './errors.ts'
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
}

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
  /** Someone else than the model provider settles: its bond joins the data pool. */
  readonly vanished: boolean
}

export type Payout = { readonly leaves: readonly Leaf[]; readonly root: Hex }

const megaunit = 1_000_000n
/** Coefficients in a word; one unit is one coefficient added. */
const lanes = 4n

export function compute(settlement: Settlement): Payout {
  const { terms, computes, datas, rounds } = settlement
  if (rounds.length === 0) throw new NoRoundsError()
  const data = dataAmounts(settlement)
  const units = computeUnits(settlement)
  const leaves: Leaf[] = []
  datas.forEach(({ account, payee }, seat) => {
    const work = delivered(rounds, seat)
    leaves.push({ index: leaves.length, role: 'data', account, payee, amount: data[seat] ?? 0n, work })
  })
  computes.forEach(({ account, payee, price }, seat) => {
    const work = units[seat] ?? 0n
    const bond = isAbsent(settlement.absent, seat) ? 0n : terms.computeBond
    const amount = (price * work) / megaunit + bond
    leaves.push({ index: leaves.length, role: 'compute', account, payee, amount, work: Number(work) })
  })
  const present = computes.filter((_, seat) => !isAbsent(settlement.absent, seat)).length
  const spent = leaves.reduce((sum, leaf) => sum + leaf.amount, 0n)
  leaves.push({
    index: leaves.length,
    role: 'model',
    account: terms.modelProvider,
    payee: terms.modelProvider,
    amount: funded(terms, present) - spent,
    work: 0,
  })
  const layers = tree(leaves.map((leaf) => leafHash(terms.token, leaf)))
  return { leaves, root: layers.at(-1)?.[0] ?? Terms.noHash }
}

/** What the market asks for to pay one leaf. */
export function claim(token: Address, leaves: readonly Leaf[], index: number): Claim {
  const leaf = leaves[index]
  if (leaf === undefined) throw new LeafError(index)
  const proof: Hex[] = []
  let place = index
  for (const layer of tree(leaves.map((each) => leafHash(token, each)))) {
    const partner = layer[place % 2 === 0 ? place + 1 : place - 1]
    if (partner !== undefined) proof.push(partner)
    place = Math.floor(place / 2)
  }
  return { index, payee: leaf.payee, amount: leaf.amount, proof }
}

/** Everything a started task holds. */
export function funded(terms: Terms.Terms, present: number): bigint {
  return Terms.funding(terms) + BigInt(present) * terms.computeBond
}

/** The most that compute can cost: every round aggregated at the highest price and signed by everyone. */
export function worstCompute(terms: Terms.Terms, prices: readonly bigint[], datas: number): bigint {
  const highest = prices.reduce((most, price) => (price > most ? price : most), 0n)
  const sum = prices.reduce((total, price) => total + price, 0n)
  const round = highest * lanes * BigInt(terms.words) * BigInt(datas) + sum * BigInt(terms.unitsPerSignature)
  return (round * BigInt(terms.maxRounds)) / megaunit
}

/** Rounds that the data provider on this seat delivered. */
export function delivered(rounds: readonly Record.Tally[], seat: number): number {
  return rounds.filter((tally) => (tally.delivered >> BigInt(seat)) & 1n).length
}

function dataAmounts({ terms, datas, rounds, vanished }: Settlement): readonly bigint[] {
  const paidRounds = BigInt(terms.paidRounds)
  const floors = datas.reduce((sum, party) => sum + party.floor, 0n)
  const shared = terms.dataPool + (vanished ? terms.bond : 0n) - floors
  const times = datas.map((_, seat) => BigInt(delivered(rounds, seat)))
  const weights = datas.map(
    (party, seat) => BigInt(Math.min(party.samples, terms.sampleCap)) * (times[seat] ?? 0n),
  )
  const total = weights.reduce((sum, weight) => sum + weight, 0n)
  const reached = least(BigInt(rounds.length), paidRounds)
  return datas.map((party, seat) => {
    const floor = (party.floor * least(times[seat] ?? 0n, paidRounds)) / paidRounds
    return floor + (shared * reached * (weights[seat] ?? 0n)) / (paidRounds * total)
  })
}

function computeUnits({ terms, computes, rounds }: Settlement): readonly bigint[] {
  const units = computes.map(() => 0n)
  const add = (seat: number, more: bigint) => {
    units[seat] = (units[seat] ?? 0n) + more
  }
  for (const tally of rounds) {
    const survivors = BigInt(Record.seats(tally.survivors).length)
    add(tally.aggregator, lanes * BigInt(terms.words) * survivors)
    for (const seat of Record.seats(BigInt(tally.signers))) add(seat, BigInt(terms.unitsPerSignature))
  }
  return units
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
