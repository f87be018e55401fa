import 'fake-indexeddb/auto'
import { afterEach, expect, test, vi } from 'vitest'
import * as Safe from './safe.ts'

let count = 0
const opened: Safe.Safe[] = []
async function open(name = `safe-${count++}`): Promise<Safe.Safe> {
  const safe = await Safe.open(name)
  opened.push(safe)
  return safe
}
afterEach(() => {
  vi.restoreAllMocks()
  for (const safe of opened.splice(0)) safe.close()
})

const bytes = (...values: number[]) => Uint8Array.from(values)

test('gives back what was stored, also when opened again', async () => {
  const name = `safe-${count++}`
  const safe = await open(name)
  expect(await safe.get('a')).toBeUndefined()
  await safe.create([{ id: 'a', bytes: bytes(1, 2) }])
  expect(await (await open(name)).get('a')).toEqual(bytes(1, 2))
})

test('stores on the disk, not in what a power cut takes', async () => {
  const transactions = vi.spyOn(IDBDatabase.prototype, 'transaction')
  const safe = await open()
  transactions.mockClear()
  await safe.create([{ id: 'a', bytes: bytes(1) }])
  await safe.replace({ id: 'a', bytes: bytes(2) })
  await safe.remove(['a'])
  const writes = transactions.mock.calls.filter(([, mode]) => mode === 'readwrite')
  expect(writes.map(([, , options]) => options?.durability)).toEqual(['strict', 'strict', 'strict'])
})

test('of several who create a record, one wins and all get the same, with what belongs to it', async () => {
  const name = `safe-${count++}`
  const [a, b] = [await open(name), await open(name)]
  const results = await Promise.all(
    [a, b, a, b].map((safe, i) =>
      safe.create([
        { id: 'x', bytes: bytes(i) },
        { id: 'y', bytes: bytes(i) },
      ]),
    ),
  )
  const [first] = results
  for (const result of results) expect(result).toEqual(first)
  expect(await a.get('x')).toEqual(first)
  expect(await a.get('y')).toEqual(first)
})

test('leaves companions that exist, unless they are replaced', async () => {
  const safe = await open()
  await safe.create([{ id: 'kept', bytes: bytes(1) }])
  await safe.create([{ id: 'replaced', bytes: bytes(1) }])
  await safe.create([
    { id: 'new', bytes: bytes(2) },
    { id: 'kept', bytes: bytes(2) },
    { id: 'replaced', bytes: bytes(2), replaces: true },
  ])
  expect(await safe.get('kept')).toEqual(bytes(1))
  expect(await safe.get('replaced')).toEqual(bytes(2))
  expect(await safe.ids('re')).toEqual(['replaced'])
})

test('its key never leaves the browser', async () => {
  const name = `safe-${count++}`
  await (await open(name)).create([{ id: 'a', bytes: bytes(1) }])
  const [row] = await rows(name, 'keys')
  expect(row).toMatchObject({ key: { extractable: false, type: 'secret' } })
  await expect(crypto.subtle.exportKey('raw', (row as { key: CryptoKey }).key)).rejects.toThrow()
})

test('a record that was changed, or moved to another id, is said to be damaged', async () => {
  const name = `safe-${count++}`
  const safe = await open(name)
  await safe.create([{ id: 'a', bytes: bytes(1, 2, 3) }])
  await safe.create([{ id: 'b', bytes: bytes(4, 5, 6) }])
  const [a, b] = (await rows(name, 'records')) as { id: string; sealed: Uint8Array }[]
  await put(name, { ...a, id: 'b' })
  await expect(safe.get('b')).rejects.toThrow(Safe.DamagedError)
  await put(name, { ...b, sealed: b!.sealed.map((byte) => byte ^ 1) })
  await expect(safe.get('b')).rejects.toThrow(Safe.DamagedError)
  expect(await safe.get('a')).toEqual(bytes(1, 2, 3))
})

test('a full disk is said to be full, and loses nothing', async () => {
  const safe = await open()
  await safe.create([{ id: 'a', bytes: bytes(1) }])
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
    throw new DOMException('The quota has been exceeded.', 'QuotaExceededError')
  })
  await expect(safe.create([{ id: 'b', bytes: bytes(2) }])).rejects.toThrow(Safe.FullError)
  await expect(safe.replace({ id: 'a', bytes: bytes(2) })).rejects.toThrow(Safe.FullError)
  vi.restoreAllMocks()
  expect(await safe.get('a')).toEqual(bytes(1))
  expect(await safe.get('b')).toBeUndefined()
})

async function rows(name: string, store: string): Promise<unknown[]> {
  return request(name, store, 'readonly', (records) => records.getAll())
}

async function put(name: string, row: unknown): Promise<unknown> {
  return request(name, 'records', 'readwrite', (records) => records.put(row))
}

function request<result>(
  name: string,
  store: string,
  mode: IDBTransactionMode,
  ask: (store: IDBObjectStore) => IDBRequest<result>,
): Promise<result> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(name)
    opening.onsuccess = () => {
      const asked = ask(opening.result.transaction(store, mode).objectStore(store))
      asked.onsuccess = () => {
        opening.result.close()
        resolve(asked.result)
      }
      asked.onerror = () => reject(new Error('The request failed.'))
    }
  })
}
