// A head sees of each sample what the backbone makes of it, which is computed once where memory allows.
import { beforeEach, describe, expect, it } from 'vitest'
import * as Backbone from '../../protocol/backbone.ts'
import * as Model from '../../protocol/model.ts'
import * as Prng from '../../protocol/prng.ts'
import * as Conformance from '../../test/conformance.ts'
import * as Examples from '../../test/examples.ts'
import * as Node from '../../test/tensors.ts'
import { evaluate } from '../score/evaluate.ts'
import * as Batches from './batches.ts'
import * as Extractor from './extractor.ts'
import * as Features from './features.ts'

const convolution = { filters: 4, kernel: 3, stride: 1, padding: 'same', pool: 2 } as const
const model = {
  ...({ template: 'cnn', height: 8, width: 8, channels: 1 } as const),
  convolutions: [convolution],
  hidden: [12],
  classes: 8,
} as const
const weights = Conformance.weights(model)
const encoded = Backbone.encode({ model, weights })
const head: Backbone.Head = {
  ...{ template: 'head', inputs: 64, features: 12, hidden: [], classes: 8 },
  backbone: Backbone.digest(encoded),
  multiplyAdds: Backbone.multiplyAdds(model),
}
const source = Examples.stripedSource(600, 3)
const request = { model: head, source, backbone: encoded, rows: 'a' }
const kernels = await Node.kernels()

let started = 0
const start: Parameters<typeof Features.create>[0] = (...backbone) => {
  started += 1
  return Extractor.start(kernels, ...backbone)
}
beforeEach(() => {
  started = 0
})

async function pass(from: Batches.Source, prng?: Prng.Prng): Promise<readonly number[]> {
  const found: number[] = []
  for await (const { inputs } of Batches.read(from, 100, prng)) found.push(...inputs)
  return found
}

describe('features', () => {
  it('are what the last layer of the backbone is given', async () => {
    const { model: alone, source: seen } = Features.create(start).of(request)
    const last = weights.slice(-(12 * 8 + 8))
    const whole = await evaluate(kernels, model, [weights], source)
    const { correct, total } = await evaluate(kernels, alone, [last], seen)
    expect({ correct, total }).toEqual({ correct: whole.correct, total: 600 })
    expect(whole.correct[0]).toBeGreaterThan(20)
    expect(await pass(seen)).toHaveLength(600 * 12)
  })

  it('are computed once per sample for the same rows, in whatever order they are read', async () => {
    const features = Features.create(start)
    const first = await pass(features.of(request).source)
    expect(started).toBe(3)
    const again = features.of(request).source
    expect(await pass(again)).toEqual(first)
    expect((await pass(again, Prng.from(1))).toSorted()).toEqual(first.toSorted())
    expect(started).toBe(3)
    await pass(features.of({ ...request, rows: 'b' }).source)
    expect(started).toBe(6)
  })

  it('that memory has no room for are computed again, and are the same', async () => {
    const roomy = await pass(Features.create(start).of(request).source)
    started = 0
    const tight = Features.create(start, 256 * 12 * 4).of(request).source
    expect(await pass(tight)).toEqual(roomy)
    expect(await pass(tight)).toEqual(roomy)
    expect(started).toBe(3 + 2)
  })

  it('stop between batches when asked to', async () => {
    const stopped = new Error('stopped')
    const pause = () => (started === 2 ? Promise.reject(stopped) : Promise.resolve())
    await expect(pass(Features.create(start).of({ ...request, pause }).source)).rejects.toBe(stopped)
    expect(started).toBe(2)
  })

  it('are made by the backbone that the head names, for rows that fit it', () => {
    const { of } = Features.create(start)
    expect(() => of({ ...request, backbone: undefined })).toThrow(Backbone.MissingError)
    expect(() => of({ ...request, model: { ...head, backbone: `0x${'00'.repeat(32)}` } })).toThrow(
      'not the one that the task names',
    )
    expect(() => of({ ...request, model: { ...head, classes: 3 } })).toThrow('3 classes')
  })

  it('are not made for other models', () => {
    const other: Model.Spec = { template: 'softmax', inputs: 64, classes: 8 }
    const given = Features.create(start).of({ ...request, model: other, backbone: undefined })
    expect(given).toEqual({ model: other, source })
  })
})
