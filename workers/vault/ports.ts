// What other workers may ask of the vault. Types only.
import type * as DataSet from '../../protocol/dataSet.ts'
import type * as Schema from '../../protocol/schema.ts'
import type { Vault } from './api.ts'

type Hex = `0x${string}`

/** Served on the ports named `train` and `score`: rows, and nothing else that the vault holds. */
export type Rows = {
  /** Fails unless the data set exists and, where a signature is given, is exactly what was scored under it. */
  open(dataSet: string, dataSignature?: Hex): Promise<OpenedDataSet>
  /** One decrypted shard; its arrays are transferred to the asker. */
  shard(dataSet: string, version: number, index: number): Promise<DataSet.Shard>
}

export type OpenedDataSet = {
  readonly id: string
  readonly version: number
  readonly dataSignature: Hex
  readonly schema: Schema.Schema
  readonly samples: number
  /** Samples of each shard, in order. */
  readonly shards: readonly number[]
}

/** Served on the port named `crypto`: what belongs together, and none of what is in it. */
export type Versions = {
  /** Data signature of the first version of a data set, of which `dataSignature` names this or a later one. */
  origin(dataSet: string, dataSignature: Hex): Promise<Hex>
}

/** What the vault's worker exposes on itself, for the frame. */
export type VaultWorker = Vault & {
  connect(name: 'train' | 'score' | 'crypto', port: MessagePort): void
}
