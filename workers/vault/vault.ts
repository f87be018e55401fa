// The vault: encrypted data sets with versions, which it lists, extends, removes and reads out to training alone.
import { IDBBlockstore } from 'blockstore-idb'
import { CID } from 'multiformats/cid'
import * as Codec from '../../protocol/codec.ts'
import * as Commitment from '../../protocol/commitment.ts'
import * as DataSet from '../../protocol/dataSet.ts'
import { BaseError } from '../../protocol/errors.ts'
import * as Quality from '../../protocol/quality.ts'
import * as Schema from '../../protocol/schema.ts'
import type { Progress } from '../progress.ts'
import type * as Api from './api.ts'
import * as Blocks from './blocks.ts'
import * as Importing from './importing.ts'
import type { Rows, Versions } from './ports.ts'
import * as Sample from './sample.ts'
import * as Sealing from './sealing.ts'
import * as Storage from './storage.ts'
import { type Row, Tables } from './tables.ts'

/** At most four messages of progress a second. */
const progressEvery = 250

/** Opens the vault's databases under this name and removes what an import that crashed left behind. */
export async function open(name: string): Promise<Api.Vault & Rows & Versions> {
  const tables = new Tables(name)
  const blocks = await Blocks.open(() => new IDBBlockstore(`${name}-blocks`))
  await Storage.exclusively(name, () => sweep(tables, blocks), { wait: false })
  const manifests = new Map<string, DataSet.Manifest>()

  const rowOf = async (id: string): Promise<Row> => {
    const row = await tables.dataSets.get(id)
    if (!row) throw new UnknownError()
    return row
  }

  const manifestAt = async (cid: CID): Promise<DataSet.Manifest> => {
    const kept = manifests.get(cid.toString())
    if (kept) return kept
    const encoded = await blocks.get(cid)
    if (!Codec.cidOf(encoded).equals(cid)) throw new Blocks.MissingError(cid)
    const manifest = DataSet.decodeManifest(encoded)
    manifests.set(cid.toString(), manifest)
    return manifest
  }

  /** From the newest version back to the one that `wanted` accepts. */
  const find = async (
    id: string,
    wanted: (cid: CID, manifest: DataSet.Manifest) => boolean,
  ): Promise<{ readonly cid: CID; readonly manifest: DataSet.Manifest } | undefined> => {
    let cid: CID | null = CID.parse((await rowOf(id)).manifest)
    while (cid) {
      const manifest: DataSet.Manifest = await manifestAt(cid)
      if (wanted(cid, manifest)) return { cid, manifest }
      cid = manifest.parent
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

  const read = async (id: string, manifest: DataSet.Manifest, index: number): Promise<DataSet.Shard> => {
    const entry = manifest.shards[index]
    if (!entry) throw new UnknownError()
    return DataSet.decodeShard(await Sealing.unseal(await key(), id, entry.iv, await blocks.get(entry.cid)))
  }

  const importFiles = async (request: Api.ImportRequest, progress: Progress): Promise<Api.DataSet> => {
    const schema = Schema.find(request.schemaId)
    if (!schema) throw new Schema.UnknownError(request.schemaId)
    const before = request.parent === undefined ? undefined : await rowOf(request.parent)
    if (before && before.dataSet.schemaId !== request.schemaId) throw new OtherSchemaError()
    const released = request.released === true
    // Negated, because what was stored before there were released rows lacks the word.
    if (before && !before.dataSet.released === released) throw new ReleasedError()
    const parent = before ? CID.parse(before.manifest) : null
    const older = parent ? await manifestAt(parent) : undefined
    const id = before?.id ?? crypto.randomUUID()
    const secret = await key()
    const written: CID[] = []
    const put = async (cid: CID, bytes: Uint8Array): Promise<void> => {
      written.push(cid)
      await blocks.put(cid, bytes)
    }
    try {
      const tally = Quality.start(schema)
      const entries: DataSet.ShardEntry[] = older ? [...older.shards] : []
      for (let index = 0; older && index < older.shards.length; index++) {
        Quality.add(tally, await read(id, older, index))
      }
      let total = 0
      let done = 0
      let reported = 0
      const samples = Importing.samples(schema, request.files, (count) => {
        total = count
      })
      for await (const shard of Sample.shards(schema, samples)) {
        Quality.add(tally, shard)
        const { iv, bytes } = await Sealing.seal(secret, id, DataSet.encodeShard(shard))
        const cid = Codec.cidOfRaw(bytes)
        await put(cid, bytes)
        entries.push({ cid, samples: shard.samples, iv, bytes: bytes.length })
        done += shard.samples
        if (performance.now() - reported > progressEvery) {
          reported = performance.now()
          progress({ label: 'samples', done, total })
        }
      }
      const quality = Quality.measure(tally).score
      const version = (older?.version ?? 0) + 1
      const manifest = DataSet.encodeManifest({
        v: 1,
        schemaId: request.schemaId,
        version,
        parent,
        samples: tally.samples,
        quality,
        perClass: tally.perClass,
        shards: entries,
      })
      const cid = Codec.cidOf(manifest)
      await put(cid, manifest)
      const dataSet: Api.DataSet = {
        id,
        name: before?.dataSet.name ?? request.name,
        schemaId: request.schemaId,
        samples: tally.samples,
        quality,
        dataSignature: DataSet.dataSignature(manifest),
        version,
        bytes: entries.reduce((sum, entry) => sum + entry.bytes, manifest.length),
        importedAt: Math.floor(Date.now() / 1000),
        perClass: tally.perClass,
        released,
      }
      // This one write makes the version exist; before it nothing refers to the new blocks.
      await tables.dataSets.put({ id, dataSet, manifest: cid.toString() })
      progress({ label: 'samples', done, total: done })
      return dataSet
    } catch (error) {
      for (const cid of written) await blocks.delete(cid).catch(() => undefined)
      throw Storage.isFull(error) ? new Storage.FullError(error) : error
    }
  }

  return {
    import: (request, progress) =>
      Storage.exclusively(name, () => importFiles(request, progress), { wait: true }),
    list: async () => {
      const rows = await tables.dataSets.toArray()
      return rows.map(({ dataSet }) => dataSet).toSorted((a, b) => a.importedAt - b.importedAt)
    },
    remove: (id) =>
      Storage.exclusively(
        name,
        async () => {
          await rowOf(id)
          await tables.dataSets.delete(id)
          await sweep(tables, blocks)
        },
        { wait: true },
      ),
    storage: Storage.measure,
    commitment: async (id) => {
      const row = await rowOf(id)
      const manifest = await manifestAt(CID.parse(row.manifest))
      const salt = await saltOf(tables, row.dataSet.dataSignature)
      const leaves: Uint8Array[] = []
      for (let index = 0; index < manifest.shards.length; index++) {
        leaves.push(...Commitment.leaves(salt, await read(id, manifest, index), leaves.length))
      }
      return Commitment.root(leaves)
    },
    release: async (id) => {
      const row = await rowOf(id)
      if (!row.dataSet.released) throw new PrivateError()
      const manifest = await manifestAt(CID.parse(row.manifest))
      const salt = await saltOf(tables, row.dataSet.dataSignature)
      const shards: Uint8Array[] = []
      for (let index = 0; index < manifest.shards.length; index++)
        shards.push(DataSet.encodeShard(await read(id, manifest, index)))
      return { shards, salt }
    },
    open: async (id, dataSignature) => {
      const found = await find(
        id,
        (cid) => dataSignature === undefined || Codec.digestOf(cid) === dataSignature,
      )
      if (!found) throw new ChangedError()
      const { cid, manifest } = found
      const schema = Schema.find(manifest.schemaId)
      if (!schema) throw new Schema.UnknownError(manifest.schemaId)
      const shards = manifest.shards.map((entry) => entry.samples)
      return {
        id,
        version: manifest.version,
        dataSignature: Codec.digestOf(cid),
        schema,
        samples: manifest.samples,
        shards,
      }
    },
    origin: async (id, dataSignature) => {
      const version = await find(id, (cid) => Codec.digestOf(cid) === dataSignature)
      const first = await find(id, (_, { parent }) => parent === null)
      if (!version || !first) throw new ChangedError()
      return Codec.digestOf(first.cid)
    },
    shard: async (id, version, index) => {
      const found = await find(id, (_, manifest) => manifest.version === version)
      if (!found) throw new ChangedError()
      return await read(id, found.manifest, index)
    },
  }
}

/** Kept, so that the same version always has the same commitment. */
async function saltOf(tables: Tables, dataSignature: string): Promise<Uint8Array> {
  return await tables.transaction('rw', tables.salts, async () => {
    const kept = await tables.salts.get(dataSignature)
    if (kept) return kept.salt
    const salt = crypto.getRandomValues(new Uint8Array(32))
    await tables.salts.add({ id: dataSignature, salt })
    return salt
  })
}

/** Deletes blocks that no version of any data set refers to; nothing at all while a manifest cannot be read. */
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

export class ChangedError extends BaseError {
  override readonly name = 'Vault.ChangedError'
  constructor() {
    super({
      message: 'This data set no longer has the version that was offered.',
      advice: 'Offer it again with its new data signature.',
      safe: 'The data set itself is unharmed.',
    })
  }
}

export class OtherSchemaError extends BaseError {
  override readonly name = 'Vault.OtherSchemaError'
  constructor() {
    super({
      message: 'A data set can only be extended by samples of its own schema.',
      advice: 'Import the files as a new data set.',
    })
  }
}

export class ReleasedError extends BaseError {
  override readonly name = 'Vault.ReleasedError'
  constructor() {
    super({
      message:
        'A private data set cannot be extended by released samples, nor a released one by private ones.',
      advice: 'Import the files as a new data set.',
      safe: 'Nothing was imported, and what is private stays so.',
    })
  }
}

export class PrivateError extends BaseError {
  override readonly name = 'Vault.PrivateError'
  constructor() {
    super({
      message: 'This data set was not imported as released, so its rows stay in the vault.',
      advice: 'To give rows away, import their files again as a released data set.',
      safe: 'No row left the vault.',
    })
  }
}
