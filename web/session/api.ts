// What screens may ask: actions that reject with a BaseError.
import type { Benchmark } from '../../protocol/benchmark.ts'
import type { Address, Hex } from '../../protocol/codec.ts'
import type { DataSet, ImportRequest } from '../../workers/vault/api.ts'
import type { Limits } from './limits.ts'
import type { BackboneView, TaskDraft } from './view/draft.ts'
import type { ComputeOfferView, DataOfferView } from './view/market.ts'
import type { Problem } from './view/problem.ts'
import type { StandingRules } from './view/rules.ts'
import type { Snapshot } from './view/snapshot.ts'

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
