// The page around the benchmark's worker; `npm run bench` calls `bench` through the browser's own door.
import * as Comlink from 'comlink'
import type * as Report from './report.ts'
import * as Ui from './ui.ts'

const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
const bench = Comlink.wrap<Report.Bench>(worker)
const progress = (line: string) => console.info(line)

globalThis.bench = {
  run: (part, scale) =>
    part === 'ui'
      ? Ui.measure(scale, progress, () => globalThis.pressKey())
      : bench.run(part, scale, Comlink.proxy(progress)),
  machine: () => bench.machine(),
}
