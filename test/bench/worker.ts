// Where the benchmark runs: a worker like those of the vault.
import * as Comlink from 'comlink'
import * as Encryption from './encryption.ts'
import type * as Report from './report.ts'

type Measure = (scale: Report.Scale, progress: (line: string) => void) => Promise<Report.Report>

const measures: Readonly<Record<Report.Part, Measure>> = { encryption: Encryption.measure }

const bench: Report.Bench = {
  run: (part, scale, progress) => measures[part](scale, progress),
  machine: async () => {
    const adapter = 'gpu' in navigator ? await navigator.gpu.requestAdapter() : null
    const { vendor = 'none', architecture = '', description = '' } = adapter?.info ?? {}
    const named = [vendor, architecture, description].filter((word) => word !== '').join(' ')
    return { adapter: named, isolated: globalThis.crossOriginIsolated }
  },
}

Comlink.expose(bench)
