// A dense layer: forward with bias and ReLU, and the derivatives by its weights and by its inputs.
import type * as Layer from '../../../protocol/layer.ts'
import * as Grid from './grid.ts'
import * as Kernel from './kernel.ts'
import * as Product from './product.ts'
import * as Stage from './stage.ts'

type Dense = Stage.Stage<Layer.Dense>

export function forward({ layer, input, output, outputs }: Dense, machine: Stage.Machine): Kernel.Kernel {
  const place = { sample: 'row', row: '0u', column: '0u', channel: 'column' }
  return Product.product({
    label: 'dense forward',
    bindings: [Kernel.read(input, 'left'), Kernel.read('weights', 'right'), Kernel.write(output, 'values')],
    functions: `
fn rowAt(row: u32, part: u32) -> u32 { return row * ${layer.inputs}u; }
fn columnAt(column: u32) -> u32 { return ${layer.kernel}u + column; }
fn outerLeft(outer: u32, part: u32) -> u32 { return 0u; }
fn outerRight(outer: u32, part: u32) -> u32 { return 0u; }
fn store(row: u32, column: u32, part: u32, sum: f32) {
  let value = sum + right[${layer.bias}u + column];
  values[${Grid.address(outputs, place)}] = ${activated(layer)};
}`,
    tile: Product.tile(machine.samples, layer.outputs, machine.threads),
    workgroup: machine.workgroup,
    rows: { text: 'settings.samples', most: (samples) => samples },
    columns: layer.outputs,
    parts: 1,
    from: '0u',
    to: '1u',
    inner: layer.inputs,
    steps: { left: 1, right: layer.outputs },
  })
}

/** Sums over samples, in `parts` parts that lie from `at` on, each as long as the layer's weights. */
export function weightDerivatives(
  { layer, input, delta }: Dense,
  machine: Stage.Machine,
  at: number,
  parts: number,
): Kernel.Kernel {
  return Product.product({
    label: 'dense weight derivatives',
    bindings: [
      Kernel.read(input, 'left'),
      Kernel.read(delta, 'right'),
      Kernel.write('gradients', 'gradients'),
    ],
    functions: `
fn rowAt(row: u32, part: u32) -> u32 { return min(row, ${layer.inputs - 1}u); }
fn columnAt(column: u32) -> u32 { return column; }
fn outerLeft(outer: u32, part: u32) -> u32 { return outer * ${layer.inputs}u; }
fn outerRight(outer: u32, part: u32) -> u32 { return outer * ${layer.outputs}u; }
${keep(layer, at)}`,
    tile: weightTile(layer),
    workgroup: machine.workgroup,
    rows: { text: `${layer.inputs + 1}u`, most: () => layer.inputs + 1 },
    columns: layer.outputs,
    parts,
    ...share('settings.samples', parts),
    inner: 1,
    steps: { left: 0, right: 0 },
    ones: layer.inputs,
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
fn outerLeft(outer: u32, part: u32) -> u32 { return 0u; }
fn outerRight(outer: u32, part: u32) -> u32 { return 0u; }
${functions}
fn store(row: u32, column: u32, part: u32, sum: f32) {
  give(row, column / ${width * channels}u, column / ${channels}u % ${width}u, column % ${channels}u, sum);
}`,
    tile: Product.tile(machine.samples, layer.inputs, machine.threads),
    workgroup: machine.workgroup,
    rows: { text: 'settings.samples', most: (samples) => samples },
    columns: layer.inputs,
    parts: 1,
    from: '0u',
    to: '1u',
    inner: layer.outputs,
    steps: { left: 1, right: 1 },
  })
}

/** WGSL: the output for `value`, a sum with its bias. Not numbers stay so, for training to notice them. */
export function activated({ activation }: { readonly activation: 'relu' | 'none' }): string {
  return activation === 'relu' ? 'select(value, 0f, value <= 0f)' : 'value'
}

/** The tile of a product that has the shape of a layer's weights, which are summed in parts to occupy more threads. */
export function weightTile({ inputs, outputs }: { readonly inputs: number; readonly outputs: number }) {
  return Product.tile(inputs + 1, outputs, 1)
}

/** WGSL: puts a derivative by a weight where the step looks for it. */
export function keep(
  { inputs, outputs }: { readonly inputs: number; readonly outputs: number },
  at: number,
): string {
  return `fn store(row: u32, column: u32, part: u32, sum: f32) {
  gradients[${at}u + (part * ${inputs + 1}u + row) * ${outputs}u + column] = sum;
}`
}

/** WGSL: a part's share of a sum. */
export function share(length: string, parts: number) {
  const chunk = `((${length} + ${parts - 1}u) / ${parts}u)`
  return { from: `part * ${chunk}`, to: `min((part + 1u) * ${chunk}, ${length})` }
}
