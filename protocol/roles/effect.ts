// What a role wishes of the world. Each wish has a stable id, may be carried out twice, and stays in the role's
// outbox until an event says how it went.
import type { Address, Hex } from '../codec.ts'
import type * as Contribution from '../contribution.ts'
import type * as History from '../history.ts'
import type * as Market from '../market.ts'
import type * as Masks from '../masks.ts'
import type * as Message from '../message.ts'
import type { ComputeParty, DataParty, Parties } from '../party.ts'
import type * as Payout from '../payout.ts'
import type { Utilities } from '../plan.ts'
import type * as Record from '../record.ts'
import type { Terms } from '../terms.ts'
import type { JobEffect } from './jobEffect.ts'
import type { Statement } from './witness.ts'

/** A transaction, made of bytes by the function of the same name in `Market`; proofs by `Evidence` and `prove`. */
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
  /** Shows two statements by one key about one round. */
  | {
      readonly name: 'prove'
      readonly terms: Terms
      readonly computes: readonly ComputeParty[]
      readonly datas: readonly DataParty[]
      readonly round: number
      /** The compute provider that signed two records; undefined where the opener signed two openings. */
      readonly seat: number | undefined
      readonly statements: readonly [Statement, Statement]
    }
  /** Shows a committed input that its provider did not sign; `failed` where all did. */
  | {
      readonly name: 'proveForged'
      readonly terms: Terms
      readonly computes: readonly ComputeParty[]
      readonly datas: readonly DataParty[]
      /** Every committed round. */
      readonly log: readonly History.Round[]
      readonly round: number
      readonly sums: Record.Sums
    }
  /** Fetches the updates and the sum of a cohort and shows where they differ; `failed` where they do not. */
  | {
      readonly name: 'proveSum'
      readonly terms: Terms
      readonly computes: readonly ComputeParty[]
      readonly datas: readonly DataParty[]
      /** Every committed round. */
      readonly log: readonly History.Round[]
      readonly round: number
      readonly sums: Record.Sums
      /** Of the record. */
      readonly cohort: number
      /** CIDs of the survivors' updates by seat, and of their sum. */
      readonly inputs: readonly string[]
      readonly sum: string
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
   * The hash of a block, with the confirmations that the configuration wants and the same from two endpoints where it
   * names two; asked again until the block is there. Answered by `header`.
   */
  | { readonly id: string; readonly type: 'header'; readonly number: number }
  /** Member: makes its sealing key of an epoch, the same when asked again. Answered by `sealed`. */
  | { readonly id: string; readonly type: 'seal'; readonly epoch: number }
  /**
   * Erases the secrets of an epoch (sealing key), of a round, or all of the task with what was kept for its jobs, which can
   * be needed no more. Answered by `forgotten`.
   */
  | {
      readonly id: string
      readonly type: 'forget'
      readonly of: 'epoch' | 'round'
      readonly number: number
    }
  | { readonly id: string; readonly type: 'forget'; readonly of: 'task' }
  /**
   * Data provider: makes the round's ephemeral key and seed and shares them, the same when asked again. Refused where
   * the data set has no opening left to give. Answered by `masked`.
   */
  | {
      readonly id: string
      readonly type: 'prepareReady'
      readonly round: number
      /** Digest of the body of `RoundOpened`. */
      readonly opened: Hex
      readonly members: readonly { readonly seat: number; readonly account: Address; readonly key: Hex }[]
      /** Shares that give a secret back. */
      readonly threshold: number
      readonly dataSignature: Hex
    }
  /**
   * Data provider: fetches model and key, trains, masks, encrypts, publishes the update object and pins its blocks.
   * The same bytes when asked again, or none. Answered by `contributed`.
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
      /** The others of its cohort, with whom its masks cancel. */
      readonly peers: readonly { readonly account: Address; readonly ephemeral: Hex }[]
      readonly samples: number
      readonly dataSignature: Hex
    }
  /**
   * Member: fetches an update, checks its structure, its size, its root and that `device` signed
   * `Once.update(opened, cohorts, ciphertextRoot)`, and keeps it. Answered by `checked`; bytes that cannot be had yet
   * are tried again until the wish is dropped.
   */
  | {
      readonly id: string
      readonly type: 'check'
      readonly round: number
      /** Digests of the bodies of `RoundOpened` and `Cohorts`. */
      readonly opened: Hex
      readonly cohorts: Hex
      readonly input: Input
      readonly device: Address
      readonly byteLength: number
    }
  /** Member: adds the kept updates of each cohort that has any, publishes and pins the sums. Answered by `aggregated`. */
  | { readonly id: string; readonly type: 'aggregate'; readonly round: number; readonly cohorts: Cohorts }
  /**
   * Member: adds them to compare with another's sums, and fetches and pins those: who signs, holds them. Answered by
   * `aggregated` with the CIDs under which it found the roots that it names; an empty one says that other bytes lie
   * there. Sums that cannot be had yet are tried again until the wish is dropped.
   */
  | {
      readonly id: string
      readonly type: 'recompute'
      readonly round: number
      readonly cohorts: Cohorts
      readonly sums: readonly { readonly cid: string; readonly root: Hex }[]
    }
  /**
   * Member: opens the shares that were sealed to it, and remembers that it did. Leaves out those that are not what
   * `Ready` says. The same when asked again; never the other kind. Answered by `unmasked`.
   */
  | {
      readonly id: string
      readonly type: 'unmask'
      readonly round: number
      /** Names the sealing key. */
      readonly epoch: number
      /** Hash of the committed record: the one that this round is released for. */
      readonly record: Hex
      readonly wanted: readonly {
        readonly provider: Address
        readonly kind: Masks.Kind
        readonly sealed: Hex
        readonly hash: Hex
      }[]
    }
  /** Model provider: seals the model, makes the round's key pair, publishes both. Answered by `prepared`. */
  | {
      readonly id: string
      readonly type: 'prepare'
      readonly round: number
      readonly recipients: readonly { readonly account: Address; readonly box: Hex }[]
    }
  /**
   * Model provider: fetches and decrypts the sums, takes their masks off, forms the next model, scores it and those that
   * coalitions of cohorts would have made. Answered by `opened`; sums that no right shares open are discarded, and only
   * they.
   */
  | {
      readonly id: string
      readonly type: 'open'
      readonly round: number
      /** Digests of the bodies of `RoundOpened` and `Cohorts`. */
      readonly opened: Hex
      readonly cohortsDigest: Hex
      readonly threshold: number
      readonly cohorts: readonly {
        /** Its number in the record. */
        readonly cohort: number
        readonly cid: string
        /** Committed on chain; the sum's own root must equal it. */
        readonly root: Hex
        readonly members: readonly Masked[]
      }[]
      /** Sets of these, a bit for each in their order; none where contributions are not asked for. */
      readonly coalitions: readonly Contribution.Coalition[]
    }
  | JobEffect

/** Somebody of an opened cohort: what its `Ready` said, and what the committee gave away of it. */
export type Masked = {
  readonly account: Address
  readonly ephemeral: Hex
  readonly seedHash: Hex
  /** Offered. */
  readonly samples: number
  /** Its update is in the sum: then the shares are of its seed, else of its key. */
  readonly survived: boolean
  readonly shares: readonly {
    readonly seat: number
    readonly hash: Hex
    readonly share: Hex
    readonly salt: Hex
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
