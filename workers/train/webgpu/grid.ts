// Where the values between two layers lie: a picture per sample, in a frame of zeros that is read and never written.
import type * as Layer from '../../../protocol/layer.ts'

export type Grid = {
  readonly height: number
  readonly width: number
  readonly channels: number
  /** Rows and columns of zeros before the picture. */
  readonly top: number
  readonly left: number
  /** With the frame. */
  readonly rows: number
  readonly columns: number
}

/** WGSL expressions. */
type Place = {
  readonly sample: string
  readonly row: string
  readonly column: string
  readonly channel: string
}

export function plain(height: number, width: number, channels: number): Grid {
  return { height, width, channels, top: 0, left: 0, rows: height, columns: width }
}

/** What a convolution reads: its zeros are there, so that no kernel looks where the picture ends. */
export function inputOf(layer: Layer.Convolution): Grid {
  const { height, width, channels, padTop, padLeft, stride } = layer
  const rows = Math.max(padTop + height, (layer.outHeight - 1) * stride + layer.kernelHeight)
  const columns = Math.max(padLeft + width, (layer.outWidth - 1) * stride + layer.kernelWidth)
  return { height, width, channels, top: padTop, left: padLeft, rows, columns }
}

/** Derivatives by what a convolution sums up, with the zeros that the derivatives by its inputs meet at the edges. */
export function deltasOf(layer: Layer.Convolution): Grid {
  const { outHeight, outWidth, outputs } = layer
  const { taps, places } = reach(layer)
  const [top, left] = [taps.rows - 1, taps.columns - 1]
  const rows = top + Math.max(outHeight, places.rows)
  const columns = left + Math.max(outWidth, places.columns)
  return { height: outHeight, width: outWidth, channels: outputs, top, left, rows, columns }
}

/**
 * Inputs that are `stride` apart meet the same taps of the kernel. `taps` is how many of them at most, `places` how many
 * such inputs lie along each edge, those in the padding counted.
 */
export function reach(layer: Layer.Convolution) {
  const { stride, padTop, padLeft } = layer
  return {
    taps: { rows: Math.ceil(layer.kernelHeight / stride), columns: Math.ceil(layer.kernelWidth / stride) },
    places: {
      rows: Math.floor((layer.height - 1 + padTop) / stride) + 1,
      columns: Math.floor((layer.width - 1 + padLeft) / stride) + 1,
    },
  }
}

/** Values of a sample, with the frame. */
export function size(grid: Grid): number {
  return grid.rows * grid.columns * grid.channels
}

/** The index of a value, in WGSL. */
export function address(grid: Grid, { sample, row, column, channel }: Place): string {
  const { rows, columns, channels, top, left } = grid
  return `(((${sample}) * ${rows}u + (${row}) + ${top}u) * ${columns}u + (${column}) + ${left}u) * ${channels}u + (${channel})`
}
