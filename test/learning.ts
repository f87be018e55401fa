// What the templates are to learn: models with data of their kind, a round of training each, and what that is worth.
import * as Backbone from '../protocol/backbone.ts'
import * as Model from '../protocol/model.ts'
import * as Schema from '../protocol/schema.ts'
import { evaluate } from '../workers/score/evaluate.ts'
import type { Source } from '../workers/tensors/batches.ts'
import * as Extractor from '../workers/tensors/extractor.ts'
import * as Features from '../workers/tensors/features.ts'
import type { Engine } from '../workers/train/engines.ts'
import * as Round from '../workers/train/round.ts'
import * as Examples from './examples.ts'
import * as Flowers from './flowers.ts'
import * as Motion from './motion.ts'

export type Lesson = {
  readonly model: Model.Spec
  /** Of heads. */
  readonly backbone?: Uint8Array | undefined
  readonly training: Model.Training
  readonly source: Source
  readonly test: Source
}

const training: Model.Training = { epochs: 10, batchSize: 32, learningRate: 0.1, momentum: 0.9, seed: 4 }
const convolution = { stride: 1, padding: 'same' } as const

/** Species of flowers by four measures. */
export function flowers(model: 'softmax' | 'mlp'): Lesson {
  const sizes = { inputs: 4, classes: 3 }
  return {
    model: model === 'softmax' ? { template: model, ...sizes } : { template: model, ...sizes, hidden: [16] },
    training: { ...training, learningRate: model === 'softmax' ? 1 : 0.1 },
    source: Flowers.source(600, 1),
    test: Flowers.source(1000, 2),
  }
}

/** Activities by motion. */
export function motion(): Lesson {
  return {
    model: {
      ...{ template: 'sequence', steps: 64, channels: 3, hidden: [], classes: 4 },
      convolutions: [
        { ...convolution, filters: 8, kernel: 7, pool: 2 },
        { ...convolution, filters: 16, kernel: 7, pool: 4 },
      ],
    },
    training: { ...training, epochs: 40, momentum: 0 },
    source: Motion.source(3000, 1),
    test: Motion.source(1000, 2),
  }
}

export type Digits = { readonly pictures: Uint8Array; readonly labels: Uint8Array }

const reader = {
  ...({ template: 'cnn', height: 28, width: 28, channels: 1, hidden: [32] } as const),
  convolutions: [
    { ...convolution, filters: 8, kernel: 5, pool: 2 },
    { ...convolution, filters: 16, kernel: 5, pool: 2 },
  ],
}

/** Digits out of these, which are known by their place in `labels`. */
export function digits(all: Digits, labels: readonly number[]): Lesson {
  const take = (from: number, to: number): Source => {
    const rows = Array.from({ length: to - from }, (_, i) => from + i).flatMap((row) => {
      const label = labels.indexOf(all.labels[row] ?? -1)
      return label === -1 ? [] : [{ label, features: [...all.pictures.subarray(row * 784, (row + 1) * 784)] }]
    })
    const classes = labels.map((label) => `${label}`)
    const schema: Schema.Schema = { ...Schema.digits, label: { kind: 'classes', name: 'digit', classes } }
    return Examples.sourceOf(schema, Examples.shardsOf(rows))
  }
  return {
    model: { ...reader, classes: labels.length },
    training: { ...training, epochs: 4, learningRate: 0.01 },
    source: take(0, 4000),
    test: take(4000, 10_000),
  }
}

/** The same, learned by a head on what another lesson taught. */
export function onto(lesson: Lesson, weights: Float32Array<ArrayBuffer>, taught: Lesson): Lesson {
  if (taught.model.template === 'head') throw new Error('a head is no backbone')
  const backbone = Backbone.encode({ model: taught.model, weights })
  const model: Model.Spec = {
    ...{ template: 'head', backbone: Backbone.digest(backbone), hidden: [] },
    inputs: Model.inputs(taught.model),
    features: Backbone.features(taught.model),
    multiplyAdds: Backbone.multiplyAdds(taught.model),
    classes: lesson.model.classes,
  }
  return { ...lesson, model, backbone }
}

/** A lesson for a softmax regression on the mean of each axis alone. */
export async function meansOf({ training, source, test }: Lesson): Promise<Lesson> {
  const model: Model.Spec = { template: 'softmax', inputs: 3, classes: 4 }
  return { model, training, source: await averaged(source), test: await averaged(test) }
}

async function averaged({ schema, shards, shard }: Source): Promise<Source> {
  const [feature] = schema.features
  if (feature === undefined || feature.dtype === 'category') throw new Error('nothing to average')
  const rows: { label: number; features: number[] }[] = []
  for (const index of shards.keys()) {
    const { samples, features, labels } = await shard(index)
    for (let row = 0; row < samples; row++) {
      const values = Array.from(features.subarray(row * 192, (row + 1) * 192))
      const mean = (axis: number) =>
        values.reduce((sum, value, i) => sum + (i % 3 === axis ? value : 0), 0) / 64
      rows.push({ label: labels[row] ?? 0, features: [mean(0), mean(1), mean(2)] })
    }
  }
  const kept: Schema.Schema = { ...schema, kind: 'table', features: [{ ...feature, shape: [3] }] }
  return Examples.sourceOf(kept, Examples.shardsOf(rows))
}

/** Trains one round as the train worker does, and counts as the score worker does; accuracy in percent. */
export async function learn(
  engine: Engine,
  kernels: WebAssembly.Module,
  { model, backbone, training, source, test }: Lesson,
): Promise<{ readonly weights: Float32Array<ArrayBuffer>; readonly accuracy: number }> {
  const features = Features.create((...parts) => Extractor.start(kernels, ...parts))
  const from = features.of({ model, source, backbone, rows: 'training' })
  const job = { model: from.model, training, weights: Model.initialise(model, training.seed), round: 1 }
  const { weights } = await Round.train(engine, job, from.source)
  const to = features.of({ model, source: test, backbone, rows: 'test' })
  const { correct, total } = await evaluate(kernels, to.model, [weights], to.source)
  return { weights, accuracy: (100 * (correct[0] ?? 0)) / total }
}
