// Our engines as contenders, on as many threads as the train worker would choose.
import type * as Model from '../../../protocol/model.ts'
import type { Batch } from '../../../workers/tensors/batches.ts'
import { engines } from '../../../workers/train/backends.ts'
import * as Choose from '../../../workers/train/choose.ts'
import * as Engine from '../../../workers/train/engines.ts'
import * as Probe from '../../../workers/train/probe.ts'
import * as TrainStep from '../../../workers/train/trainStep.ts'
import * as Work from './work.ts'

export async function start(backend: 'wasm' | 'webgpu', task: Work.Task): Promise<Work.Work> {
  await engines[backend].device()
  if (task.kind === 'training') {
    const { spec, samples } = task
    return await training(backend, spec, Work.batch(spec, samples), Work.operations(spec, samples))
  }
  // Engines take no matrices: a dense layer's step on as many samples is two such products, and the optimizer's work.
  const { size } = task
  const spec: Model.Spec = { template: 'mlp', inputs: size, hidden: [size], classes: 2 }
  const batch = { samples: size, inputs: Work.matrix(size, 1), classes: new Uint8Array(size) }
  return await training(backend, spec, batch, 4 * size ** 3)
}

async function training(
  backend: 'wasm' | 'webgpu',
  spec: Model.Spec,
  batch: Batch,
  operations: number,
): Promise<Work.Work> {
  const threads = await chosen(backend, { spec, batchSize: batch.samples })
  const engine = Engine.on(engines[backend], threads)
  const initial = TrainStep.resting(Work.initial(spec))
  const steps = await engine.start({ spec, ...Work.rates, batchSize: batch.samples, initial })
  return {
    operations,
    ...(threads > 1 ? { note: `${threads} threads` } : {}),
    run: async (times) => {
      for (let i = 0; i < times; i++) steps.step(batch)
      return (await steps.takeLoss()) / batch.samples / times
    },
    dispose: () => steps.dispose(),
  }
}

async function chosen(backend: 'wasm' | 'webgpu', steps: Probe.Steps): Promise<number> {
  const counts = Probe.threads(engines[backend], steps)
  if (counts.length === 1) return 1
  const measured: Choose.Measured[] = []
  for (const threads of counts) {
    const samplesPerSecond = await Probe.measure(Engine.on(engines[backend], threads), steps)
    measured.push({ backend, threads, samplesPerSecond, adapter: 'processor', software: false })
  }
  return Choose.choose(measured, [])?.threads ?? 1
}
