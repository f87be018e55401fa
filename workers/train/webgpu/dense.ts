// A dense layer: forward with bias and ReLU, and the derivatives by its weights and by its inputs.
import type * as Layer from '../../../protocol/layer.ts'
import * as Grid from './grid.ts'
import * as Kernel from './kernel.ts'
import * as Product from './product.ts'
import * as Stage from './stage.ts'
import * as Weights from './weights.ts'

type Dense = Stage.Stage<Layer.Dense>

export function forward({ layer, input, output, outputs }: Dense, machine: Stage.Machine): Kernel.Kernel {
  const place = { sample: 'row', row: '0u', column: '0u', channel: 'column' }
  return Product.product({
    label: 'dense forward',
    bindings: [Kernel.read(input, 'left'), Kernel.read('weights', 'right'), Kernel.write(output, 'values')],
    functions: `
fn rowAt(row: u32, part: u32) -> u32 { return row * ${layer.inputs}u; }
fn columnAt(column: u32) -> u32 { return ${layer.kernel}u + column; }
fn store(row: u32, column: u32, part: u32, sum: f32) {
  let value = sum + right[${layer.bias}u + column];
  values[${Grid.address(outputs, place)}] = ${activated(layer)};
}`,
    tile: Product.tile(machine.samples, layer.outputs, machine.threads, machine.tile),
    workgroup: machine.workgroup,
    rows: { text: 'settings.samples', most: (samples) => samples },
    columns: layer.outputs,
    parts: 1,
    start: { left: '0u', right: '0u' },
    inner: layer.inputs,
    steps: { left: 1, right: layer.outputs },
  })
}

/** Sums over samples. */
export function weightDerivatives(
  stage: Dense,
  machine: Stage.Machine,
  at: number,
  parts: number,
): Kernel.Kernel {
  const { inputs, outputs } = stage.layer
  const { from, to } = Weights.share('settings.samples', parts)
  return Weights.derivatives(stage, machine, at, parts, {
    label: 'dense weight derivatives',
    row: 'row',
    start: { left: `${from} * ${inputs}u`, right: `${from} * ${outputs}u` },
    inner: { text: `(max(${to}, ${from}) - ${from})` },
    steps: { left: inputs, right: outputs },
  })
}

/** Into the stage before. */
export function inputDerivatives({ layer, delta }: Dense, before: Stage.Stage, machine: Stage.Machine) {
  const { bindings, functions } = Stage.give(before)
  const { width, channels } = before.outputs
  return Product.product({
    label: 'dense input derivatives',
    bindings: [Kernel.read(delta, 'left'), Kernel.read('weights', 'right'), ...bindings],
    functions: `
fn rowAt(row: u32, part: u32) -> u32 { return row * ${layer.outputs}u; }
fn columnAt(column: u32) -> u32 { return ${layer.kernel}u + column * ${layer.outputs}u; }
${functions}
fn store(row: u32, column: u32, part: u32, sum: f32) {
  give(row, column / ${width * channels}u, column / ${channels}u % ${width}u, column % ${channels}u, sum);
}`,
    tile: Product.tile(machine.samples, layer.inputs, machine.threads, machine.tile),
    workgroup: machine.workgroup,
    rows: { text: 'settings.samples', most: (samples) => samples },
    columns: layer.inputs,
    parts: 1,
    start: { left: '0u', right: '0u' },
    inner: layer.outputs,
    steps: { left: 1, right: 1 },
  })
}

/** WGSL: the output for `value`, a sum with its bias. Not numbers stay so, for training to notice them. */
export function activated({ activation }: { readonly activation: 'relu' | 'none' }): string {
  return activation === 'relu' ? 'select(value, 0f, value <= 0f)' : 'value'
}
