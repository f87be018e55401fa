// Who takes part in a started task, seat by seat: the order is by account, and the market keeps only a hash of it.
import { encodeAbiParameters, keccak256 } from 'viem/utils'
import * as v from 'valibot'
import { address, count, digest32, parse, type Address, type Hex } from './codec.ts'
import { BaseError } from './errors.ts'
import { tokenAmount } from './terms.ts'

export type DataParty = {
  readonly account: Address
  /** Receives the payout. */
  readonly payee: Address
  /** Signs envelopes and update roots. */
  readonly device: Address
  /** X25519 public key to which models are encrypted. */
  readonly box: Hex
  /** Token base units it earns for `paidRounds` deliveries, whatever its weight. */
  readonly floor: bigint
  readonly samples: number
  /** Basis points. */
  readonly quality: number
  /** Seat of the compute provider it nominated. */
  readonly compute: number
  /** Digest of the data set's manifest. */
  readonly dataSignature: Hex
}

export type ComputeParty = {
  readonly account: Address
  readonly payee: Address
  /** Signs envelopes and round records. */
  readonly device: Address
  readonly box: Hex
  /** Token base units per million compute units. */
  readonly price: bigint
}

/** Everyone in a started task, by seat (`seated`). */
export type Parties = { readonly computes: readonly ComputeParty[]; readonly datas: readonly DataParty[] }

/** Solidity's struct, in its order, which is also the order of the signed acceptance. */
export const dataComponents = [
  { name: 'account', type: 'address' },
  { name: 'payee', type: 'address' },
  { name: 'device', type: 'address' },
  { name: 'box', type: 'bytes32' },
  { name: 'floor', type: 'uint128' },
  { name: 'samples', type: 'uint32' },
  { name: 'quality', type: 'uint16' },
  { name: 'compute', type: 'uint8' },
  { name: 'dataSignature', type: 'bytes32' },
] as const
export const computeComponents = [
  { name: 'account', type: 'address' },
  { name: 'payee', type: 'address' },
  { name: 'device', type: 'address' },
  { name: 'box', type: 'bytes32' },
  { name: 'price', type: 'uint128' },
] as const

export const samples = v.pipe(
  count,
  v.minValue(1, 'expected 1 sample or more'),
  v.maxValue(0xffff_ffff, 'expected fewer than 2^32 samples'),
)
/** Basis points. */
export const quality = v.pipe(count, v.maxValue(10_000, 'expected at most 10,000 basis points'))
export const seat = v.pipe(count, v.maxValue(254, 'expected a seat below 255'))

export const dataSchema = v.strictObject({
  account: address,
  payee: address,
  device: address,
  box: digest32,
  floor: tokenAmount,
  samples,
  quality,
  compute: seat,
  dataSignature: digest32,
})
export const computeSchema = v.strictObject({
  account: address,
  payee: address,
  device: address,
  box: digest32,
  price: tokenAmount,
})

export function dataToWire(party: DataParty): v.InferInput<typeof dataSchema> {
  return { ...party, floor: party.floor.toString() }
}

export function computeToWire(party: ComputeParty): v.InferInput<typeof computeSchema> {
  return { ...party, price: party.price.toString() }
}

/** Solidity's structs as viem decodes them: accounts in the one spelling in which they are compared. */
export function dataFromAbi(party: DataParty): DataParty {
  return { ...party, ...lowered(party) }
}

export function computeFromAbi(party: ComputeParty): ComputeParty {
  return { ...party, ...lowered(party) }
}

function lowered(party: DataParty | ComputeParty) {
  return {
    account: parse(address, party.account, 'party'),
    payee: parse(address, party.payee, 'party'),
    device: parse(address, party.device, 'party'),
  }
}

/** Orders parties into seats. */
export function seated<party extends { readonly account: Address }>(
  parties: readonly party[],
): readonly party[] {
  return parties.toSorted((a, b) => (a.account < b.account ? -1 : a.account > b.account ? 1 : 0))
}

/** What data providers sign: the whole committee, by account, in the order of seats. */
export function committeeHash(accounts: readonly Address[]): Hex {
  assertAscending(accounts)
  return keccak256(encodeAbiParameters([{ type: 'address[]' }], [accounts]))
}

export function datasHash(datas: readonly DataParty[]): Hex {
  assertAscending(datas.map((party) => party.account))
  return keccak256(encodeAbiParameters([{ type: 'tuple[]', components: dataComponents }], [datas]))
}

export function computesHash(computes: readonly ComputeParty[]): Hex {
  assertAscending(computes.map((party) => party.account))
  return keccak256(encodeAbiParameters([{ type: 'tuple[]', components: computeComponents }], [computes]))
}

/** What a started task keeps of its parties. */
export function partiesHash(computes: readonly ComputeParty[], datas: readonly DataParty[]): Hex {
  const halves = [computesHash(computes), datasHash(datas)] as const
  return keccak256(encodeAbiParameters([{ type: 'bytes32' }, { type: 'bytes32' }], halves))
}

function assertAscending(accounts: readonly Address[]): void {
  accounts.forEach((account, at) => {
    const before = accounts[at - 1]
    if (before !== undefined && before >= account) throw new OrderError(account)
  })
}

export class OrderError extends BaseError {
  override readonly name = 'Party.OrderError'
  constructor(account: Address) {
    super({
      message: `The account ${account} is out of order or takes part twice.`,
      advice: 'Seats are ordered by account, each account once. Remove the duplicate and try again.',
    })
  }
}
