// What a role wishes of the world. Each wish has a stable id, may be carried out twice, and stays in the role's
// outbox until an event says how it went.
import type { Address, Hex } from '../codec.ts'
import type * as Market from '../market.ts'
import type * as Message from '../message.ts'
import type { ComputeParty, DataParty, Parties } from '../party.ts'
import type * as Payout from '../payout.ts'
import type { Utilities } from '../plan.ts'
import type * as Record from '../record.ts'
import type { Terms } from '../terms.ts'

/** A transaction, made of bytes by the function of the same name in `Market`. */
export type Call =
  /** Publishes the spec, approves the token and opens the task. */
  | { readonly name: 'create'; readonly terms: Terms }
  | {
      readonly name: 'start'
      readonly terms: Terms
      readonly parties: Parties
      readonly acceptances: Market.Acceptances
    }
  | {
      readonly name: 'commitRound'
      readonly terms: Terms
      readonly computes: readonly ComputeParty[]
      readonly datas: readonly DataParty[]
      readonly commitment: Market.Commitment
    }
  | {
      readonly name: 'settle'
      readonly terms: Terms
      readonly parties: Parties
      readonly rounds: readonly Record.Tally[]
      /** Only the model provider has any, and only where the plan asks for them. */
      readonly utilities: Utilities
    }
  | { readonly name: 'cancel'; readonly terms: Terms }
  | {
      readonly name: 'expire'
      readonly terms: Terms
      readonly computes: readonly ComputeParty[]
      readonly datas: readonly DataParty[]
    }
  | {
      readonly name: 'claim'
      readonly terms: Terms
      readonly claims: readonly Payout.Claim[]
    }
  /**
   * Sees to a free deposit of `amount` for this task beside what is promised to others that have not started; by
   * permit where a relay pays the gas.
   */
  | { readonly name: 'deposit'; readonly token: Address; readonly amount: bigint }
  /** Takes the own free deposit out, but for what is promised to tasks that have not started. */
  | { readonly name: 'withdraw'; readonly token: Address }

/** An encrypted update as members name it. */
export type Input = {
  /** Seat of the data provider. */
  readonly provider: number
  readonly cid: string
  readonly ciphertextRoot: Hex
  /** The provider's `Once` signature (kind update) over that root. */
  readonly signature: Hex
}

export type Effect =
  /** Seals the draft and posts it. Answered by `sent`. */
  | { readonly id: string; readonly type: 'send'; readonly topic: string; readonly draft: Message.Draft }
  /** Answered by `submitted` once the transaction is in a block, or by `failed`. */
  | { readonly id: string; readonly type: 'submit'; readonly call: Call }
  /**
   * Data provider: fetches model and key, trains, encrypts, publishes the update object and pins its blocks.
   * The same bytes when asked again. Answered by `contributed`.
   */
  | {
      readonly id: string
      readonly type: 'contribute'
      readonly round: number
      readonly model: string
      readonly modelHash: Hex
      readonly publicKey: string
      /** Digests of the bodies of `RoundOpened` and `Cohorts`. */
      readonly opened: Hex
      readonly cohorts: Hex
      readonly samples: number
      readonly dataSignature: Hex
    }
  /**
   * Member: fetches an update, checks its structure, its size, its root and that `device` signed the root
   * (`Once.digest(place, task, 'update', round, ciphertextRoot)`), and keeps it. Answered by `checked`; bytes that
   * cannot be had yet are tried again until the wish is dropped.
   */
  | {
      readonly id: string
      readonly type: 'check'
      readonly round: number
      readonly input: Input
      readonly device: Address
      readonly byteLength: number
    }
  /** Member: adds the kept updates of each cohort, publishes and pins the sums. Answered by `aggregated`. */
  | { readonly id: string; readonly type: 'aggregate'; readonly round: number; readonly cohorts: Cohorts }
  /** Member: adds them to compare with another's sums, publishes nothing. Answered by `aggregated`. */
  | { readonly id: string; readonly type: 'recompute'; readonly round: number; readonly cohorts: Cohorts }
  /**
   * Model provider: seals the model, makes the round's key pair, publishes both. Answered by `prepared`, with the score
   * of the model as it is if `scored`.
   */
  | {
      readonly id: string
      readonly type: 'prepare'
      readonly round: number
      readonly recipients: readonly { readonly account: Address; readonly box: Hex }[]
      readonly scored: boolean
    }
  /** Model provider: fetches and decrypts the sums, forms the next model, scores it. Answered by `opened`. */
  | {
      readonly id: string
      readonly type: 'open'
      readonly round: number
      readonly cohorts: readonly {
        readonly cid: string
        /** Committed on chain; the sum's own root must equal it. */
        readonly root: Hex
        /** Offered samples of each survivor. */
        readonly samples: readonly number[]
      }[]
    }

/** The survivors' updates of each opened cohort, by seat. */
export type Cohorts = readonly (readonly Input[])[]

/** Wishes that were not carried out yet, by id. */
export type Outbox = Readonly<{ [id: string]: Effect }>

/** What `after` wishes and `before` did not. */
export function added(before: Outbox, after: Outbox): readonly Effect[] {
  if (before === after) return []
  return Object.values(after).filter((effect) => before[effect.id] === undefined)
}

/** Adds a wish unless one of that id waits already. */
export function put(outbox: Outbox, effect: Effect): Outbox {
  return outbox[effect.id] === undefined ? { ...outbox, [effect.id]: effect } : outbox
}

/** Takes out what was carried out or is not wished any more. */
export function drop(outbox: Outbox, unwanted: (effect: Effect) => boolean): Outbox {
  const kept = Object.entries(outbox).filter(([, effect]) => !unwanted(effect))
  return kept.length === Object.keys(outbox).length ? outbox : Object.fromEntries(kept)
}
