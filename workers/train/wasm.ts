// Training on the processor by kernels of our own, compiled from AssemblyScript; on one thread.
import * as Kernels from '../tensors/kernels.ts'
import * as Plan from '../tensors/plan.ts'
import type * as Stage from '../tensors/stages/stage.ts'
import type { Engine } from './engines.ts'
import { UnavailableError } from './errors.ts'
import type { Settings, TrainStep } from './trainStep.ts'

/** Of the first of these modules that this machine accepts. */
export function engine(builds: () => readonly Uint8Array<ArrayBuffer>[]): Engine {
  let compiling: Promise<WebAssembly.Module> | undefined
  const module = () => (compiling ??= Kernels.compile(builds()))
  return {
    device: () => Promise.resolve({ description: 'processor', software: false }),
    start: async (settings) => {
      try {
        return train(await Kernels.start(await module()), settings)
      } catch (cause) {
        throw new UnavailableError('wasm', cause)
      }
    },
    lost: () => new Promise(() => undefined),
    forget: () => {
      compiling = undefined
    },
  }
}

function train(kernels: Kernels.Kernels, settings: Settings): TrainStep {
  const { spec, learningRate, momentum, batchSize, initial } = settings
  const plan = Plan.create(kernels, spec, batchSize)
  const width = plan.input.stride / 4
  const velocity = kernels.take(initial.velocity.length * 4)
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
  const weights = kernels.floats(plan.weights, initial.weights.length)
  const velocities = kernels.floats(velocity, initial.velocity.length)
  weights.set(initial.weights)
  velocities.set(initial.velocity)
  let loss = 0

  return {
    step(batch) {
      plan.prepare()
      for (const each of learning) each.prepare()
      for (let first = 0; first < batch.samples; first += plan.capacity) {
        const samples = Math.min(plan.capacity, batch.samples - first)
        inputs.set(batch.inputs.subarray(first * width, (first + samples) * width))
        classes.set(batch.classes.subarray(first, first + samples))
        plan.forward(samples)
        loss += kernels.loss(samples, spec.classes, plan.output.at, plan.classes, gradients, stride)
        for (const each of back) each.backward(samples)
      }
      for (const each of learning) each.descend({ velocity, rate: learningRate / batch.samples, momentum })
    },
    takeLoss() {
      const taken = loss
      loss = 0
      return Promise.resolve(taken)
    },
    state: () => Promise.resolve({ weights: weights.slice(), velocity: velocities.slice() }),
    dispose: () => undefined,
  }
}
