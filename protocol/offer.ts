// What providers announce: signed by their account, valid until a time, on chain only once matched.
import * as v from 'valibot'
import * as Benchmark from './benchmark.ts'
import { address, count, digest32, signature, type Address, type Hex } from './codec.ts'
import * as Eip712 from './eip712.ts'
import { BaseError } from './errors.ts'
import * as Hours from './hours.ts'
import * as Party from './party.ts'
import { tokenAmount } from './terms.ts'

export type DataOffer = {
  readonly account: Address
  readonly schemaId: Hex
  /** Basis points; the owner's word. */
  readonly quality: number
  readonly samples: number
  readonly dataSignature: Hex
  readonly token: Address
  /** Asking price: token base units paid per task whatever the weights. */
  readonly floor: bigint
  readonly device: Address
  readonly box: Hex
  /** Unix seconds. */
  readonly expires: number
}

/** Speeds are its owner's word, though anyone can measure what they would be on a device of their own. */
export type ComputeOffer = Benchmark.Benchmark & {
  readonly account: Address
  /** The adapter's description and limits, as its owner's browser gives them. */
  readonly adapter: string
  /** When its owner means to be there. */
  readonly hours: Hours.Hours
  readonly token: Address
  /** Token base units per million compute units. */
  readonly price: bigint
  readonly device: Address
  readonly box: Hex
  /** Unix seconds. */
  readonly expires: number
}

export type Signed<offer> = { readonly offer: offer; readonly signature: Hex }

const dataFields = [
  { name: 'account', type: 'address' },
  { name: 'schemaId', type: 'bytes32' },
  { name: 'quality', type: 'uint16' },
  { name: 'samples', type: 'uint32' },
  { name: 'dataSignature', type: 'bytes32' },
  { name: 'token', type: 'address' },
  { name: 'floor', type: 'uint128' },
  { name: 'device', type: 'address' },
  { name: 'box', type: 'bytes32' },
  { name: 'expires', type: 'uint40' },
] as const
const computeFields = [
  { name: 'account', type: 'address' },
  { name: 'adapter', type: 'string' },
  { name: 'training', type: 'uint32' },
  { name: 'matmul', type: 'uint32' },
  { name: 'additions', type: 'uint32' },
  { name: 'hours', type: 'uint24' },
  { name: 'token', type: 'address' },
  { name: 'price', type: 'uint128' },
  { name: 'device', type: 'address' },
  { name: 'box', type: 'bytes32' },
  { name: 'expires', type: 'uint40' },
] as const

const expires = v.pipe(count, v.maxValue(2 ** 40 - 1, 'expected Unix seconds'))

/** The wire form: the signed struct with its signature. */
export const dataSchema = v.strictObject({
  offer: v.strictObject({
    account: address,
    schemaId: digest32,
    quality: Party.quality,
    samples: Party.samples,
    dataSignature: digest32,
    token: address,
    floor: tokenAmount,
    device: address,
    box: digest32,
    expires,
  }),
  signature,
})
export const computeSchema = v.strictObject({
  offer: v.strictObject({
    account: address,
    adapter: v.pipe(v.string(), v.maxLength(256, 'expected at most 256 characters')),
    ...Benchmark.entries,
    hours: Hours.schema,
    token: address,
    price: tokenAmount,
    device: address,
    box: digest32,
    expires,
  }),
  signature,
})

export function dataDigest(domain: Eip712.Domain, offer: DataOffer): Hex {
  return Eip712.digest(domain, 'DataOffer', dataFields, offer)
}

export function computeDigest(domain: Eip712.Domain, offer: ComputeOffer): Hex {
  return Eip712.digest(domain, 'ComputeOffer', computeFields, offer)
}

export function dataToWire({ offer, signature }: Signed<DataOffer>): v.InferInput<typeof dataSchema> {
  return { offer: { ...offer, floor: offer.floor.toString() }, signature }
}

export function computeToWire({
  offer,
  signature,
}: Signed<ComputeOffer>): v.InferInput<typeof computeSchema> {
  return { offer: { ...offer, price: offer.price.toString() }, signature }
}

/** An offer is good up to and including its last second. */
export function isExpired(offer: { readonly expires: number }, now: number): boolean {
  return now > offer.expires
}

export class ExpiredError extends BaseError {
  override readonly name = 'Offer.ExpiredError'
  constructor(expires: number, now: number) {
    super({
      message: `This offer expired ${now - expires} s ago.`,
      advice: 'Ask its owner to renew it, or choose another offer.',
    })
  }
}
