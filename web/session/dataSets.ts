// The data sets of this device as the app may know them: names, counts and digests, never a row.
import type { Frame } from '../../workers/api.ts'
import type { DataSet, DataSets, ImportRequest } from './api.ts'

export type Shelf = {
  view(): DataSets
  find(id: string): DataSet | undefined
  refresh(): Promise<void>
  import(request: ImportRequest): Promise<DataSet>
  remove(id: string): Promise<void>
  persist(): Promise<boolean>
}

export function open(frame: Frame, changed: () => void): Shelf {
  let view: DataSets = { list: [], importing: undefined, storage: undefined }

  function set(next: Partial<DataSets>): void {
    view = { ...view, ...next }
    changed()
  }

  async function refresh(): Promise<void> {
    const [list, storage] = await Promise.all([frame.vault.list(), frame.vault.storage()])
    set({ list, storage })
  }

  return {
    view: () => view,
    find: (id) => view.list.find((dataSet) => dataSet.id === id),
    refresh,
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
