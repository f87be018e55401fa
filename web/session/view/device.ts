// This device: in whose name it acts, what it is connected with, and the data sets it holds.
import type { Benchmark } from '../../../protocol/benchmark.ts'
import type { Address, Hex } from '../../../protocol/codec.ts'
import type { Openings } from '../../../workers/crypto/api.ts'
import type { ProbeResult } from '../../../workers/train/api.ts'
import type { DataSet } from '../../../workers/vault/api.ts'
import type { Progress } from './progress.ts'

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

export type DataSets = {
  readonly list: readonly DataSet[]
  /** The vault's privacy ledger, by id of the data set. */
  readonly openings: Readonly<{ [id: string]: Openings }>
  readonly importing: { readonly name: string; readonly progress: Progress | undefined } | undefined
  readonly storage:
    { readonly usedBytes: number; readonly quotaBytes: number; readonly persisted: boolean } | undefined
}
