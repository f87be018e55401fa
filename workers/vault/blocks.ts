// Encrypted shards and manifests as content-addressed blocks in the vault's IndexedDB.
import type { IDBBlockstore } from 'blockstore-idb'
import type { CID } from 'multiformats/cid'
import { BaseError } from '../../protocol/errors.ts'
import * as Retry from './retry.ts'

export type Store = Pick<IDBBlockstore, 'open' | 'close' | 'put' | 'get' | 'delete' | 'getAll'>

export type Blocks = {
  put(cid: CID, bytes: Uint8Array): Promise<void>
  get(cid: CID): Promise<Uint8Array>
  delete(cid: CID): Promise<void>
  /** Of every block; their digests are right, their codecs are not kept. */
  all(): Promise<readonly CID[]>
  close(): Promise<void>
}

/** `make` gives a closed store each time; one connection is open at a time. */
export async function open(make: () => Store): Promise<Blocks> {
  let store = make()
  await store.open()
  const reopen = async (): Promise<void> => {
    await store.close().catch(() => undefined)
    store = make()
    await store.open()
  }
  return {
    put: async (cid, bytes) => {
      await Retry.whenLost(async () => {
        await store.put(cid, bytes)
      }, reopen)
    },
    get: (cid) =>
      Retry.whenLost(async () => {
        for await (const bytes of store.get(cid)) return bytes
        throw new MissingError(cid)
      }, reopen),
    delete: (cid) =>
      Retry.whenLost(async () => {
        await store.delete(cid)
      }, reopen),
    all: () =>
      Retry.whenLost(async () => {
        const found: CID[] = []
        for await (const { cid } of store.getAll()) found.push(cid)
        return found
      }, reopen),
    close: async () => {
      await store.close()
    },
  }
}

export class MissingError extends BaseError {
  override readonly name = 'Blocks.MissingError'
  constructor(cid: CID, cause?: unknown) {
    super({
      message: `A block of the data set is missing (${cid.toString()}).`,
      advice: 'The browser may have evicted it: remove the data set and import it again.',
      cause,
    })
  }
}
