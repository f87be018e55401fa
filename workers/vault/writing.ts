// Writes a version of a data set out of files: shards as they are read, the manifest, and last of all the row.
import { CID } from 'multiformats/cid'
import * as Codec from '../../protocol/codec.ts'
import * as DataSet from '../../protocol/dataSet.ts'
import { BaseError } from '../../protocol/errors.ts'
import * as Quality from '../../protocol/quality.ts'
import * as Schema from '../../protocol/schema.ts'
import type { Progress } from '../progress.ts'
import type * as Api from './api.ts'
import type { Archive } from './archive.ts'
import * as Importing from './importing.ts'
import * as Sample from './sample.ts'
import * as Sealing from './sealing.ts'
import * as Storage from './storage.ts'

/** At most four messages of progress a second. */
const progressEvery = 250

/** One writer at a time (`Storage.exclusively`). What fails leaves nothing behind. */
export async function write(
  archive: Archive,
  request: Api.ImportRequest,
  progress: Progress,
): Promise<Api.DataSet> {
  const schema = Schema.find(request.schemaId)
  if (!schema) throw new Schema.UnknownError(request.schemaId)
  const before = request.parent === undefined ? undefined : await archive.row(request.parent)
  if (before && before.dataSet.schemaId !== request.schemaId) throw new OtherSchemaError()
  const released = request.released === true
  // Negated, because what was stored before there were released rows lacks the word.
  if (before && !before.dataSet.released === released) throw new ReleasedError()
  const parent = before ? CID.parse(before.manifest) : null
  const older = parent ? await archive.manifest(parent) : undefined
  const id = before?.id ?? crypto.randomUUID()
  const secret = await archive.key()
  const written: CID[] = []
  const put = async (cid: CID, bytes: Uint8Array): Promise<void> => {
    written.push(cid)
    await archive.blocks.put(cid, bytes)
  }
  try {
    const tally = Quality.start(schema)
    const entries: DataSet.ShardEntry[] = older ? [...older.shards] : []
    for (let index = 0; older && index < older.shards.length; index++) {
      Quality.add(tally, await archive.shard(id, older, index))
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
    await archive.tables.dataSets.put({ id, dataSet, manifest: cid.toString() })
    progress({ label: 'samples', done, total: done })
    return dataSet
  } catch (error) {
    for (const cid of written) await archive.blocks.delete(cid).catch(() => undefined)
    throw Storage.isFull(error) ? new Storage.FullError(error) : error
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
