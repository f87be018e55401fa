// The data sets of this device as the app may know them: names, counts and digests, never a row.
import { BaseError } from '../../protocol/errors.ts'
import type { Version } from '../../workers/crypto/api.ts'
import type { Openings } from '../../workers/crypto/api.ts'
import type { Frame } from '../../workers/frame/api.ts'
import type { DataSet, ImportRequest } from '../../workers/vault/api.ts'
import type { DataSets } from './view/device.ts'

export type Shelf = {
  view(): DataSets
  find(id: string): DataSet | undefined
  /** What the vault counts of a data set; undefined where it is not there any more, or its versions cannot be read. */
  openings(id: string | undefined): Openings | undefined
  refresh(): Promise<void>
  /** Reads again what the vault counts. */
  recount(): Promise<void>
  /** From the limit that the owner saw to the one it wants. */
  limit(id: string, from: number, to: number): Promise<void>
  import(request: ImportRequest): Promise<DataSet>
  remove(id: string): Promise<void>
  persist(): Promise<boolean>
}

export function open(frame: Frame, changed: () => void): Shelf {
  let view: DataSets = { list: [], openings: {}, importing: undefined, storage: undefined }
  let counting = Promise.resolve()

  function set(next: Partial<DataSets>): void {
    view = { ...view, ...next }
    changed()
  }

  async function refresh(): Promise<void> {
    const [list, storage] = await Promise.all([frame.vault.list(), frame.vault.storage()])
    set({ list, storage })
    await recount()
  }

  /** One after another, so that an older count never replaces a newer one. */
  function recount(): Promise<void> {
    counting = counting.then(count)
    return counting
  }

  async function count(): Promise<void> {
    const counts = await Promise.all(
      view.list.map(async (dataSet): Promise<[string, Openings][]> => {
        const openings = await frame.crypto.openings(versionOf(dataSet)).catch(() => undefined)
        return openings === undefined ? [] : [[dataSet.id, openings]]
      }),
    )
    set({ openings: Object.fromEntries(counts.flat()) })
  }

  function find(id: string): DataSet | undefined {
    return view.list.find((dataSet) => dataSet.id === id)
  }

  return {
    view: () => view,
    find,
    openings: (id) => (id === undefined ? undefined : view.openings[id]),
    refresh,
    recount,
    async limit(id, from, to) {
      const dataSet = find(id)
      if (dataSet === undefined) throw new MissingError()
      try {
        await frame.crypto.limitOpenings({ ...versionOf(dataSet), from, to })
      } finally {
        await recount()
      }
    },
    async import(request) {
      set({ importing: { name: request.name, progress: undefined } })
      try {
        return await frame.vault.import(request, (progress) => {
          if (view.importing !== undefined) set({ importing: { name: request.name, progress } })
        })
      } finally {
        set({ importing: undefined })
        await refresh()
      }
    },
    async remove(id) {
      await frame.vault.remove(id)
      await refresh()
    },
    async persist() {
      const persisted = await frame.persist()
      await refresh()
      return persisted
    },
  }
}

function versionOf({ id, dataSignature }: DataSet): Version {
  return { dataSet: id, dataSignature }
}

export class MissingError extends BaseError {
  override readonly name = 'DataSets.MissingError'
  constructor() {
    super({
      message: 'This data set is not on this device any more.',
      advice: 'Choose another one, or import it again.',
    })
  }
}
