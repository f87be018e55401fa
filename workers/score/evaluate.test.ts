import { describe, expect, it } from 'vitest'
import * as Model from '../../protocol/model.ts'
import * as Schema from '../../protocol/schema.ts'
import * as Examples from '../../test/examples.ts'
import * as Node from '../../test/tensors.ts'
import * as Round from '../train/round.ts'
import { evaluate } from './evaluate.ts'

const model: Model.Spec = { template: 'mlp', inputs: 64, hidden: [16], classes: 8 }

describe('evaluate', () => {
  it('counts what a model gets right, the same each time, and frees everything', async () => {
    const tf = await Node.start('wasm')
    const training = { epochs: 4, batchSize: 32, learningRate: 0.1, momentum: 0.9, seed: 1 }
    const weights = Model.initialise(model, 1)
    const trained = await Round.train(
      await Node.engine('wasm'),
      { model, training, weights, round: 0 },
      Examples.stripedSource(2000, 1),
    )
    const before = tf.memory().numTensors
    const test = Examples.stripedSource(700, 2)
    const found = await evaluate(tf, model, [trained.weights], test)
    expect(found.total).toBe(700)
    expect(found.correct[0]).toBeGreaterThan(600)
    const [untrained = 0, ...again] = (await evaluate(tf, model, [weights, trained.weights], test)).correct
    expect(again).toEqual(found.correct)
    expect((await evaluate(tf, model, [weights], test)).correct).toEqual([untrained])
    expect(untrained).toBeLessThan(found.correct[0] ?? 0)
    expect(tf.memory().numTensors).toBe(before)
  })

  it('takes the first of equal logits', async () => {
    const tf = await Node.start('wasm')
    const test = Examples.stripedSource(500, 2)
    const zeros = new Float32Array(Model.parameterCount(model))
    let first = 0
    for (let index = 0; index < test.shards.length; index++) {
      first += (await test.shard(index)).labels.filter((label: number) => label === 0).length
    }
    expect((await evaluate(tf, model, [zeros], test)).correct).toEqual([first])
  })

  it('refuses a test set of another schema', async () => {
    const tf = await Node.start('wasm')
    const test = { ...Examples.stripedSource(10, 2), schema: Schema.digits }
    await expect(evaluate(tf, model, [Model.initialise(model, 1)], test)).rejects.toThrow(
      Schema.MismatchError,
    )
  })
})
