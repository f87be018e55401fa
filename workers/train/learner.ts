// A model laid out for training in the kernels of one thread: adds up the gradients of samples, and moves the weights.
import * as Layer from '../../protocol/layer.ts'
import * as Model from '../../protocol/model.ts'
import type { Kernels } from '../tensors/kernels.ts'
import * as Plan from '../tensors/plan.ts'
import type * as Stage from '../tensors/stages/stage.ts'

/** A batch, or a thread's share of one; its memory may be shared. */
export type Samples = {
  readonly samples: number
  readonly inputs: Float32Array
  readonly classes: Uint8Array
}

export type Learner = {
  /** These views stay. */
  readonly weights: Float32Array<ArrayBuffer>
  readonly velocity: Float32Array<ArrayBuffer>
  /** Adds up the gradients of the cross-entropy in parts of some 20 ms, whichever they are; gives it summed over the samples. */
  gather(on: Samples): Generator<undefined, number>
  /** As `descend`, with gradients from elsewhere, but leaves the weights where they are. */
  take(gradients: Float32Array, rate: number, momentum: number): void
  /** velocity = momentum × velocity + rate × gradient, weight −= velocity; the next gradients begin at 0. */
  descend(rate: number, momentum: number): void
}

/** Of a part, in ms. */
const partTime = 20
/** Multiply-adds forward in the first part, before anything was measured: takes a slow phone as long. */
const firstPart = 3e7

/** For at most so many samples at once. `threads` learners of a model share the room that one has. */
export function create(kernels: Kernels, spec: Model.Spec, samples: number, threads = 1): Learner {
  const plan = Plan.create(kernels, spec, samples, threads)
  const width = plan.input.stride / 4
  const count = Model.parameterCount(spec)
  const velocityAt = kernels.take(count * 4)
  const takenAt = kernels.take(threads > 1 ? count * 4 : 0)
  const learning: Stage.Learning[] = []
  let inputGradient: Stage.Rows | undefined
  for (const stage of plan.stages) {
    const learned = stage.learn(inputGradient)
    learning.push(learned)
    inputGradient = learned.gradient
  }
  if (!inputGradient) throw new RangeError('a model without layers')
  const { at: gradients, stride } = inputGradient
  const back = learning.toReversed()
  // Everything is taken: these views stay.
  const inputs = kernels.floats(plan.input.at, plan.capacity * width)
  const classes = kernels.bytes(plan.classes, plan.capacity)
  const weights = kernels.floats(plan.weights, count)
  const velocity = kernels.floats(velocityAt, count)
  const taken = threads > 1 ? kernels.floats(takenAt, count) : undefined
  const forward = Model.weighted(spec).reduce((sum, layer) => sum + Layer.multiplyAdds(layer), 0)
  let part = within(plan.capacity, firstPart / forward)

  return {
    weights,
    velocity,
    *gather(on) {
      let loss = 0
      plan.prepare()
      for (const each of learning) each.prepare()
      for (let first = 0; first < on.samples;) {
        const started = performance.now()
        const some = Math.min(part, on.samples - first)
        inputs.set(on.inputs.subarray(first * width, (first + some) * width))
        classes.set(on.classes.subarray(first, first + some))
        plan.forward(some)
        loss += kernels.loss(some, spec.classes, plan.output.at, plan.classes, gradients, stride)
        for (const each of back) each.backward(some)
        first += some
        const measured = (some * partTime) / (performance.now() - started)
        part = within(plan.capacity, Math.min(measured, 2 * part))
        if (first < on.samples) yield
      }
      return loss
    },
    take(from, rate, momentum) {
      taken?.set(from)
      // What would be weights is where the gradients are: they end as 0 either way.
      kernels.descend(1, count, takenAt, 0, takenAt, velocityAt, rate, momentum)
    },
    descend(rate, momentum) {
      for (const each of learning) each.descend({ velocity: velocityAt, rate, momentum })
    },
  }
}

function within(most: number, wanted: number): number {
  return Math.max(1, Math.min(most, Math.floor(wanted)))
}
