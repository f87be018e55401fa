// What is stored of data sets: rows that name their newest version, chains of manifests, and shards under a key.
import { IDBBlockstore } from 'blockstore-idb'
import { CID } from 'multiformats/cid'
import * as Codec from '../../protocol/codec.ts'
import * as DataSet from '../../protocol/dataSet.ts'
import { BaseError } from '../../protocol/errors.ts'
import * as Blocks from './blocks.ts'
import * as Sealing from './sealing.ts'
import * as Storage from './storage.ts'
import { type Row, Tables } from './tables.ts'

export type Archive = {
  readonly tables: Tables
  readonly blocks: Blocks.Blocks
  /** Throws `UnknownError` for a data set that is not here. */
  row(id: string): Promise<Row>
  manifest(cid: CID): Promise<DataSet.Manifest>
  /** From the newest version back to the one that `wanted` accepts. */
  find(
    id: string,
    wanted: (cid: CID, manifest: DataSet.Manifest) => boolean,
  ): Promise<{ readonly cid: CID; readonly manifest: DataSet.Manifest } | undefined>
  /** Under which all shards are encrypted; made at first use. */
  key(): Promise<CryptoKey>
  /** One shard, decrypted. */
  shard(id: string, manifest: DataSet.Manifest, index: number): Promise<DataSet.Shard>
  /** Of a version's commitment. Kept, so that the same version always has the same one. */
  salt(dataSignature: string): Promise<Uint8Array>
  /** Deletes blocks that no version of any data set refers to; nothing at all while a manifest cannot be read. */
  sweep(): Promise<void>
}

/** Opens the databases under this name and removes what an import that crashed left behind. */
export async function open(name: string): Promise<Archive> {
  const tables = new Tables(name)
  const blocks = await Blocks.open(() => new IDBBlockstore(`${name}-blocks`))
  await Storage.exclusively(name, () => sweep(tables, blocks), { wait: false })
  const manifests = new Map<string, DataSet.Manifest>()

  const row = async (id: string): Promise<Row> => {
    const found = await tables.dataSets.get(id)
    if (!found) throw new UnknownError()
    return found
  }

  const manifest = async (cid: CID): Promise<DataSet.Manifest> => {
    const kept = manifests.get(cid.toString())
    if (kept) return kept
    const encoded = await blocks.get(cid)
    if (!Codec.cidOf(encoded).equals(cid)) throw new Blocks.MissingError(cid)
    const decoded = DataSet.decodeManifest(encoded)
    manifests.set(cid.toString(), decoded)
    return decoded
  }

  const find = async (
    id: string,
    wanted: (cid: CID, manifest: DataSet.Manifest) => boolean,
  ): Promise<{ readonly cid: CID; readonly manifest: DataSet.Manifest } | undefined> => {
    let cid: CID | null = CID.parse((await row(id)).manifest)
    while (cid) {
      const found: DataSet.Manifest = await manifest(cid)
      if (wanted(cid, found)) return { cid, manifest: found }
      cid = found.parent
    }
    return undefined
  }

  const key = async (): Promise<CryptoKey> => {
    const kept = await tables.keys.get('rows')
    if (kept) return kept.key
    const made = await Sealing.makeKey()
    // Another worker may have made one meanwhile: the first one stored is everybody's.
    return await tables.transaction('rw', tables.keys, async () => {
      const other = await tables.keys.get('rows')
      if (!other) await tables.keys.add({ name: 'rows', key: made })
      return other?.key ?? made
    })
  }

  const shard = async (id: string, { shards }: DataSet.Manifest, index: number): Promise<DataSet.Shard> => {
    const entry = shards[index]
    if (!entry) throw new UnknownError()
    return DataSet.decodeShard(await Sealing.unseal(await key(), id, entry.iv, await blocks.get(entry.cid)))
  }

  return {
    tables,
    blocks,
    row,
    manifest,
    find,
    key,
    shard,
    salt: (dataSignature) => saltOf(tables, dataSignature),
    sweep: () => sweep(tables, blocks),
  }
}

async function saltOf(tables: Tables, dataSignature: string): Promise<Uint8Array> {
  return await tables.transaction('rw', tables.salts, async () => {
    const kept = await tables.salts.get(dataSignature)
    if (kept) return kept.salt
    const salt = crypto.getRandomValues(new Uint8Array(32))
    await tables.salts.add({ id: dataSignature, salt })
    return salt
  })
}

async function sweep(tables: Tables, blocks: Blocks.Blocks): Promise<void> {
  const digest = (cid: CID): string => Codec.digestOf(cid)
  const live = new Set<string>()
  for (const row of await tables.dataSets.toArray()) {
    let cid: CID | null = CID.parse(row.manifest)
    while (cid && !live.has(digest(cid))) {
      live.add(digest(cid))
      const encoded: Uint8Array | undefined = await blocks.get(cid).catch(() => undefined)
      if (!encoded) return
      const manifest: DataSet.Manifest = DataSet.decodeManifest(encoded)
      for (const entry of manifest.shards) live.add(digest(entry.cid))
      cid = manifest.parent
    }
  }
  for (const cid of await blocks.all()) if (!live.has(digest(cid))) await blocks.delete(cid)
}

export class UnknownError extends BaseError {
  override readonly name = 'Vault.UnknownError'
  constructor() {
    super({
      message: 'This data set is not in the vault of this browser.',
      advice: 'Choose one from the list, or import it again.',
    })
  }
}
