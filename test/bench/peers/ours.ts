// Our engines as contenders.
import type * as Model from '../../../protocol/model.ts'
import type { Batch } from '../../../workers/tensors/batches.ts'
import { engines } from '../../../workers/train/backends.ts'
import type { Engine } from '../../../workers/train/engines.ts'
import * as TrainStep from '../../../workers/train/trainStep.ts'
import * as Work from './work.ts'

export async function start(backend: 'wasm' | 'webgpu', task: Work.Task): Promise<Work.Work> {
  const engine = engines[backend]
  await engine.device()
  if (task.kind === 'training') {
    const { spec, samples } = task
    return await training(engine, spec, Work.batch(spec, samples), Work.operations(spec, samples))
  }
  // Engines take no matrices: a dense layer's step on as many samples is two such products, and the optimizer's work.
  const { size } = task
  const spec: Model.Spec = { template: 'mlp', inputs: size, hidden: [size], classes: 2 }
  const batch = { samples: size, inputs: Work.matrix(size, 1), classes: new Uint8Array(size) }
  return await training(engine, spec, batch, 4 * size ** 3)
}

async function training(
  engine: Engine,
  spec: Model.Spec,
  batch: Batch,
  operations: number,
): Promise<Work.Work> {
  const initial = TrainStep.resting(Work.initial(spec))
  const steps = await engine.start({ spec, ...Work.rates, batchSize: batch.samples, initial })
  return {
    operations,
    run: async (times) => {
      for (let i = 0; i < times; i++) steps.step(batch)
      return (await steps.takeLoss()) / batch.samples / times
    },
    dispose: () => steps.dispose(),
  }
}
