import { describe, expect, it } from 'vitest'
import * as Model from '../../protocol/model.ts'
import * as Prng from '../../protocol/prng.ts'
import * as Examples from '../../test/examples.ts'
import * as Node from '../../test/tensors.ts'
import * as Batches from '../tensors/batches.ts'
import * as Dense from '../tensors/dense.ts'
import * as Engine from './engine.ts'
import * as Gate from './gate.ts'
import { gradients } from './gradients.ts'
import * as TrainStep from './trainStep.ts'

const mlp: Model.Spec = { template: 'mlp', inputs: 64, hidden: [23, 11], classes: 8 }
const softmax: Model.Spec = { template: 'softmax', inputs: 64, hidden: [], classes: 8 }
const training: Model.Training = { epochs: 3, batchSize: 32, learningRate: 0.1, momentum: 0.9, seed: 5 }

async function firstBatch(size = 32): Promise<Batches.Batch> {
  for await (const batch of Batches.read(Examples.stripedSource(400, 3), size, Prng.from(1))) return batch
  throw new Error('no batch')
}

describe.each(['cpu', 'wasm'] as const)('training on %s', (backend) => {
  it.each([mlp, softmax])('has the gradients that finite differences show: $template', async (spec) => {
    const tf = await Node.start(backend)
    const batch = await firstBatch()
    const prng = Prng.from(4)
    const weights = Model.initialise(spec, 9)
    const direction = Float32Array.from(weights, () => 2 * Prng.unit(prng) - 1)
    const at = async (step: number) => {
      const layers = Dense.upload(
        tf,
        spec,
        weights.map((weight, i) => weight + step * (direction[i] ?? 0)),
      )
      const inputs = tf.tensor2d(batch.inputs, [32, 64])
      const labels = tf.tensor2d(Batches.oneHot(batch.classes, 8), [32, 8])
      const { loss, layers: found } = gradients(tf, layers, inputs, labels, tf.scalar(1))
      const flat: number[] = []
      for (const { kernel, bias } of found) flat.push(...(await kernel.data()), ...(await bias.data()))
      return { loss: (await loss.data())[0] ?? 0, flat }
    }
    const slope = (await at(0)).flat.reduce((sum, gradient, i) => sum + gradient * (direction[i] ?? 0), 0)
    const measured = ((await at(1e-3)).loss - (await at(-1e-3)).loss) / 2e-3
    expect(Math.abs(measured / slope - 1)).toBeLessThan(2e-2)
  })

  it('learns, and gives the same weights when asked again', async () => {
    const tf = await Node.start(backend)
    const weights = Model.initialise(mlp, 1)
    const job = { model: mlp, training, weights, round: 2 }
    const one = await Engine.train(tf, job, Examples.stripedSource(1000, 1))
    const two = await Engine.train(tf, job, Examples.stripedSource(1000, 1))
    expect(one.loss).toBeLessThan(0.5)
    expect(one.samples).toBe(1000)
    expect(two.weights).toEqual(one.weights)
    expect(weights).toEqual(Model.initialise(mlp, 1))
    const later = await Engine.train(tf, { ...job, round: 3 }, Examples.stripedSource(1000, 1))
    expect(later.weights).not.toEqual(one.weights)
  })

  it('keeps memory flat over 1,000 steps and frees it all', async () => {
    const tf = await Node.start(backend)
    const batch = await firstBatch()
    const before = tf.memory()
    const steps = TrainStep.onTensors(tf, mlp, training, Model.initialise(mlp, 1))
    steps.step(batch)
    const during = tf.memory()
    for (let i = 0; i < 1000; i++) {
      steps.step({ ...batch, inputs: batch.inputs.slice() })
      if (i % 100 === 0) await steps.takeLoss()
    }
    expect(tf.memory().numTensors).toBe(during.numTensors)
    expect(tf.memory().numBytes).toBe(during.numBytes)
    steps.dispose()
    expect(tf.memory().numTensors).toBe(before.numTensors)
  })

  it('refuses weights of another size, and reports numbers that blow up', async () => {
    const tf = await Node.start(backend)
    const source = Examples.stripedSource(300, 1)
    const job = { model: mlp, training, weights: Model.initialise(mlp, 1), round: 0 }
    await expect(Engine.train(tf, { ...job, weights: new Float32Array(3) }, source)).rejects.toThrow(
      Model.WeightsError,
    )
    await expect(
      Engine.train(
        tf,
        {
          ...job,
          training: { ...training, learningRate: 100, epochs: 20 },
          model: softmax,
          weights: new Float32Array(520).fill(3e38),
        },
        source,
      ),
    ).rejects.toThrow(Engine.DivergedError)
    expect(tf.memory().numTensors).toBeGreaterThanOrEqual(0)
  })

  it('stops between steps when aborted, with nothing left behind', async () => {
    const tf = await Node.start(backend)
    const gate = Gate.create()
    const job = {
      model: mlp,
      training: { ...training, epochs: 100 },
      weights: Model.initialise(mlp, 1),
      round: 0,
    }
    const before = tf.memory().numTensors
    const stopped = Engine.train(tf, job, Examples.stripedSource(2000, 1), {
      lost: new Promise(() => undefined),
      pause: async () => {
        gate.abort()
        await gate.pass()
      },
    })
    await expect(stopped).rejects.toThrow(Gate.AbortedError)
    expect(tf.memory().numTensors).toBe(before)
  })
})

describe('backends', () => {
  it('agree to 1e-4 on weights and losses after one and after ten steps', async () => {
    const batch = await firstBatch()
    const run = async (backend: 'cpu' | 'wasm', count: number) => {
      const tf = await Node.start(backend)
      const steps = TrainStep.onTensors(tf, mlp, training, Model.initialise(mlp, 1))
      for (let i = 0; i < count; i++) steps.step({ ...batch, inputs: batch.inputs.slice() })
      const loss = await steps.takeLoss()
      const weights = await steps.weights()
      steps.dispose()
      return { loss, weights }
    }
    for (const count of [1, 10]) {
      const [cpu, wasm] = [await run('cpu', count), await run('wasm', count)]
      expect(Math.abs(wasm.loss - cpu.loss) / cpu.loss).toBeLessThan(1e-4)
      expect(Examples.relativeDistance(wasm.weights, cpu.weights)).toBeLessThan(1e-4)
    }
  })
})
