// Where the benchmark runs: a worker like those of the vault.
import * as Comlink from 'comlink'
import * as Adapter from './adapter.ts'
import * as Commitments from './commitments.ts'
import * as Encryption from './encryption.ts'
import * as Matmul from './matmul.ts'
import * as Proof from './proof.ts'
import type * as Report from './report.ts'
import * as Training from './training.ts'

type Measure = (scale: Report.Scale, progress: (line: string) => void) => Promise<Report.Report>

const measures: Readonly<Record<Exclude<Report.Part, 'ui'>, Measure>> = {
  training: Training.measure,
  matmul: Matmul.measure,
  encryption: Encryption.measure,
  commitments: Commitments.measure,
  proof: Proof.measure,
}

const bench: Report.Bench = {
  run: (part, scale, progress) => measures[part](scale, progress),
  machine: async () => ({ ...(await Adapter.seen()), isolated: globalThis.crossOriginIsolated }),
}

Comlink.expose(bench)
