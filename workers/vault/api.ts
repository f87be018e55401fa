// What the app may ask of the vault: data sets, of which it sees everything but the rows. Types only.
import type { Hex } from '../../protocol/codec.ts'
import type { Progress } from '../progress.ts'

export type DataSet = {
  readonly id: string
  readonly name: string
  readonly schemaId: Hex
  readonly samples: number
  /** Basis points, `quality@1`. */
  readonly quality: number
  /** Digest of the manifest: binds what was scored to what is trained. */
  readonly dataSignature: Hex
  readonly version: number
  /** Encrypted size at rest. */
  readonly bytes: number
  /** Unix seconds. */
  readonly importedAt: number
  /** Samples per class, in the schema's class order; empty for numeric targets. */
  readonly perClass: readonly number[]
  /** Its owner gave the rows away when it was imported: anyone may read them. */
  readonly released: boolean
}

export type ImportRequest = {
  readonly name: string
  readonly schemaId: Hex
  /** IDX pair (optionally gzipped), one CSV, or images whose file names start with their class. */
  readonly files: readonly File[]
  /** A data set that this import extends with a new version. */
  readonly parent?: string
  /**
   * Gives the rows away, for good; the app that asks holds the files anyhow. Without it no row ever leaves, and no later
   * import changes that.
   */
  readonly released?: boolean
}

export type Vault = {
  import(request: ImportRequest, progress: Progress): Promise<DataSet>
  list(): Promise<readonly DataSet[]>
  remove(id: string): Promise<void>
  storage(): Promise<{ readonly usedBytes: number; readonly quotaBytes: number; readonly persisted: boolean }>
  /** Salted Merkle root over the rows: what a model provider commits its test set with. */
  commitment(id: string): Promise<Hex>
  /**
   * The rows of a data set that was imported as released, shard by shard (`DataSet.encodeShard`), and the salt of its
   * commitment.
   */
  release(id: string): Promise<{ readonly shards: readonly Uint8Array[]; readonly salt: Uint8Array }>
}
