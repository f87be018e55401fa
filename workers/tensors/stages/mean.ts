// The mean over the positions of a sequence.
import type * as Layer from '../../../protocol/layer.ts'
import * as Stage from './stage.ts'

export function mean(layout: Stage.Layout, layer: Layer.Mean, input: Stage.Rows): Stage.Stage {
  const { kernels } = layout
  const { positions, channels } = layer
  const output = Stage.rows(layout, channels)

  return {
    output,
    prepare: () => undefined,
    forward: (samples) =>
      kernels.average(samples, input.at, input.stride, positions, channels, output.at, output.stride),
    learn: (inputGradient) => {
      const gradient = Stage.rows(layout, channels)
      return {
        gradient,
        prepare: () => undefined,
        backward: (samples) => {
          if (!inputGradient) return
          const { at, stride } = inputGradient
          kernels.averageBack(samples, gradient.at, gradient.stride, positions, channels, at, stride)
        },
        descend: () => undefined,
      }
    },
  }
}
