// Reads what each participant's app stored about the task: its machine, its measurements, its transactions.
import type { Person } from './person.ts'

export type Meter = {
  readonly round: number
  readonly bytes: { readonly up: number; readonly down: number }
  readonly seconds: Record<'train' | 'encrypt' | 'aggregate' | 'network' | 'chain' | 'open', number>
  readonly backend: string | undefined
  readonly openedAt: number
  readonly endedAt: number
}

export type Transaction = {
  readonly name: string
  readonly gas: number
  readonly hash: string
  readonly round: number
}

export type Stored = {
  /** State of the role machine; amounts as decimal strings. */
  readonly state: Record<string, unknown>
  readonly task: string
  readonly meters: readonly Meter[]
  readonly transactions: readonly Transaction[]
}

export async function read({ page }: Person): Promise<Stored> {
  return page.evaluate(async (): Promise<Stored> => {
    type Row = Record<string, unknown>
    const plain = (value: unknown): unknown => {
      if (typeof value === 'bigint') return value.toString()
      if (value instanceof Uint8Array) return undefined
      if (Array.isArray(value)) return value.map(plain)
      if (value instanceof Map || value instanceof Set) return plain([...value])
      if (typeof value === 'object' && value !== null) {
        return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]))
      }
      return value
    }
    const rows = (database: IDBDatabase, store: string): Promise<Row[]> =>
      new Promise((resolve, reject) => {
        const request = database.transaction(store).objectStore(store).getAll()
        request.onsuccess = () => resolve(request.result as Row[])
        request.onerror = () => reject(new Error(`${store} cannot be read`))
      })
    for (const { name } of await indexedDB.databases()) {
      const database = await new Promise<IDBDatabase>((resolve, reject) => {
        const opening = indexedDB.open(name ?? '')
        opening.onsuccess = () => resolve(opening.result)
        opening.onerror = () => reject(new Error(`${name} cannot be opened`))
      })
      try {
        if (!database.objectStoreNames.contains('machines')) continue
        const [machine] = await rows(database, 'machines')
        if (machine === undefined) continue
        return {
          state: plain(machine['state']) as Record<string, unknown>,
          task: String(machine['task']),
          meters: plain(await rows(database, 'meters')) as Meter[],
          transactions: plain(await rows(database, 'transactions')) as Transaction[],
        }
      } finally {
        database.close()
      }
    }
    throw new Error('This profile takes part in no task.')
  })
}

/** What the browser says WebGPU runs on; `swiftshader` is a processor, not a GPU. */
export async function adapter({ page }: Person): Promise<string> {
  return page.evaluate(async () => (await navigator.gpu.requestAdapter())?.info.architecture ?? 'none')
}
