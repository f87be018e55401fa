// The vault: encrypted data sets with versions, which it lists, extends, removes and reads out to training alone.
import { CID } from 'multiformats/cid'
import * as Codec from '../../protocol/codec.ts'
import * as Commitment from '../../protocol/commitment.ts'
import * as DataSet from '../../protocol/dataSet.ts'
import { BaseError } from '../../protocol/errors.ts'
import * as Schema from '../../protocol/schema.ts'
import type { Vault } from './api.ts'
import * as Archive from './archive.ts'
import type { Rows, Versions } from './ports.ts'
import * as Storage from './storage.ts'
import * as Writing from './writing.ts'

export { UnknownError } from './archive.ts'
export { OtherSchemaError, ReleasedError } from './writing.ts'

/** Opens the vault's databases under this name. */
export async function open(name: string): Promise<Vault & Rows & Versions> {
  const archive = await Archive.open(name)

  return {
    import: (request, progress) =>
      Storage.exclusively(name, () => Writing.write(archive, request, progress), { wait: true }),
    list: async () => {
      const rows = await archive.tables.dataSets.toArray()
      return rows.map(({ dataSet }) => dataSet).toSorted((a, b) => a.importedAt - b.importedAt)
    },
    remove: (id) =>
      Storage.exclusively(
        name,
        async () => {
          await archive.row(id)
          await archive.tables.dataSets.delete(id)
          await archive.sweep()
        },
        { wait: true },
      ),
    storage: Storage.measure,
    commitment: async (id) => {
      const row = await archive.row(id)
      const manifest = await archive.manifest(CID.parse(row.manifest))
      const salt = await archive.salt(row.dataSet.dataSignature)
      const leaves: Uint8Array[] = []
      for (let index = 0; index < manifest.shards.length; index++) {
        leaves.push(...Commitment.leaves(salt, await archive.shard(id, manifest, index), leaves.length))
      }
      return Commitment.root(leaves)
    },
    release: async (id) => {
      const row = await archive.row(id)
      if (!row.dataSet.released) throw new PrivateError()
      const manifest = await archive.manifest(CID.parse(row.manifest))
      const salt = await archive.salt(row.dataSet.dataSignature)
      const shards: Uint8Array[] = []
      for (let index = 0; index < manifest.shards.length; index++)
        shards.push(DataSet.encodeShard(await archive.shard(id, manifest, index)))
      return { shards, salt }
    },
    open: async (id, dataSignature) => {
      const found = await archive.find(
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
      const version = await archive.find(id, (cid) => Codec.digestOf(cid) === dataSignature)
      const first = await archive.find(id, (_, { parent }) => parent === null)
      if (!version || !first) throw new ChangedError()
      return Codec.digestOf(first.cid)
    },
    shard: async (id, version, index) => {
      const found = await archive.find(id, (_, manifest) => manifest.version === version)
      if (!found) throw new ChangedError()
      return await archive.shard(id, found.manifest, index)
    },
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
