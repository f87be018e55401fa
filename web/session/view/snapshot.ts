// All that screens may see: one immutable snapshot of plain values.
import type { Connection, DataSets, Identity, Token, Wallet } from './device.ts'
import type { ComputeOfferView, DataOfferView, Market } from './market.ts'
import type { Participation } from './participation.ts'
import type { Problem } from './problem.ts'
import type { LimitsView, StandingRules } from './rules.ts'

export type Phase =
  | { readonly name: 'starting'; readonly step: string }
  | { readonly name: 'ready' }
  /** Another tab of this profile runs the session; this one takes over by itself once that tab is closed. */
  | { readonly name: 'elsewhere' }
  | { readonly name: 'failed'; readonly problem: Problem }

export type Snapshot = {
  readonly phase: Phase
  readonly identity: Identity | undefined
  readonly wallets: readonly Wallet[]
  readonly token: Token | undefined
  readonly connection: Connection
  readonly dataSets: DataSets
  readonly offers: { readonly data: readonly DataOfferView[]; readonly compute: readonly ComputeOfferView[] }
  readonly market: Market
  readonly participations: readonly Participation[]
  readonly rules: StandingRules
  readonly limits: LimitsView
  /** Failures that belong to no participation; newest first, at most 20. */
  readonly problems: readonly Problem[]
}
