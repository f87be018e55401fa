// In a browser a round ends with the accuracy of the reference, on what that trains in acceptable time.
import { beforeAll, expect, test } from 'vitest'
import * as Examples from '../../test/examples.ts'
import * as Learning from '../../test/learning.ts'
import { engines, strictKernels } from './backends.ts'

let kernels: WebAssembly.Module
beforeAll(async () => {
  kernels = await strictKernels()
})

const stripes: Learning.Lesson = {
  model: {
    ...{ template: 'cnn', height: 8, width: 8, channels: 1, hidden: [12], classes: 8 },
    convolutions: [{ filters: 6, kernel: 3, stride: 1, padding: 'same', pool: 1 }],
  },
  training: { epochs: 6, batchSize: 32, learningRate: 0.1, momentum: 0.5, seed: 2 },
  source: Examples.stripedSource(512, 1),
  test: Examples.stripedSource(1000, 2),
}

async function learned(lesson: Learning.Lesson): Promise<Float32Array<ArrayBuffer>> {
  const { weights, accuracy } = await Learning.learn(engines.wasm, kernels, lesson)
  expect(accuracy).toBeGreaterThan(90)
  const reference = await Learning.learn(engines.cpu, kernels, lesson)
  expect(Math.abs(accuracy - reference.accuracy)).toBeLessThanOrEqual(0.3)
  return weights
}

test.each(['softmax', 'mlp'] as const)('%s', async (template) => {
  await learned(Learning.flowers(template))
})

test('a convolutional network, and a head on it', async () => {
  const weights = await learned(stripes)
  await learned(Learning.onto(stripes, weights, stripes))
})
