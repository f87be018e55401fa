// The derivatives by a layer's weights: one product, whose sums are shared out in parts to occupy more threads.
import type * as Layer from '../../../protocol/layer.ts'
import * as Kernel from './kernel.ts'
import * as Product from './product.ts'
import type * as Stage from './stage.ts'

type Weighted = Layer.Dense | Layer.Convolution

/** What is summed for each weight. */
export type Sums = Pick<Product.Product, 'label' | 'start' | 'outer' | 'inner' | 'steps'> & {
  /** WGSL: where the inputs of weights in `row` lie from the start of a sum. */
  readonly row: string
}

/** In `parts` parts that lie from `at` on, each as long as the layer's weights. */
export function derivatives(
  { layer, input, delta }: Stage.Stage<Weighted>,
  machine: Stage.Machine,
  at: number,
  parts: number,
  { row, ...sums }: Sums,
): Kernel.Kernel {
  return Product.product({
    ...sums,
    bindings: [
      Kernel.read(input, 'left'),
      Kernel.read(delta, 'right'),
      Kernel.write('gradients', 'gradients'),
    ],
    functions: `
fn rowAt(row: u32, part: u32) -> u32 { return ${row}; }
fn columnAt(column: u32) -> u32 { return column; }
fn store(row: u32, column: u32, part: u32, sum: f32) {
  gradients[${at}u + (part * ${layer.inputs + 1}u + row) * ${layer.outputs}u + column] = sum;
}`,
    tile: tile(layer, machine),
    workgroup: machine.workgroup,
    rows: { text: `${layer.inputs}u`, most: () => layer.inputs },
    columns: layer.outputs,
    parts,
    ones: true,
  })
}

/** Of the product that `derivatives` is. */
export function tile({ inputs, outputs }: Weighted, { tile }: Stage.Machine): Product.Tile {
  return Product.tile(inputs, outputs, 1, tile)
}

/** WGSL: a part's share of a sum. */
export function share(length: string, parts: number) {
  const chunk = `((${length} + ${parts - 1}u) / ${parts}u)`
  return { from: `(part * ${chunk})`, to: `min((part + 1u) * ${chunk}, ${length})` }
}
