// Dense layers: products of rows with weights that are packed into panels once a step.
import type * as Layer from '../../../protocol/layer.ts'
import * as Stage from './stage.ts'

export function dense(layout: Stage.Layout, layer: Layer.Dense, input: Stage.Rows): Stage.Stage {
  const { kernels, capacity, weights } = layout
  const { inputs, outputs } = layer
  const [kernel, bias] = [weights + layer.kernel * 4, weights + layer.bias * 4]
  const width = Stage.upTo(8, outputs)
  const floor = Stage.floorOf(layer)
  const panels = kernels.take(inputs * width * 4)
  const offsets = Stage.offsets(layout, input.stride)
  const output = Stage.rows(layout, outputs)

  return {
    output,
    prepare: () => kernels.pack(kernel, outputs * 4, inputs, outputs, panels),
    forward: (samples) =>
      kernels.multiply(
        ...[offsets, samples, input.at, 1, inputs, 0],
        ...[panels, outputs, bias, output.at, output.stride, floor],
      ),
    learn: (inputGradient) => {
      const gradient = Stage.rows(layout, outputs)
      const gradientOffsets = Stage.offsets(layout, gradient.stride)
      const kernelSums = kernels.take((inputs + 4) * width * 4)
      const biasSums = kernels.take(width * 4)
      // 64 + 32 × 384 bytes and as many rows of the right as a stretch has.
      const scratch = kernels.take(64 + 32 * 384 + Math.min(capacity, 384) * width * 4)
      const turned = inputGradient ? kernels.take(outputs * Stage.upTo(8, inputs) * 4) : 0
      const zeros = inputGradient ? kernels.take(Stage.upTo(8, inputs) * 4) : 0
      return {
        gradient,
        prepare: () => {
          if (inputGradient) kernels.packTransposed(kernel, outputs, inputs, turned)
        },
        backward: (samples) => {
          if (layer.activation === 'relu') kernels.hold(output.at, gradient.at, samples * width, floor)
          kernels.addRows(samples, width, gradient.at, gradient.stride, biasSums)
          kernels.multiplyTransposed(
            ...[samples, input.at, input.stride, inputs],
            ...[gradient.at, gradient.stride, outputs, kernelSums, width * 4, scratch],
          )
          if (!inputGradient) return
          kernels.multiply(
            ...[gradientOffsets, samples, gradient.at, 1, outputs, 0],
            ...[turned, inputs, zeros, inputGradient.at, inputGradient.stride, Number.NEGATIVE_INFINITY],
          )
        },
        descend: ({ velocity, rate, momentum }) => {
          const at = velocity + layer.kernel * 4
          kernels.descend(inputs, outputs, kernelSums, width * 4, kernel, at, rate, momentum)
          kernels.descend(1, outputs, biasSums, 0, bias, velocity + layer.bias * 4, rate, momentum)
        },
      }
    },
  }
}
