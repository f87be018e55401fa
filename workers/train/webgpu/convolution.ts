// A convolution as products whose operands are looked up in pictures: forward with bias, ReLU and pooling, and derivatives.
import type * as Layer from '../../../protocol/layer.ts'
import * as Dense from './dense.ts'
import * as Grid from './grid.ts'
import * as Kernel from './kernel.ts'
import * as Product from './product.ts'
import * as Stage from './stage.ts'
import * as Weights from './weights.ts'

type Convolution = Stage.Stage<Layer.Convolution>

/** Rows of the product are places, those of a window next to each other; rows of the kernel are the outer sum. */
export function forward(stage: Convolution, machine: Stage.Machine): Kernel.Kernel {
  const { layer, pool, input, inputs, output, outputs, winner } = stage
  const [high, wide] = pool ? [pool.poolHeight, pool.poolWidth] : [1, 1]
  const window = high * wide
  const { rows, columns } = extent(stage)
  const [down, across] = [rows / high, columns / wide]
  const from = Grid.address(
    { ...inputs, top: 0, left: 0 },
    {
      sample: `row / ${rows * columns}u`,
      row: `((place / ${across}u % ${down}u) * ${high}u + within / ${wide}u) * ${layer.stride}u`,
      column: `((place % ${across}u) * ${wide}u + within % ${wide}u) * ${layer.stride}u`,
      channel: '0u',
    },
  )
  const at = { sample: 'sample', row: `place / ${across}u`, column: `place % ${across}u`, channel: 'column' }
  const stored = `
  let sample = row / ${down * across}u;
  let place = row % ${down * across}u;
  let value = sum + right[${layer.bias}u + column];
  let out = ${Dense.activated(layer)};
  values[${Grid.address(outputs, at)}] = out;`
  const winners = pool
    ? `winners[${Grid.address(Stage.pooled(pool), at)}] = select(winner, ${Stage.nobody}, out <= 0f);`
    : ''
  return Product.product({
    label: 'convolution forward',
    bindings: [
      Kernel.read(input, 'left'),
      Kernel.read('weights', 'right'),
      Kernel.write(output, 'values'),
      ...(pool ? [Kernel.write(winner, 'winners', 'u32')] : []),
    ],
    functions: `
fn rowAt(row: u32, part: u32) -> u32 {
  let place = row / ${window}u;
  let within = row % ${window}u;
  return ${from};
}
fn columnAt(column: u32) -> u32 { return ${layer.kernel}u + column; }
fn store(row: u32, column: u32, ${pool ? 'sum: f32, winner: u32' : 'part: u32, sum: f32'}) {${stored}
  ${winners}
}`,
    tile: Product.tile(
      machine.samples * rows * columns,
      layer.outputs,
      machine.threads,
      machine.tile,
      window,
    ),
    workgroup: machine.workgroup,
    rows: {
      text: `(settings.samples * ${rows * columns}u)`,
      most: (samples) => samples * rows * columns,
    },
    columns: layer.outputs,
    parts: 1,
    start: {
      left: `outer * ${inputs.columns * inputs.channels}u`,
      right: `outer * ${layer.kernelWidth * layer.channels * layer.outputs}u`,
    },
    outer: { from: '0u', to: `${layer.kernelHeight}u` },
    inner: layer.kernelWidth * layer.channels,
    steps: { left: 1, right: layer.outputs },
    ...(pool ? { window } : {}),
  })
}

/** Sums over samples and places. */
export function weightDerivatives(
  stage: Convolution,
  machine: Stage.Machine,
  at: number,
  parts: number,
): Kernel.Kernel {
  const { layer, inputs, deltas } = stage
  const { rows, columns } = extent(stage)
  const row = { sample: `outer / ${rows}u`, column: '0u', channel: '0u' }
  const left = Grid.address(
    { ...inputs, top: 0, left: 0 },
    { ...row, row: `outer % ${rows}u * ${layer.stride}u` },
  )
  const run = layer.kernelWidth * layer.channels
  return Weights.derivatives(stage, machine, at, parts, {
    label: 'convolution weight derivatives',
    row: `row / ${run}u * ${inputs.columns * inputs.channels}u + row % ${run}u`,
    start: { left, right: Grid.address(deltas, { ...row, row: `outer % ${rows}u` }) },
    outer: Weights.share(`(settings.samples * ${rows}u)`, parts),
    inner: columns,
    steps: { left: layer.stride * layer.channels, right: layer.outputs },
  })
}

/** Into the stage before. Inputs that meet the same taps are one part of the product; taps are the outer sum. */
export function inputDerivatives(
  { layer, delta, deltas }: Convolution,
  before: Stage.Stage,
  machine: Stage.Machine,
) {
  const { bindings, functions } = Stage.give(before)
  const { stride, channels, kernelHeight, kernelWidth, outputs } = layer
  const { taps, places } = Grid.reach(layer)
  const across = places.columns
  const each = places.rows * places.columns
  const from = Grid.address(deltas, {
    sample: `row / ${each}u`,
    row: `row / ${across}u % ${places.rows}u`,
    column: `row % ${across}u`,
    channel: '0u',
  })
  const tapRow = `(part / ${stride}u + outer / ${taps.columns}u * ${stride}u)`
  const tapColumn = `(part % ${stride}u + outer % ${taps.columns}u * ${stride}u)`
  return Product.product({
    label: 'convolution input derivatives',
    bindings: [Kernel.read(delta, 'left'), Kernel.read('weights', 'right'), ...bindings],
    functions: `
fn rowAt(row: u32, part: u32) -> u32 { return ${from}; }
fn columnAt(column: u32) -> u32 { return ${layer.kernel}u + column * ${outputs}u; }
${functions}
fn store(row: u32, column: u32, part: u32, sum: f32) {
  let y = row / ${across}u % ${places.rows}u * ${stride}u + part / ${stride}u - ${layer.padTop}u;
  let x = row % ${across}u * ${stride}u + part % ${stride}u - ${layer.padLeft}u;
  if (y < ${layer.height}u && x < ${layer.width}u) { give(row / ${each}u, y, x, column, sum); }
}`,
    tile: Product.tile(machine.samples * each, channels, machine.threads / stride ** 2, machine.tile),
    workgroup: machine.workgroup,
    rows: { text: `(settings.samples * ${each}u)`, most: (samples) => samples * each },
    columns: channels,
    parts: stride ** 2,
    start: {
      left: `0u - (outer / ${taps.columns}u * ${deltas.columns}u + outer % ${taps.columns}u) * ${outputs}u`,
      right: `(${tapRow} * ${kernelWidth}u + ${tapColumn}) * ${channels * outputs}u`,
    },
    outer: {
      from: '0u',
      to: `${taps.rows * taps.columns}u`,
      ...(stride === 1 ? {} : { valid: `${tapRow} < ${kernelHeight}u && ${tapColumn} < ${kernelWidth}u` }),
    },
    inner: outputs,
    steps: { left: 1, right: 1 },
  })
}

/** Rows and columns of what is computed: without those that pooling leaves out. */
export function extent({ layer, pool }: Convolution) {
  return pool
    ? { rows: pool.outHeight * pool.poolHeight, columns: pool.outWidth * pool.poolWidth }
    : { rows: layer.outHeight, columns: layer.outWidth }
}
