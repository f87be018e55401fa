// The layers a model is made of: their shapes, and where their weights lie in one flat array.

/** Weights of a layer: kernel row-major [inputs, outputs], then bias [outputs]. */
type Weighted = {
  readonly inputs: number
  readonly outputs: number
  /** Index of the first kernel value. */
  readonly kernel: number
  /** Index of the first bias value. */
  readonly bias: number
  readonly activation: 'relu' | 'none'
}

export type Dense = Weighted & { readonly kind: 'dense' }

/**
 * Cross-correlation of [height, width, channels] to [outHeight, outWidth, outputs], channels innermost. `inputs` is the
 * size of a patch, kernelHeight × kernelWidth × channels in that order; positions outside the picture are zero.
 */
export type Convolution = Weighted & {
  readonly kind: 'convolution'
  readonly height: number
  readonly width: number
  readonly channels: number
  readonly kernelHeight: number
  readonly kernelWidth: number
  readonly stride: number
  readonly padTop: number
  readonly padLeft: number
  readonly outHeight: number
  readonly outWidth: number
}

/**
 * Maximum over windows [poolHeight, poolWidth] that touch and do not overlap; rows and columns that fill no window are
 * left out. The gradient goes to the first of equal maxima, row by row.
 */
export type Pool = {
  readonly kind: 'pool'
  readonly height: number
  readonly width: number
  readonly channels: number
  readonly poolHeight: number
  readonly poolWidth: number
  readonly outHeight: number
  readonly outWidth: number
}

/** Mean over all positions of each channel. */
export type Mean = { readonly kind: 'mean'; readonly positions: number; readonly channels: number }

export type Layer = Dense | Convolution | Pool | Mean

/** One convolution of a spec with what follows it: ReLU, then pooling. */
export type ConvolutionSpec = {
  readonly filters: number
  /** Edge of the kernel: a square on pictures, a stretch of steps on sequences. */
  readonly kernel: number
  readonly stride: number
  /** `same` surrounds the picture with zeros, so that stride 1 keeps its size; `valid` adds none. */
  readonly padding: 'same' | 'valid'
  /** Edge of the pooling window; 1 for none. */
  readonly pool: number
}

type Place = {
  readonly height: number
  readonly width: number
  readonly channels: number
  /** Index of the first weight. */
  readonly offset: number
}

/** A convolution, its ReLU and its pooling on a picture, or on a sequence where the height is 1. */
export function convolution(at: Place, spec: ConvolutionSpec): readonly Layer[] {
  const { height, width, channels, offset } = at
  const kernelHeight = height === 1 ? 1 : spec.kernel
  const rows = extent(height, kernelHeight, spec)
  const columns = extent(width, spec.kernel, spec)
  const inputs = kernelHeight * spec.kernel * channels
  const outputs = spec.filters
  const layer: Convolution = {
    kind: 'convolution',
    inputs,
    outputs,
    kernel: offset,
    bias: offset + inputs * outputs,
    activation: 'relu',
    height,
    width,
    channels,
    kernelHeight,
    kernelWidth: spec.kernel,
    stride: spec.stride,
    padTop: rows.before,
    padLeft: columns.before,
    outHeight: rows.out,
    outWidth: columns.out,
  }
  if (spec.pool === 1) return [layer]
  const poolHeight = height === 1 ? 1 : spec.pool
  const pool: Pool = {
    kind: 'pool',
    height: rows.out,
    width: columns.out,
    channels: outputs,
    poolHeight,
    poolWidth: spec.pool,
    outHeight: Math.floor(rows.out / poolHeight),
    outWidth: Math.floor(columns.out / spec.pool),
  }
  return [layer, pool]
}

export function dense(inputs: number, outputs: number, offset: number, activation: 'relu' | 'none'): Dense {
  return {
    kind: 'dense',
    inputs,
    outputs,
    kernel: offset,
    bias: offset + inputs * outputs,
    activation,
  }
}

/** Values per sample that come out of a layer. */
export function size(layer: Layer): number {
  if (layer.kind === 'dense') return layer.outputs
  if (layer.kind === 'mean') return layer.channels
  const positions = layer.outHeight * layer.outWidth
  return positions * (layer.kind === 'pool' ? layer.channels : layer.outputs)
}

/** Whether the layer has weights. */
export function isWeighted(layer: Layer): layer is Dense | Convolution {
  return layer.kind === 'dense' || layer.kind === 'convolution'
}

/** Multiplications and additions of one sample's way forward through a layer with weights. */
export function multiplyAdds(layer: Layer): number {
  if (!isWeighted(layer)) return 0
  const positions = layer.kind === 'convolution' ? layer.outHeight * layer.outWidth : 1
  return positions * layer.inputs * layer.outputs
}

/** Outputs along one edge, 0 where the kernel does not fit, and zeros before its first value, as TensorFlow counts them. */
function extent(
  length: number,
  kernel: number,
  { stride, padding }: Pick<ConvolutionSpec, 'stride' | 'padding'>,
): { readonly out: number; readonly before: number } {
  if (padding === 'valid') return { out: Math.max(0, Math.floor((length - kernel) / stride) + 1), before: 0 }
  const out = Math.ceil(length / stride)
  const zeros = Math.max(0, (out - 1) * stride + kernel - length)
  return { out, before: Math.floor(zeros / 2) }
}
