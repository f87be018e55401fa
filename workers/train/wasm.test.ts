// What the browser's conformance suite does not see: both builds against float64 in Node, memory, and parts of batches.
import { afterEach, describe, expect, it, vi } from 'vitest'
import * as Model from '../../protocol/model.ts'
import * as AssemblyScript from '../../scripts/assemblyscript.ts'
import * as Conformance from '../../test/conformance.ts'
import * as Examples from '../../test/examples.ts'
import * as Node from '../../test/tensors.ts'
import type { Batch } from '../tensors/batches.ts'
import { UnavailableError } from './errors.ts'
import * as TrainStep from './trainStep.ts'
import * as Wasm from './wasm.ts'

const models = Object.entries(Conformance.models)

describe.each(['strict', 'relaxed'] as const)('%s kernels', (build) => {
  const engine = Node.engine(build)

  it.each(models)('have the gradients of finite differences in float64: %s', async (_, spec) => {
    const batch = Conformance.batch(spec, 5)
    const { gradient, loss } = await Conformance.gradient(engine, spec, batch)
    const places = Array.from(gradient.keys())
    expect(Examples.relativeDistance(gradient, measured(spec, batch, places))).toBeLessThan(1e-4)
    expect(loss / Conformance.loss(spec, Float64Array.from(Conformance.weights(spec)), batch)).toBeCloseTo(
      1,
      5,
    )
  })

  it.each([
    { spec: wide([390, 386]), samples: 3 },
    { spec: wide([2]), samples: 389 },
  ])(
    'have them where sums are longer than a stretch: $spec.hidden of $samples',
    async ({ spec, samples }) => {
      const batch = Conformance.batch(spec, samples)
      const { gradient } = await Conformance.gradient(engine, spec, batch)
      const places = Array.from({ length: 40 }, (_, i) => Math.floor((i * (gradient.length - 1)) / 39))
      const found = places.map((place) => gradient[place]!)
      expect(Examples.relativeDistance(found, measured(spec, batch, places))).toBeLessThan(1e-4)
    },
  )
})

function wide(hidden: readonly number[]) {
  return { template: 'mlp', inputs: 401, hidden, classes: 3 } as const
}

/** Finite differences of the mean loss in float64, by some of the weights. */
function measured(spec: Model.Spec, batch: Batch, places: readonly number[]): readonly number[] {
  const weights = Float64Array.from(Conformance.weights(spec))
  const step = 1e-6
  return places.map((place) => {
    const at = (by: number) => {
      const moved = weights.with(place, weights[place]! + by)
      return Conformance.loss(spec, moved, batch) / batch.samples
    }
    return (at(step) - at(-step)) / (2 * step)
  })
}

describe('the engine', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  it('takes no memory after it started, in 1,000 steps of batches of any size', async () => {
    const spec = Conformance.models['two convolutions with pooling']!
    const initial = TrainStep.resting(Conformance.weights(spec))
    const settings = { spec, learningRate: 0.01, momentum: 0.9, batchSize: 8, initial }
    const steps = await Node.engine().start(settings)
    const grow = vi.spyOn(WebAssembly.Memory.prototype, 'grow')
    for (let i = 0; i < 1000; i++) steps.step(Conformance.batch(spec, 1 + (i % 8), i))
    expect(await steps.takeLoss()).toBeGreaterThan(0)
    expect(grow).not.toHaveBeenCalled()
    expect((await steps.state()).weights.every(Number.isFinite)).toBe(true)
  })

  it('adds up the gradients of a batch that it takes in parts', async () => {
    const spec: Model.Spec = {
      template: 'cnn',
      ...{ height: 200, width: 200, channels: 2 },
      convolutions: [{ filters: 6, kernel: 3, stride: 1, padding: 'same', pool: 1 }],
      hidden: [],
      classes: 3,
    }
    const whole = Conformance.batch(spec, 21)
    const part = (from: number, to: number) => ({
      samples: to - from,
      inputs: whole.inputs.slice(from * 80_000, to * 80_000),
      classes: whole.classes.slice(from, to),
    })
    const [all, one, two, three] = await Promise.all(
      [whole, part(0, 7), part(7, 14), part(14, 21)].map((batch) =>
        Conformance.gradient(Node.engine(), spec, batch),
      ),
    )
    const mean = one!.gradient.map((each, i) => (each + two!.gradient[i]! + three!.gradient[i]!) / 3)
    expect(Examples.relativeDistance(all!.gradient, mean)).toBeLessThan(1e-5)
    expect(all!.loss).toBeCloseTo(one!.loss + two!.loss + three!.loss, 3)
  })

  it('stops after parts of a batch, the smaller the slower it is, with the same weights in the end', async () => {
    const spec = Conformance.models['two convolutions with pooling']!
    const batch = Conformance.batch(spec, 61)
    const after = async (slowness: number) => {
      let now = 0
      vi.spyOn(performance, 'now').mockImplementation(() => (now += slowness))
      const initial = TrainStep.resting(Conformance.weights(spec))
      const settings = { spec, learningRate: 0.1, momentum: 0.9, batchSize: 61, initial }
      const steps = await Node.engine().start(settings)
      let turns = 0
      for (let i = 0; i < 3; i++)
        await TrainStep.take(steps, batch, () => {
          turns++
          return undefined
        })
      return { turns, weights: (await steps.state()).weights }
    }
    // A millisecond for each part, and a second for each.
    const [fast, slow] = [await after(1), await after(1000)]
    expect(fast.turns).toBe(3)
    expect(slow.turns).toBe(1 + 61 + 61)
    expect(slow.weights).toEqual(fast.weights)
  })

  it('takes the first build that the machine accepts, and says so where there is none', async () => {
    const spec = Conformance.models['softmax regression']!
    const batch = Conformance.batch(spec, 2)
    const newer = Uint8Array.of(0, 97, 115, 109, 2, 0, 0, 0)
    const builds = Wasm.engine(() => [newer, AssemblyScript.compile('strict')])
    expect((await Conformance.gradient(builds, spec, batch)).loss).toBeGreaterThan(0)
    const none = Wasm.engine(() => [newer])
    await expect(Conformance.gradient(none, spec, batch)).rejects.toThrow(UnavailableError)
  })
})
