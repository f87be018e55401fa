// Convolutions with the pooling that follows them: of what is pooled, only the maxima and where they came from are kept.
import type * as Layer from '../../../protocol/layer.ts'
import type { Kernels } from '../kernels.ts'
import * as Stage from './stage.ts'

/** Fewest gradients of a filter that are worth loading it for. */
const worthwhile = 96

export function convolution(
  layout: Stage.Layout,
  layer: Layer.Convolution,
  pool: Layer.Pool | undefined,
  input: Stage.Rows,
): Stage.Stage {
  const { kernels, capacity, weights } = layout
  const { outHeight, outWidth, kernelHeight, channels } = layer
  const filters = layer.outputs
  const [kernel, bias] = [weights + layer.kernel * 4, weights + layer.bias * 4]
  const frame = framed(layout, layer, input)
  const run = layer.kernelWidth * channels
  const jump = frame.row - run * 4
  const floor = Stage.floorOf(layer)
  const window = pool ?? { poolHeight: 1, poolWidth: 1, outHeight, outWidth }
  const positions = window.outHeight * window.outWidth
  const offsets = patches(kernels, layer, frame.row)
  const panels = kernels.take(layer.inputs * Stage.upTo(8, filters) * 4)
  const scratch = kernels.take((outHeight * outWidth + 4) * Stage.upTo(8, filters) * 4)
  const output = Stage.rows(layout, positions * filters)
  const sources = Stage.rows(layout, positions * filters)

  return {
    output,
    prepare: () => kernels.pack(kernel, filters * 4, layer.inputs, filters, panels),
    forward: (samples) => {
      frame.fill(samples)
      kernels.convolve(
        ...[samples, frame.rows.at, frame.rows.stride, offsets, outHeight, outWidth],
        ...[kernelHeight, run, jump, panels, filters, bias, floor, scratch],
        ...[window.poolHeight, window.poolWidth, window.outHeight, window.outWidth],
        ...[output.at, output.stride, sources.at],
      )
    },
    learn: (inputGradient) => {
      const gradient = Stage.rows(layout, positions * filters)
      const back = inputGradient && framed(layout, layer, inputGradient)
      const distance = back ? back.rows.at - frame.rows.at : 0
      const places = stretches(kernelHeight, run, frame.row)
      const table = kernels.table(places)
      const filterStride = places.length * 32
      const turned = kernels.take(filters * filterStride)
      const turnedSums = kernels.take(filters * filterStride)
      const kernelSums = kernels.take(layer.inputs * filters * 4)
      const biasSums = kernels.take(filters * 4)
      const block = Math.min(capacity, Math.ceil(worthwhile / positions))
      const list = kernels.take(block * positions * 8)
      return {
        gradient,
        prepare: () => {
          if (back) kernels.turnFilters(kernel, kernelHeight, run, filters, turned, filterStride, 0)
        },
        backward: (samples) => {
          kernels.convolveBack(
            ...[samples, block, frame.rows.at, frame.rows.stride, frame.row, distance],
            ...[kernelHeight, Stage.upTo(8, run) * 4, output.at, gradient.at, sources.at, output.stride],
            ...[positions, filters, turned, turnedSums, filterStride, table, biasSums, floor, list],
          )
          back?.empty(samples)
        },
        descend: ({ velocity, rate, momentum }) => {
          kernels.turnFilters(kernelSums, kernelHeight, run, filters, turnedSums, filterStride, 1)
          const at = velocity + layer.kernel * 4
          kernels.descend(layer.inputs, filters, kernelSums, filters * 4, kernel, at, rate, momentum)
          kernels.descend(1, filters, biasSums, 0, bias, velocity + layer.bias * 4, rate, momentum)
        },
      }
    },
  }
}

/** Pictures with as many zeros around them as the kernel sees: in a place of their own, or where they lie if it sees none. */
function framed(layout: Stage.Layout, layer: Layer.Convolution, pictures: Stage.Rows) {
  const { kernels } = layout
  const { height, width, channels, kernelHeight, kernelWidth, stride, padTop, padLeft } = layer
  const frameHeight = Math.max(height + padTop, (layer.outHeight - 1) * stride + kernelHeight)
  const frameWidth = Math.max(width + padLeft, (layer.outWidth - 1) * stride + kernelWidth)
  const row = frameWidth * channels * 4
  if (frameHeight === height && frameWidth === width)
    return { rows: pictures, row, fill: () => undefined, empty: () => undefined }
  const rows = Stage.rows(layout, frameHeight * frameWidth * channels)
  const inner = rows.at + padTop * row + padLeft * channels * 4
  const bytes = width * channels * 4
  const [outside, inside] = [
    [pictures.at, bytes, pictures.stride],
    [inner, row, rows.stride],
  ] as const
  return {
    rows,
    row,
    /** Brings the pictures into the frame. */
    fill: (samples: number) => kernels.copyPictures(samples, height, bytes, ...outside, ...inside),
    /** Brings what is in the frame back. */
    empty: (samples: number) => kernels.copyPictures(samples, height, bytes, ...inside, ...outside),
  }
}

/** Offsets of all patches in a picture, to a whole number of tiles; the last is repeated. */
function patches(kernels: Kernels, layer: Layer.Convolution, row: number): number {
  const { outHeight, outWidth, stride, channels } = layer
  const positions = outHeight * outWidth
  return kernels.table(
    Array.from({ length: Stage.upTo(5, positions) }, (_, index) => {
      const position = Math.min(index, positions - 1)
      const [y, x] = [Math.floor(position / outWidth), position % outWidth]
      return y * stride * row + x * stride * channels * 4
    }),
  )
}

/** The place in a patch of each 8 values of a filter, its rows filled up to 8; a multiple of 5, the last is repeated. */
function stretches(kernelHeight: number, run: number, row: number): readonly number[] {
  const perRow = Math.ceil(run / 8)
  const count = kernelHeight * perRow
  return Array.from({ length: Stage.upTo(5, count) }, (_, index) => {
    const stretch = Math.min(index, count - 1)
    return Math.floor(stretch / perRow) * row + (stretch % perRow) * 32
  })
}
