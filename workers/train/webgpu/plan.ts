// What a step does: the kernels in their order, and how large the buffers between them must be. Knows no device.
import * as Model from '../../../protocol/model.ts'
import * as Convolution from './convolution.ts'
import * as Dense from './dense.ts'
import * as Grid from './grid.ts'
import type * as Kernel from './kernel.ts'
import * as Mean from './mean.ts'
import * as Momentum from './momentum.ts'
import * as Softmax from './softmax.ts'
import * as Stage from './stage.ts'
import * as Weights from './weights.ts'

export type Plan = {
  readonly kernels: readonly Kernel.Kernel[]
  /** In bytes, by name. Zero at first. */
  readonly buffers: ReadonlyMap<string, number>
  /** How `values0` wants the samples. */
  readonly input: Grid.Grid
}

export function plan(spec: Model.Spec, of: Stage.Machine): Plan {
  const { samples } = of
  // Kernels are built for the next power of two, so that batches of about one size share them.
  const machine = { ...of, samples: 2 ** Math.ceil(Math.log2(samples)) }
  const stages = Stage.stages(Model.layers(spec))
  const [first, last] = [stages[0], stages.at(-1)]
  if (!first || !last) throw new RangeError('a model without layers')
  const parts = gradients(stages, machine)
  const backward = stages.flatMap((stage, i) => back(stage, stages[i - 1], parts[i], machine)).toReversed()
  const count = Model.parameterCount(spec)
  const buffers = new Map([
    ['weights', count],
    ['velocity', count],
    ['gradients', parts.reduce((sum, each) => sum + (each ? each.length * each.parts : 0), 0)],
    ['classes', samples],
    ['losses', Softmax.parts(samples)],
    ['loss', 1],
    [first.input, samples * Grid.size(first.inputs)],
  ])
  for (const stage of stages) {
    buffers.set(stage.output, samples * Grid.size(stage.outputs))
    buffers.set(stage.delta, samples * Grid.size(stage.deltas))
    if (stage.pool) buffers.set(stage.winner, samples * Grid.size(Stage.pooled(stage.pool)))
  }
  return {
    kernels: [
      ...stages.map((stage) => forward(stage, machine)),
      Softmax.softmax(last, spec.classes),
      ...backward,
      Momentum.momentum(parts.flatMap((each) => each ?? [])),
    ],
    buffers: new Map([...buffers].map(([name, values]) => [name, values * 4])),
    input: first.inputs,
  }
}

/** A stage whose layer is of one kind. */
function of<kind extends Stage.Stage['layer']>(stage: Stage.Stage, layer: kind): Stage.Stage<kind> {
  return { ...stage, layer }
}

function forward(stage: Stage.Stage, machine: Stage.Machine): Kernel.Kernel {
  const { layer } = stage
  switch (layer.kind) {
    case 'dense':
      return Dense.forward(of(stage, layer), machine)
    case 'convolution':
      return Convolution.forward(of(stage, layer), machine)
    case 'mean':
      return Mean.forward(of(stage, layer), machine)
  }
}

/** Last first: the derivatives that the stage before waits for come before those by weights. */
function back(
  stage: Stage.Stage,
  before: Stage.Stage | undefined,
  parts: Momentum.Parts | undefined,
  machine: Stage.Machine,
): readonly Kernel.Kernel[] {
  const { layer } = stage
  if (layer.kind === 'mean') return before ? [Mean.inputDerivatives(of(stage, layer), before, machine)] : []
  if (!parts) return []
  if (layer.kind === 'dense') {
    const typed = of(stage, layer)
    const by = Dense.weightDerivatives(typed, machine, parts.at, parts.parts)
    return before ? [by, Dense.inputDerivatives(typed, before, machine)] : [by]
  }
  const typed = of(stage, layer)
  const by = Convolution.weightDerivatives(typed, machine, parts.at, parts.parts)
  return before ? [by, Convolution.inputDerivatives(typed, before, machine)] : [by]
}

/** Sums for few weights are split, so that they occupy as many threads as sums for many. */
function gradients(
  stages: readonly Stage.Stage[],
  machine: Stage.Machine,
): readonly (Momentum.Parts | undefined)[] {
  let at = 0
  return stages.map(({ layer, ...stage }) => {
    if (layer.kind === 'mean') return undefined
    const tile = Weights.tile(layer, machine)
    const tiles = Math.ceil(layer.inputs / tile.rows) * Math.ceil(layer.outputs / tile.columns)
    const rows = layer.kind === 'dense' ? 1 : Convolution.extent({ ...stage, layer }).rows
    const sums = Math.ceil((machine.samples * rows) / (layer.kind === 'dense' ? 16 : 1))
    const parts = Math.min(Math.ceil(machine.threads / tiles), sums)
    const length = (layer.inputs + 1) * layer.outputs
    const found = { first: layer.kernel, length, at, parts }
    at += length * parts
    return found
  })
}
