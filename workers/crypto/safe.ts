// Secrets at rest: each record is encrypted under a key that the browser holds and never shows, not even to this code.
import { Dexie, type Table } from 'dexie'
import { BaseError } from '../../protocol/errors.ts'

export type Safe = {
  /** The record, or undefined where there is none. */
  get(id: string): Promise<Uint8Array<ArrayBuffer> | undefined>
  /**
   * Stores `records` together, unless the first of them exists, and gives what is then stored as the first: of several
   * callers, in this tab or another, one wins and all get the same.
   */
  create(records: readonly Entry[]): Promise<Uint8Array<ArrayBuffer>>
  /** Stores the record, replacing what was there. */
  replace(record: Entry): Promise<void>
  /** Erases these records, as far as a browser's storage forgets. */
  remove(ids: readonly string[]): Promise<void>
  /** Ids that begin with `prefix`, ascending. */
  ids(prefix: string): Promise<readonly string[]>
  close(): void
}

/** `replaces`: this record may exist and is overwritten; others are left as they are. */
export type Entry = { readonly id: string; readonly bytes: Uint8Array; readonly replaces?: boolean }

type Row = {
  readonly id: string
  readonly iv: Uint8Array<ArrayBuffer>
  readonly sealed: Uint8Array<ArrayBuffer>
}
type KeyRow = { readonly id: string; readonly key: CryptoKey }

const keyName = 'wrapping'
const ivBytes = 12

export async function open(name: string): Promise<Safe> {
  // Not until it is on the disk: what was said must not be forgotten when the power goes.
  const database = new Dexie(name, { chromeTransactionDurability: 'strict' })
  database.version(1).stores({ keys: 'id', records: 'id' })
  const keys: Table<KeyRow, string> = database.table('keys')
  const records: Table<Row, string> = database.table('records')
  const key = await wrappingKey(database, keys)

  const get = async (id: string): Promise<Uint8Array<ArrayBuffer> | undefined> => {
    const row = await records.get(id)
    return row === undefined ? undefined : unwrap(key, row)
  }

  return {
    get,
    create: async (entries) => {
      const [first] = entries
      if (first === undefined) throw new Error('There is nothing to store.')
      const rows = await Promise.all(entries.map((entry) => wrap(key, entry)))
      const stored = await written(() =>
        database.transaction('rw', records, async () => {
          const existing = await records.get(first.id)
          if (existing !== undefined) return existing
          for (const [i, row] of rows.entries()) {
            if (i === 0 || entries[i]?.replaces === true || (await records.get(row.id)) === undefined)
              await records.put(row)
          }
          return undefined
        }),
      )
      return stored === undefined ? new Uint8Array(first.bytes) : unwrap(key, stored)
    },
    replace: async (entry) => {
      const row = await wrap(key, entry)
      await written(() => records.put(row))
    },
    remove: (ids) => records.bulkDelete([...ids]),
    ids: (prefix) => records.where('id').startsWith(prefix).primaryKeys(),
    close: () => database.close(),
  }
}

/** Made outside the transaction, which would commit while WebCrypto is awaited. */
async function wrappingKey(database: Dexie, keys: Table<KeyRow, string>): Promise<CryptoKey> {
  const existing = await keys.get(keyName)
  if (existing !== undefined) return existing.key
  const fresh = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
    'encrypt',
    'decrypt',
  ])
  return written(() =>
    database.transaction('rw', keys, async () => {
      const other = await keys.get(keyName)
      if (other !== undefined) return other.key
      await keys.put({ id: keyName, key: fresh })
      return fresh
    }),
  )
}

async function wrap(key: CryptoKey, { id, bytes }: Entry): Promise<Row> {
  const iv = crypto.getRandomValues(new Uint8Array(ivBytes))
  const plain = new Uint8Array(bytes)
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: name(id) }, key, plain)
  return { id, iv, sealed: new Uint8Array(sealed) }
}

async function unwrap(key: CryptoKey, { id, iv, sealed }: Row): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(
      await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData: name(id) }, key, sealed),
    )
  } catch (cause) {
    throw new DamagedError(id, cause)
  }
}

/** Binds a record to its id, so that one cannot stand in for another. */
function name(id: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(id)
}

async function written<result>(write: () => PromiseLike<result>): Promise<result> {
  try {
    return await write()
  } catch (cause) {
    if (cause instanceof Error && /quota/i.test(`${cause.name} ${cause.message}`)) throw new FullError(cause)
    throw cause
  }
}

export class DamagedError extends BaseError {
  override readonly name = 'Safe.DamagedError'
  constructor(id: string, cause: unknown) {
    super({
      message: `The stored record ${id} is damaged and cannot be opened.`,
      advice: 'Restore your backup on a device, or in a browser profile, that holds no keys yet.',
      safe: 'What a backup holds is safe; money in the contract is not touched.',
      cause,
    })
  }
}

export class FullError extends BaseError {
  override readonly name = 'Safe.FullError'
  constructor(cause: unknown) {
    super({
      message: 'This device has no room left to store keys and updates.',
      advice: 'Free some space, or remove a data set you no longer offer, and try again.',
      safe: 'Nothing was sent, and what was stored before is intact.',
      cause,
    })
  }
}
