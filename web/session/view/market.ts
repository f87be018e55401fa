// What others offer and ask for, as everyone sees it.
import type { Benchmark } from '../../../protocol/benchmark.ts'
import type { Address, Hex } from '../../../protocol/codec.ts'
import type { Hours } from '../../../protocol/hours.ts'
import type { Reason } from '../../../protocol/ranking.ts'

export type DataOfferView = {
  /** The offer's CID. */
  readonly id: string
  readonly account: Address
  readonly schemaId: Hex
  /** Basis points; its owner's word. */
  readonly quality: number
  readonly samples: number
  readonly dataSignature: Hex
  /** Floor paid per task, token base units. */
  readonly floor: bigint
  /** Unix seconds. */
  readonly expires: number
  readonly expired: boolean
  readonly own: boolean
}

export type ComputeOfferView = Benchmark & {
  readonly id: string
  readonly account: Address
  readonly adapter: string
  /** When its owner means to be there. */
  readonly hours: Hours
  /** Token base units per million compute units. */
  readonly price: bigint
  readonly expires: number
  readonly expired: boolean
  readonly own: boolean
}

/** A compute offer as a data provider looks at it, with reasons for its place in the list. */
export type Nominee = ComputeOfferView & { readonly reasons: readonly Reason[] }

export type AnnouncedTask = {
  readonly task: Hex
  readonly title: string
  readonly description: string
  readonly schemaId: Hex
  readonly modelProvider: Address
  readonly dataPool: bigint
  readonly computePool: bigint
  readonly rounds: number
  readonly minQuality: number
  /** Unix seconds. */
  readonly startBy: number
  readonly own: boolean
}

export type Market = {
  readonly dataOffers: readonly DataOfferView[]
  readonly computeOffers: readonly ComputeOfferView[]
  readonly tasks: readonly AnnouncedTask[]
}
