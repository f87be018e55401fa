// The vault's small tables: what data sets there are, the key they are encrypted under, the salts of commitments.
import { Dexie, type EntityTable } from 'dexie'
import type { DataSet } from './api.ts'

/** A data set's newest version; older ones are reached through its manifest. */
export type Row = {
  readonly id: string
  readonly dataSet: DataSet
  /** CID of the newest manifest. */
  readonly manifest: string
}

export type Key = { readonly name: 'rows'; readonly key: CryptoKey }

/** `id` is the data signature of the version that was committed to. */
export type Salt = { readonly id: string; readonly salt: Uint8Array<ArrayBuffer> }

/** Opens by itself on first use, and again after the browser closed it. */
export class Tables extends Dexie {
  declare readonly dataSets: EntityTable<Row, 'id'>
  declare readonly keys: EntityTable<Key, 'name'>
  declare readonly salts: EntityTable<Salt, 'id'>

  constructor(name: string) {
    super(name)
    this.version(1).stores({ dataSets: 'id', keys: 'name', salts: 'id' })
  }
}
