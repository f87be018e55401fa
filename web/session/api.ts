// What screens may see and ask: one immutable snapshot of plain values, and actions that reject with a BaseError.
import type { Benchmark } from '../../protocol/benchmark.ts'
import type { Address, Hex } from '../../protocol/codec.ts'
import type { ConvolutionSpec } from '../../protocol/layer.ts'
import type * as Model from '../../protocol/model.ts'
import type { Hours } from '../../protocol/hours.ts'
import type { Reason } from '../../protocol/ranking.ts'
import type { Plan } from '../../protocol/terms.ts'
import type { Openings } from '../../workers/crypto/api.ts'
import type { Backend, ProbeResult } from '../../workers/train/api.ts'
import type { DataSet, ImportRequest } from '../../workers/vault/api.ts'
import type { Battery } from '../net/battery.ts'
import type { Limits } from './limits.ts'

export type { Backend, DataSet, ImportRequest, Openings, ProbeResult }

/** An error as screens show it. Every failure anywhere in the session ends as one of these. */
export type Problem = {
  /** `Noun.KindError` */
  readonly name: string
  /** What happened. */
  readonly message: string
  /** What is safe. */
  readonly safe: string
  /** What to do. */
  readonly advice: string
  /** Unix seconds. */
  readonly at: number
}

export type Phase =
  | { readonly name: 'starting'; readonly step: string }
  | { readonly name: 'ready' }
  /** Another tab of this profile runs the session; this one takes over by itself once that tab is closed. */
  | { readonly name: 'elsewhere' }
  | { readonly name: 'failed'; readonly problem: Problem }

export type Identity = {
  /** The account that is paid and signs offers, acceptances and transactions. */
  readonly account: Address
  readonly kind: 'device' | 'wallet'
  /** Name of the browser wallet; empty for the device account. */
  readonly wallet: string
  readonly device: Address
  readonly box: Hex
  /** Wei; undefined until the chain answered. */
  readonly ether: bigint | undefined
  /** Token base units. */
  readonly tokens: bigint | undefined
  /** Free deposit in the market, token base units. */
  readonly deposit: bigint | undefined
  /** The part of it that tasks which have not started count on for a bond. */
  readonly promised: bigint
}

export type Wallet = { readonly id: string; readonly name: string; readonly icon: string }

export type Token = { readonly address: Address; readonly symbol: string; readonly decimals: number }

export type Connection = {
  readonly relays: readonly { readonly address: string; readonly connected: boolean }[]
  readonly chain: { readonly reachable: boolean; readonly block: number; readonly chainId: number }
  readonly workers: { readonly network: WorkerStatus; readonly frame: WorkerStatus }
  readonly probe: ProbeResult | undefined
  /** Of the engine that the probe chose; undefined until measured. */
  readonly benchmark: Benchmark | undefined
  readonly bytesUp: number
  readonly bytesDown: number
}
export type WorkerStatus = 'starting' | 'running' | 'failed'

export type Progress = { readonly label: string; readonly done: number; readonly total: number }

export type DataSets = {
  readonly list: readonly DataSet[]
  /** The vault's privacy ledger, by id of the data set. */
  readonly openings: Readonly<{ [id: string]: Openings }>
  readonly importing: { readonly name: string; readonly progress: Progress | undefined } | undefined
  readonly storage:
    { readonly usedBytes: number; readonly quotaBytes: number; readonly persisted: boolean } | undefined
}

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

export type RoundView = {
  readonly round: number
  readonly stage:
    | 'opened'
    | 'ready'
    | 'training'
    | 'encrypting'
    | 'delivered'
    | 'adding'
    | 'signing'
    | 'committed'
    | 'opening'
    | 'done'
    | 'aborted'
  /** Basis points on the test set; undefined until known (or never told to us). */
  readonly accuracy: number | undefined
  /** Correct predictions and test set size; model provider only. */
  readonly correct: number | undefined
  readonly tested: number | undefined
  /** By cohort, in correct predictions; empty where they are not measured. Model provider only. */
  readonly contributions: readonly number[]
  readonly ready: number
  readonly delivered: number
  readonly survivors: number
  /** Shares that take the masks off the sums, once a round is on the chain; model provider only. */
  readonly shares:
    | {
        /** Members that gave theirs, of those that count, and how many have to. */
        readonly given: number
        readonly members: number
        readonly needed: number
        readonly silent: readonly Address[]
        /** Members that were found to have given wrong ones, in this round or before. */
        readonly wrong: readonly Address[]
      }
    | undefined
  /** Payload bytes this participant gave to and took from the network in this round; of those given, its update's. */
  readonly bytes: { readonly up: number; readonly down: number; readonly update: number }
  /** Measured by this participant; 0 where it took no part. */
  readonly seconds: {
    readonly train: number
    readonly encrypt: number
    readonly aggregate: number
    readonly network: number
    readonly chain: number
    /** Decrypting and scoring; model provider only. */
    readonly open: number
  }
  readonly loss: number | undefined
  readonly backend: Backend | undefined
  /** Gas of this round's commit transaction; undefined until it is on chain. */
  readonly gas: number | undefined
  /** Unix seconds; 0 until it happened. */
  readonly openedAt: number
  readonly endedAt: number
}

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

export type StandingRules = {
  /** Consent to any request for a data set with an open offer, nominating the compute provider that ranks first. */
  readonly autoConsent: boolean
  /** Accept any nomination of an open compute offer. */
  readonly autoAccept: boolean
  /** Claim as soon as claims open. */
  readonly autoClaim: boolean
  /** Backend that training is forced to; undefined lets the probe choose. */
  readonly backend: Backend | undefined
}

/** The limits of an owner who lends compute, and whether one holds the device back now. */
export type LimitsView = Limits & {
  /** Undefined where the browser does not tell. */
  readonly battery: Battery | undefined
  /** Why nothing new is lent, as a sentence. */
  readonly held: string | undefined
}

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

/** A frozen model that a task may build on; this device has its bytes. */
export type BackboneView = {
  /** Its digest. */
  readonly id: Hex
  readonly model: Model.Spec
  readonly bytes: number
}

export type TaskDraft = {
  readonly title: string
  readonly description: string
  readonly schemaId: Hex
  /** Released data on which compute providers train the first model; undefined for none. */
  readonly warmStart: { readonly dataSet: string; readonly epochs: number } | undefined
  /** Who counts what cohorts contributed. `committee` wants a released test set. */
  readonly scoring: 'own' | 'committee'
  readonly template: Model.Template
  /** Units of each dense layer before the last. */
  readonly hidden: readonly number[]
  /** Of templates that have them. */
  readonly convolutions: readonly ConvolutionSpec[]
  /** What a head builds on. */
  readonly backbone: BackboneView | undefined
  readonly training: {
    readonly epochs: number
    readonly batchSize: number
    readonly learningRate: number
    readonly momentum: number
  }
  readonly rounds: number
  /** Basis points; the task settles early when reached, 0 never does. */
  readonly targetAccuracy: number
  readonly valueBits: 16 | 8
  /** Most L2 norm of an update. */
  readonly clip: number
  readonly sampleCap: number
  readonly minQuality: number
  /** A data set of the model provider. */
  readonly testSet: string
  readonly plan: Plan
  /** The only accounts that may provide data; empty for everyone. */
  readonly invited: readonly Address[]
  /** Token base units. */
  readonly dataPool: bigint
  readonly computePool: bigint
  readonly bond: bigint
  readonly computeBond: bigint
  readonly minDatas: number
  readonly maxDatas: number
  readonly minComputes: number
  readonly maxComputes: number
  readonly minCohort: number
  /** Cohorts that are summed apart, where there are providers enough. */
  readonly maxCohorts: number
  /** Seconds from now in which the task has to start. */
  readonly startWithin: number
  /** Seconds that a round waits for readiness, updates and the commit. */
  readonly timeouts: { readonly ready: number; readonly update: number; readonly commit: number }
  /** Seconds; real chains ask for a day at least. */
  readonly idleWindow: number
  readonly challengeWindow: number
}

export type Session = {
  snapshot(): Snapshot
  /** Called after each change; returns what ends it. */
  subscribe(listener: (snapshot: Snapshot) => void): () => void

  /** Starts again what failed: boot, another tab's lock, or effects that wait for a retry. */
  retry(): Promise<void>
  stop(): Promise<void>

  connectWallet(id: string): Promise<void>
  useDeviceAccount(): Promise<void>
  /** Test ether and tokens; local chains only. */
  faucet(): Promise<void>
  /** Chooses a training engine and measures this device with it: what a compute offer says. */
  measure(): Promise<Benchmark>

  importDataSet(request: ImportRequest): Promise<DataSet>
  removeDataSet(id: string): Promise<void>
  /** From the limit of openings that the owner saw to the one it wants. */
  limitOpenings(limit: {
    readonly dataSet: string
    readonly from: number
    readonly to: number
  }): Promise<void>
  /** Asks the browser not to evict the vault. */
  persist(): Promise<boolean>

  offerData(offer: {
    readonly dataSet: string
    readonly floor: bigint
    /** Seconds from now. */
    readonly expiresIn: number
  }): Promise<DataOfferView>
  offerCompute(offer: { readonly price: bigint; readonly expiresIn: number }): Promise<ComputeOfferView>
  /** Answers nobody for this offer any more; others see it until it expires. */
  withdrawOffer(id: string): Promise<void>

  /** A draft filled with what works for this schema on this chain. */
  draftTask(schemaId: Hex): TaskDraft
  /** Reads a model file that this app exported, so that a task can build on it. Nothing is published yet. */
  readBackbone(file: File): Promise<BackboneView>
  /** Puts the spec, and the backbone if it names one, on the network and the money into escrow; resolves with the task once the chain has it. */
  createTask(draft: TaskDraft): Promise<Hex>
  /** Asks the owners of these data offers; compute providers are asked when a data provider nominates them. */
  requestProviders(task: Hex, offers: readonly string[]): Promise<void>
  /** Ends nominations: acceptances sign this roster, and the task starts when all of it has. */
  freezeRoster(task: Hex): Promise<void>
  /** Data provider: agrees and nominates; refused where the data set has no opening left. Without a nominee the compute provider that ranks first. */
  consent(task: Hex, nominee?: Address): Promise<void>
  decline(task: Hex): Promise<void>
  acceptSeat(task: Hex): Promise<void>
  declineSeat(task: Hex): Promise<void>
  /** Others than the model provider may once its time is up or it is at fault; without a round everyone is refunded. */
  settle(task: Hex): Promise<void>
  cancel(task: Hex): Promise<void>
  claim(task: Hex): Promise<void>
  /** Pays the free deposit out to the account, but for promised bonds. Needs no ether where a relay pays. */
  withdrawDeposit(): Promise<void>
  /** The trained model as safetensors. */
  exportModel(task: Hex): Promise<Uint8Array<ArrayBuffer>>

  backup(passphrase: string): Promise<Uint8Array<ArrayBuffer>>
  restore(backup: Uint8Array<ArrayBuffer>, passphrase: string): Promise<void>
  setRules(rules: Partial<StandingRules>): Promise<void>
  setLimits(limits: Partial<Limits>): Promise<void>
  /** Takes a problem off the screen. */
  dismiss(problem: Problem): void
}
