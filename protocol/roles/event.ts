// What a role hears: verified messages, the chain, how its wishes went, and its owner.
import type { Address, Hex } from '../codec.ts'
import type * as Market from '../market.ts'
import type * as Masks from '../masks.ts'
import type { Message } from '../message.ts'
import type { DataOffer } from '../offer.ts'

/** Who a role speaks and signs for. */
export type Me = {
  readonly account: Address
  /** Signs envelopes; a model provider's is the `opener` of its terms. */
  readonly device: Address
  readonly box: Hex
  /** Where payouts go. */
  readonly payee: Address
}

/** What an owner lets a role do unasked. */
export type Rules = {
  /** Consent to a request, or accept a seat. */
  readonly consent: boolean
  /** Claim as soon as claims open. */
  readonly claim: boolean
}

export type Event =
  | { readonly type: 'message'; readonly message: Message }
  /** An event of the market about this task, in the order of the chain. */
  | { readonly type: 'chain'; readonly event: Market.Event }
  /** All events up to the block of this time (Unix seconds) were told. */
  | { readonly type: 'head'; readonly time: number }
  /** Time passed: at least every few seconds. */
  | { readonly type: 'tick' }
  /** It runs again from its stored state, and may have missed what was said meanwhile. */
  | { readonly type: 'restarted' }
  | Result
  | Wish

/** How an effect went; `effect` is its id. */
export type Result =
  /** `once` is the `Once` signature of kinds that carry one. */
  | { readonly type: 'sent'; readonly effect: string; readonly once: Hex | undefined }
  | { readonly type: 'submitted'; readonly effect: string }
  | { readonly type: 'header'; readonly effect: string; readonly hash: Hex }
  /** `key` is the public sealing key. */
  | { readonly type: 'sealed'; readonly effect: string; readonly key: Hex }
  | { readonly type: 'forgotten'; readonly effect: string }
  | { readonly type: 'masked'; readonly effect: string; readonly masks: Masks.Masks }
  | {
      readonly type: 'contributed'
      readonly effect: string
      readonly cid: string
      readonly ciphertextRoot: Hex
      readonly byteLength: number
    }
  /** `fault` says what is wrong with the update; empty when nothing is. */
  | { readonly type: 'checked'; readonly effect: string; readonly fault: string }
  | {
      readonly type: 'aggregated'
      readonly effect: string
      /** One per cohort; `cid` is empty where nothing was published. */
      readonly sums: readonly { readonly cid: string; readonly root: Hex }[]
    }
  | {
      readonly type: 'unmasked'
      readonly effect: string
      readonly shares: readonly Masks.Released[]
    }
  | {
      readonly type: 'prepared'
      readonly effect: string
      readonly modelHash: Hex
      readonly model: string
      readonly publicKey: string
    }
  | {
      readonly type: 'opened'
      readonly effect: string
      /** In the order of the wish. A sum that was discarded left the model as it was. */
      readonly sums: readonly (
        | { readonly digest: Hex }
        | {
            readonly digest: null
            readonly discarded: 'secret' | 'guards' | 'norm'
            /** Who is proven to be at fault; null where the sum alone does not say whose update it was. */
            readonly provider: Address | null
          }
      )[]
      /** Members whose share is not the one that a `Ready` names. */
      readonly wrongShares: readonly { readonly seat: number; readonly provider: Address }[]
      readonly nextModelHash: Hex
      /** Correct predictions by coalition, in the order of the wish; discarded sums add nothing. */
      readonly worth: readonly number[]
      /** Correct predictions of the next model. */
      readonly correct: number
      readonly total: number
    }
  | { readonly type: 'federated'; readonly effect: string }
  /** Digest of the dag-cbor object that holds models and test set. */
  | { readonly type: 'subjectSealed'; readonly effect: string; readonly subject: Hex }
  | {
      readonly type: 'performed'
      readonly effect: string
      /** Digest of the published weights, or `Job.worthDigest` of the counts. */
      readonly result: Hex
      readonly worth: readonly number[] | null
    }
  | { readonly type: 'verified'; readonly effect: string; readonly agrees: boolean }
  /** Nobody has the bytes that a result to verify names; what the job itself names is not meant. */
  | { readonly type: 'missing'; readonly effect: string }
  /**
   * It will not succeed by trying again as it is; `reason` is a sentence. A start also says which compute providers'
   * deposits are short of the bond.
   */
  | {
      readonly type: 'failed'
      readonly effect: string
      readonly reason: string
      readonly short?: readonly Address[]
    }

/** What an owner decides. */
export type Wish =
  /** Data provider: agrees, and nominates this compute provider or leaves the choice to the role. */
  | { readonly type: 'consented'; readonly compute: Address | undefined }
  | { readonly type: 'declined' }
  | { readonly type: 'ruled'; readonly rules: Rules }
  /** Data provider: takes part in no further round. `returned` undoes it. */
  | { readonly type: 'left' }
  | { readonly type: 'returned' }
  /** Model provider: asks the owners of these offers. */
  | { readonly type: 'chosen'; readonly offers: readonly DataOffer[] }
  /** Model provider: waits for no further nominations. */
  | { readonly type: 'frozen' }
  /**
   * Model provider: settles after the round that is under way, or cancels what has not started. Others: does at once,
   * instead of in turn, what anyone may do for a task whose model provider has let its time pass or is at fault.
   */
  | { readonly type: 'ended' }
  | { readonly type: 'claimed' }
  /** Takes the free deposit out of the market. */
  | { readonly type: 'withdrawn' }
