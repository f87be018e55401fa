// A task and the part that this device has in it.
import type { Address, Hex } from '../../../protocol/codec.ts'
import type * as Model from '../../../protocol/model.ts'
import type { Plan } from '../../../protocol/terms.ts'
import type { Openings } from '../../../workers/crypto/api.ts'
import type { Nominee } from './market.ts'
import type { Problem } from './problem.ts'
import type { Progress } from './progress.ts'
import type { RoundView } from './round.ts'

export type Role = 'data' | 'compute' | 'model'

/** Where a participation stands, in the order in which it usually passes through. */
export type Stage =
  /** Model provider: the escrow transaction is under way. */
  | 'creating'
  /** Model provider: offers can be asked. */
  | 'open'
  /** The owner has to answer: `consent` or `acceptSeat`. */
  | 'asked'
  /** Waiting for nominations, the roster or acceptances of others. */
  | 'matching'
  /** The start transaction is under way. */
  | 'starting'
  | 'training'
  /** The model provider was proven to have lied; anyone may settle. */
  | 'faulted'
  | 'settling'
  /** Settled; claims open when the challenge window closes. */
  | 'challenge'
  | 'claimable'
  | 'claimed'
  | 'cancelled'
  | 'declined'
  /** Over without us, with the reason in `waitsFor`. */
  | 'missed'

export type Party = {
  readonly account: Address
  readonly role: 'data' | 'compute'
  readonly stage: 'asked' | 'nominated' | 'accepted' | 'declined' | 'silent' | 'enrolled' | 'absent'
  readonly samples: number
  readonly quality: number
  /** Floor of a data provider or price of a compute provider, token base units. */
  readonly price: bigint
  /** Data provider: the compute provider it nominated. */
  readonly nominee: Address | undefined
  /** Rounds delivered or signed so far. */
  readonly delivered: number
}

export type Transaction = {
  readonly name: string
  readonly hash: Hex
  readonly gas: number
  /** Asked for by this participant; others' are listed too. */
  readonly own: boolean
  /** Paid by a relay in its stead. */
  readonly sponsored: boolean
  readonly block: number
}

/** What an epoch of rounds says about a data provider's pay. */
export type EpochView = {
  /** Its rounds, of which some may not have been committed. */
  readonly first: number
  readonly last: number
  /** What the cohort of this data provider added, and all of them, in correct predictions; undefined if in none. */
  readonly own: number | undefined
  readonly all: number
  readonly cohorts: number
  /** What each of the rounds that it delivered counts: correct predictions, or the place from the last. */
  readonly weight: number
  readonly delivered: number
}

/** Something that went wrong in a task: as the chain says, or as this device can prove to it. */
export type Incident = {
  readonly kind: 'fault' | 'slash' | 'lie' | 'silence' | 'absence'
  /** What happened. */
  readonly message: string
  /** What is safe. */
  readonly safe: string
  /** What to do. */
  readonly advice: string
}

export type JobView = {
  readonly number: number
  readonly kind: 'warmStart' | 'score'
  /** Part of the warm start, from 1, or round. */
  readonly about: number
  /** What each who does it is paid for, in thousands of compute units. */
  readonly kilounits: number
  /** Unix seconds after which nobody works on it. */
  readonly closes: number
  readonly stage: 'open' | 'agreed' | 'disputed'
  readonly executors: readonly {
    readonly account: Hex
    readonly said: 'done' | 'agrees' | 'differs' | undefined
    readonly isOwed: boolean
    readonly isContradicted: boolean
  }[]
}

export type Participation = {
  /** `<task>:<role>`; stable, usable as a key and in addresses of screens. */
  readonly id: string
  readonly task: Hex
  readonly role: Role
  readonly title: string
  readonly description: string
  readonly schemaId: Hex
  readonly stage: Stage
  /** What it waits for, as a sentence; empty when nothing. */
  readonly waitsFor: string
  /** When the present wait ends, Unix seconds; undefined when nothing is waited for. */
  readonly deadline: number | undefined
  readonly terms: {
    readonly modelProvider: Address
    readonly dataPool: bigint
    readonly computePool: bigint
    readonly bond: bigint
    readonly computeBond: bigint
    /** How measured contributions become shares of the data pool. */
    readonly plan: Plan
    /** Only accounts that the model provider named may provide data. */
    readonly byInvitation: boolean
    readonly rounds: number
    readonly paidRounds: number
    readonly targetAccuracy: number
    readonly minDatas: number
    readonly maxDatas: number
    readonly minComputes: number
    readonly maxComputes: number
    readonly threshold: number
    readonly minCohort: number
    readonly maxCohorts: number
    readonly minQuality: number
    readonly startBy: number
  }
  /** Released data on which the first model is trained; null where the first model is drawn by chance. */
  readonly warmStart: { readonly samples: number; readonly parts: number } | null
  /** Who counts what groups contributed: `committee` shows its members the groups' sums and the test set. */
  readonly scoring: 'own' | 'committee'
  /** What is trained, its parameters, and encrypted bytes of one update. */
  readonly model: { readonly spec: Model.Spec; readonly parameters: number; readonly updateBytes: number }
  readonly rounds: readonly RoundView[]
  readonly parties: readonly Party[]
  /** Compute providers that a data provider may nominate, best first. */
  readonly nominees: readonly Nominee[]
  /** Model provider: the accounts that it invited; empty for everyone. */
  readonly invited: readonly Address[]
  /** The data set that is lent or tested with; undefined for compute. */
  readonly dataSet: string | undefined
  readonly money: {
    /** Paid for sure if all rounds are delivered: the floor, or the price of the committed work. */
    readonly floor: bigint
    /** Most it may earn at the present number of participants. */
    readonly mayEarn: bigint
    /** What the contract owes by the rounds so far, the bond that comes back included; exact once settled. */
    readonly earned: bigint
    readonly bond: bigint
    /** `earned` takes all rounds to count the same, while the model provider's scores are not known. */
    readonly assumed: boolean
    readonly claimed: bigint
    /** Unix seconds from which claims open; undefined until settled. */
    readonly claimsOpen: number | undefined
  }
  /** Data provider, once scores were settled with: from the chain. */
  readonly contribution:
    | {
        readonly epochs: readonly EpochView[]
        /** Nobody added anything that counts, so that delivered rounds count instead. */
        readonly isEven: boolean
        /** What it is paid for them beyond its floor, token base units. */
        readonly share: bigint
        /** Samples in the test set. */
        readonly tested: number
      }
    | undefined
  readonly privacy: {
    readonly committee: number
    /** So many committee members together with the model provider could read a single update. */
    readonly threshold: number
    /** Smallest number of updates that is ever opened as one sum. */
    readonly minCohort: number
    /** The chance, in basis points, that fewer than two honest others are in its sum if so many of the others lie. */
    readonly exposure: { readonly others: number; readonly liars: number; readonly chance: number }
    /** Sums of this task, opened or about to be, that contain this participant's update. */
    readonly openings: number
    /** Rounds that the task may open, those included that come to nothing. */
    readonly mostOpenings: number
    /** What all tasks together opened of the data set that is lent; undefined where there is none on this device. */
    readonly dataSet: Openings | undefined
  }
  readonly transactions: readonly Transaction[]
  readonly progress: Progress | undefined
  /** What the screen may offer now. */
  readonly can: {
    readonly answer: boolean
    readonly request: boolean
    readonly freeze: boolean
    /** Model provider: now instead of after the last round. Others: because its time is up or it is at fault. */
    readonly settle: boolean
    readonly cancel: boolean
    readonly claim: boolean
    readonly exportModel: boolean
  }
  /** What went wrong in the task. */
  readonly incidents: readonly Incident[]
  /** Compute that is metered beside adding; not shown to data providers. */
  readonly jobs: readonly JobView[]
  /** Newest first, at most 20. */
  readonly problems: readonly Problem[]
  /** What was ignored and why (late, foreign or malformed messages); newest first. */
  readonly notes: readonly string[]
}
