// The page around the benchmark's worker; `npm run bench` calls `bench` through the browser's own door.
import * as Comlink from 'comlink'
import type * as Report from './report.ts'

const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
const bench = Comlink.wrap<Report.Bench>(worker)

globalThis.bench = {
  run: (part, scale) =>
    bench.run(
      part,
      scale,
      Comlink.proxy((line) => console.info(line)),
    ),
  machine: () => bench.machine(),
}
