// How soon the page answers to a key while the vault's workers train, beside how soon it does while they rest.
import * as Comlink from 'comlink'
import * as Model from '../../protocol/model.ts'
import * as Schema from '../../protocol/schema.ts'
import type { Backend } from '../../workers/train/api.ts'
import type { TrainPeer, TrainRequest, TrainWorker } from '../../workers/train/ports.ts'
import type { DataSet } from '../../workers/vault/api.ts'
import type { VaultWorker } from '../../workers/vault/ports.ts'
import * as Digits from '../digits.ts'
import * as Report from './report.ts'
import * as Screen from './screen.ts'

const convolution = { stride: 1, padding: 'valid', pool: 2 } as const
const scales = {
  full: {
    spec: {
      ...{ template: 'cnn', height: 28, width: 28, channels: 1, hidden: [128], classes: 10 },
      convolutions: [
        { ...convolution, filters: 24, kernel: 5 },
        { ...convolution, filters: 32, kernel: 3 },
      ],
    },
    ...{ samples: 12_000, pairs: 8, window: 3000 },
  },
  small: {
    spec: { template: 'mlp', inputs: 784, hidden: [8], classes: 10 },
    ...{ samples: 600, pairs: 1, window: 400 },
  },
} as const satisfies Record<Report.Scale, { readonly spec: Model.Spec }>

const training = { batchSize: 32, learningRate: 0.01, momentum: 0.9, seed: 1 }
/** Until training rests once it was told to, or is under way again: steps that are queued, and a look at the gate, in ms. */
const settling = 1000

export async function measure(
  scale: Report.Scale,
  progress: (line: string) => void,
  press: () => Promise<void>,
): Promise<Report.Report> {
  const { spec, samples, pairs, window } = scales[scale]
  const screen = Screen.watched()
  const workers = await start(spec, samples)
  try {
    progress(`training with ${workers.backend}`)
    const trained = endless(workers, screen)
    const windows: { readonly idle: Screen.Stretch; readonly busy: Screen.Stretch }[] = []
    for (let pair = 1; pair <= pairs; pair++) {
      progress(`windows: ${pair} of ${pairs}`)
      const idle = async () => {
        await workers.train.pause()
        await Screen.pass(settling)
        return await screen.window(window, press)
      }
      const busy = async () => {
        await workers.train.resume()
        await Promise.race([screen.moved(), trained.failed])
        return await screen.window(window, press)
      }
      // Who is first changes, so that what the machine does meanwhile falls on both.
      if (pair % 2 === 0) windows.push({ idle: await idle(), busy: await busy() })
      else {
        const first = await busy()
        windows.push({ busy: first, idle: await idle() })
      }
    }
    await trained.stop()
    return { sizes: { pairs, window, samples }, rows: rowsOf(windows, workers.backend, scale) }
  } finally {
    await workers.stop()
    screen.stop()
  }
}

function rowsOf(
  windows: readonly { readonly idle: Screen.Stretch; readonly busy: Screen.Stretch }[],
  backend: Backend,
  scale: Report.Scale,
): readonly Report.Row[] {
  const limited = scale === 'full'
  const of = (name: string, figure: (window: Screen.Stretch) => number, unit: string, limit?: number) => [
    Report.row(
      'at rest',
      name,
      unit,
      windows.map(({ idle }) => figure(idle)),
    ),
    Report.row(
      'while training',
      name,
      unit,
      windows.map(({ busy }) => figure(busy)),
      limit,
    ),
  ]
  const median = ({ latencies }: Screen.Stretch) => Report.median(latencies)
  const rows = [
    ...of('from a key to its frame', median, 'ms'),
    ...of('  95 of 100 within', ({ latencies }) => quantile(latencies, 0.95), 'ms'),
    ...of('from a key to its handler', ({ delays }) => Report.median(delays), 'ms'),
    ...of('frames', ({ frames, seconds }) => frames / seconds, 'frames/s'),
    ...of('longest main-thread task above 50 ms', ({ longTasks }) => Math.max(0, ...longTasks), 'ms'),
  ]
  const all = (kind: 'idle' | 'busy') => windows.flatMap((each) => each[kind].longTasks).length
  const speed = windows.map(({ busy }) => busy.samples / busy.seconds)
  const trainedMeanwhile = Report.noted(
    Report.row('while training', 'trained meanwhile', 'samples/s', speed),
    `with ${backend}`,
  )
  return [
    ...rows.filter(({ group }) => group === 'at rest'),
    Report.row('at rest', 'main-thread tasks above 50 ms', 'tasks', [all('idle')]),
    ...rows.filter(({ group }) => group === 'while training'),
    Report.row(
      'while training',
      'main-thread tasks above 50 ms',
      'tasks',
      [all('busy')],
      limited ? 0 : undefined,
    ),
    // Without it the page would have been measured at rest twice.
    Report.atLeast(trainedMeanwhile, limited ? 1 : undefined),
    Report.row(
      'while training, of at rest',
      'from a key to its frame',
      'x',
      windows.map(({ idle, busy }) => median(busy) / median(idle)),
      limited ? 1.2 : undefined,
    ),
  ]
}

function quantile(found: readonly number[], share: number): number {
  const sorted = found.toSorted((a, b) => a - b)
  return sorted[Math.ceil(share * sorted.length) - 1] ?? NaN
}

type Workers = {
  readonly spec: Model.Spec
  /** That the train worker chose for this model. */
  readonly backend: Backend
  readonly train: Comlink.Remote<TrainWorker>
  readonly peer: Comlink.Remote<TrainPeer>
  readonly dataSet: Pick<DataSet, 'id' | 'dataSignature'>
  stop(): Promise<void>
}

/** The vault's worker and the train worker, joined as the frame joins them, with a data set in the former. */
async function start(spec: Model.Spec, samples: number): Promise<Workers> {
  const vaultWorker = new Worker(new URL('../../workers/vault/worker.ts', import.meta.url), {
    type: 'module',
  })
  const trainWorker = new Worker(new URL('../../workers/train/worker.ts', import.meta.url), {
    type: 'module',
  })
  const vault = Comlink.wrap<VaultWorker>(vaultWorker)
  const train = Comlink.wrap<TrainWorker>(trainWorker)
  const rows = new MessageChannel()
  await vault.connect('train', Comlink.transfer(rows.port1, [rows.port1]))
  await train.connect('vault', Comlink.transfer(rows.port2, [rows.port2]))
  const asked = new MessageChannel()
  await train.connect('crypto', Comlink.transfer(asked.port1, [asked.port1]))
  const peer = Comlink.wrap<TrainPeer>(asked.port2)
  const ignore = Comlink.proxy(() => undefined)
  const imported = (count: number) => {
    const files = Digits.idxPair(count, count)
    return vault.import({ name: 'bands', schemaId: Schema.id(Schema.digits), files }, ignore)
  }
  // A first short round measures the engines and chooses.
  const few = await imported(training.batchSize)
  const { backend } = await peer.train(requestOf(spec, few, 0, 1), ignore)
  await vault.remove(few.id)
  const dataSet = await imported(samples)
  return {
    spec,
    train,
    peer,
    backend,
    dataSet,
    stop: async () => {
      await vault.remove(dataSet.id)
      trainWorker.terminate()
      vaultWorker.terminate()
    },
  }
}

function requestOf(
  spec: Model.Spec,
  { id: dataSet, dataSignature }: Workers['dataSet'],
  round: number,
  epochs: number,
): TrainRequest {
  const weights = Model.initialise(spec, 1)
  return { model: spec, training: { ...training, epochs }, weights, dataSet, dataSignature, round }
}

/** Trains until told to stop, one round after another. */
function endless(workers: Workers, screen: Screen.Screen) {
  let stopped = false
  const run = async () => {
    for (let round = 0; !stopped; round++) {
      await workers.peer.train(
        requestOf(workers.spec, workers.dataSet, round, 100),
        Comlink.proxy(({ done, total }) => screen.show(done, total)),
      )
    }
  }
  const failed = run().then(
    () => new Promise<never>(() => undefined),
    (error: unknown) => {
      if (stopped) return new Promise<never>(() => undefined)
      throw error
    },
  )
  failed.catch(() => undefined)
  return {
    failed,
    stop: async () => {
      stopped = true
      await workers.train.resume()
      await workers.train.abort()
    },
  }
}
