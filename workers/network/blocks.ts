// The device's own copy of blocks, in IndexedDB of the app origin. Opens again when the browser dropped the database.
import { BaseBlockstore } from 'blockstore-core'
import { IDBBlockstore } from 'blockstore-idb'
import type { CID } from 'multiformats/cid'
import { BaseError } from '../../protocol/errors.ts'

type Bytes = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>

export class Blocks extends BaseBlockstore {
  readonly #name: string
  #opened: Promise<IDBBlockstore> | undefined

  constructor(name: string) {
    super()
    this.#name = name
  }

  override has(cid: CID): Promise<boolean> {
    return this.#try((store) => store.has(cid))
  }

  override async put(cid: CID, bytes: Bytes): Promise<CID> {
    try {
      return await this.#try((store) => store.put(cid, bytes))
    } catch (cause) {
      if (String(cause).includes('QuotaExceeded')) throw new FullError(cause)
      throw cause
    }
  }

  override async *get(cid: CID): AsyncGenerator<Uint8Array> {
    yield await this.#try(async (store) => {
      for await (const bytes of store.get(cid)) return bytes
      throw new Error('the block is gone')
    })
  }

  override delete(cid: CID): Promise<void> {
    return this.#try((store) => store.delete(cid))
  }

  async close(): Promise<void> {
    const opened = this.#opened
    this.#opened = undefined
    await opened?.then((store) => store.close())
  }

  /** Phones close databases of pages they suspend; one fresh connection is worth a try. */
  async #try<T>(use: (store: IDBBlockstore) => Promise<T>): Promise<T> {
    try {
      return await use(await this.#open())
    } catch (error) {
      if (error instanceof Error && error.name === 'NotFoundError') throw error
      if (String(error).includes('QuotaExceeded')) throw error
      await this.close().catch(() => {})
      return use(await this.#open())
    }
  }

  #open(): Promise<IDBBlockstore> {
    this.#opened ??= (async () => {
      const store = new IDBBlockstore(this.#name)
      await store.open()
      return store
    })()
    return this.#opened
  }
}

export class FullError extends BaseError {
  override readonly name = 'Blocks.FullError'
  constructor(cause: unknown) {
    super({
      message: 'This device has no room left for the app.',
      advice: 'Free some storage, then try again.',
      safe: 'What was stored before is kept.',
      cause,
    })
  }
}
