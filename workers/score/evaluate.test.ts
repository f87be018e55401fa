import { describe, expect, it } from 'vitest'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import * as Model from '../../protocol/model.ts'
import * as Schema from '../../protocol/schema.ts'
import * as Conformance from '../../test/conformance.ts'
import * as Examples from '../../test/examples.ts'
import * as Node from '../../test/tensors.ts'
import * as Kernels from '../tensors/kernels.ts'
import * as Plan from '../tensors/plan.ts'
import * as Round from '../train/round.ts'
import { evaluate } from './evaluate.ts'

const model: Model.Spec = { template: 'mlp', inputs: 64, hidden: [16], classes: 8 }
const convolution: Model.Spec = {
  template: 'cnn',
  ...{ height: 8, width: 8, channels: 1 },
  convolutions: [{ filters: 5, kernel: 3, stride: 1, padding: 'same', pool: 2 }],
  hidden: [9],
  classes: 8,
}

describe('evaluate', () => {
  it.each([model, convolution])('counts what a $template gets right, the same each time', async (spec) => {
    const kernels = await Node.kernels()
    const training = { epochs: 4, batchSize: 32, learningRate: 0.1, momentum: 0.9, seed: 1 }
    const weights = Model.initialise(spec, 1)
    const trained = await Round.train(
      Node.engine(),
      { model: spec, training, weights, round: 0 },
      Examples.stripedSource(2000, 1),
    )
    const test = Examples.stripedSource(700, 2)
    const found = await evaluate(kernels, spec, [trained.weights], test)
    expect(found.total).toBe(700)
    expect(found.correct[0]).toBeGreaterThan(600)
    const [untrained = 0, ...again] = (await evaluate(kernels, spec, [weights, trained.weights], test))
      .correct
    expect(again).toEqual(found.correct)
    expect((await evaluate(kernels, spec, [weights], test)).correct).toEqual([untrained])
    expect(untrained).toBeLessThan(found.correct[0] ?? 0)
  })

  it('takes the first of equal logits', async () => {
    const test = Examples.stripedSource(500, 2)
    const zeros = new Float32Array(Model.parameterCount(model))
    let first = 0
    for (let index = 0; index < test.shards.length; index++) {
      first += (await test.shard(index)).labels.filter((label: number) => label === 0).length
    }
    expect((await evaluate(await Node.kernels(), model, [zeros], test)).correct).toEqual([first])
  })

  it('refuses a test set of another schema', async () => {
    const test = { ...Examples.stripedSource(10, 2), schema: Schema.digits }
    await expect(evaluate(await Node.kernels(), model, [Model.initialise(model, 1)], test)).rejects.toThrow(
      Schema.MismatchError,
    )
  })
})

describe('the strict kernels', () => {
  const logits = async (spec: Model.Spec, samples: number) => {
    const kernels = await Kernels.start(await Node.kernels())
    const plan = Plan.create(kernels, spec, samples)
    const { inputs } = Conformance.batch(spec, samples)
    const weights = Conformance.weights(spec)
    kernels.floats(plan.weights, weights.length).set(weights)
    kernels.floats(plan.input.at, inputs.length).set(inputs)
    plan.prepare()
    plan.forward(samples)
    return Array.from({ length: samples }, (_, i) => {
      const row = kernels.floats(plan.output.at + i * plan.output.stride, spec.classes)
      return bytesToHex(sha256(new Uint8Array(row.slice().buffer)))
    })
  }

  // Whoever finds others on another machine has found that scores there do not count.
  it('give these bits of logits on every machine', async () => {
    const found: string[] = []
    for (const spec of Object.values(Conformance.models)) found.push(...(await logits(spec, 5)))
    expect(bytesToHex(sha256(new TextEncoder().encode(found.join())))).toMatchInlineSnapshot(
      `"cc11eff4d8268a8f4f20ed524d051b120b6ad560b05025991f9ea7aacbc04100"`,
    )
  })

  it('give a sample the same logits whatever its batch', async () => {
    for (const spec of Object.values(Conformance.models)) {
      const [first] = await logits(spec, 1)
      expect((await logits(spec, 8))[0]).toBe(first)
    }
  })
})
