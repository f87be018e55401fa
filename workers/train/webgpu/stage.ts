// A layer with what follows it at once: which buffers it reads and fills, and how it is told its derivatives.
import * as Layer from '../../../protocol/layer.ts'
import * as Grid from './grid.ts'
import * as Kernel from './kernel.ts'

/** What a kernel is built for. */
export type Machine = {
  /** Threads that keep the device busy. */
  readonly threads: number
  /** Threads of a workgroup. */
  readonly workgroup: number
  /** Most rows of a product that a thread computes. */
  readonly tile: number
  /** Most samples of a batch. */
  readonly samples: number
}

export type Stage<kind extends Layer.Layer = Layer.Dense | Layer.Convolution | Layer.Mean> = {
  readonly layer: kind
  /** Follows a convolution. */
  readonly pool?: Layer.Pool
  readonly input: string
  readonly inputs: Grid.Grid
  readonly output: string
  readonly outputs: Grid.Grid
  /** Derivatives by what a layer with weights sums up, or by what a mean gives. */
  readonly delta: string
  readonly deltas: Grid.Grid
  /** For each value that pooling gives the number of its window's first largest, or `nobody` where that is not positive. */
  readonly winner: string
}

export const nobody = '0xffffffffu'

/** First to last. */
export function stages(layers: readonly Layer.Layer[]): readonly Stage[] {
  const heads = layers.flatMap((layer, at) => {
    if (layer.kind === 'pool') return []
    const next = layers[at + 1]
    return [next?.kind === 'pool' ? { layer, pool: next } : { layer }]
  })
  return heads.map((head, i) => ({
    ...head,
    input: `values${i}`,
    inputs: inputs(head.layer),
    output: `values${i + 1}`,
    outputs: outputs(head, heads[i + 1]?.layer),
    delta: `deltas${i}`,
    deltas: deltas(head.layer, i === 0),
    winner: `winners${i}`,
  }))
}

/** WGSL: `give(sample, row, column, channel, value)` takes a derivative by an output of the stage. */
export function give(stage: Stage): {
  readonly bindings: readonly Kernel.Binding[]
  readonly functions: string
} {
  const { layer, pool, output, outputs, delta, deltas, winner } = stage
  const place = { sample: 'sample', row: 'row', column: 'column', channel: 'channel' }
  const signature = 'fn give(sample: u32, row: u32, column: u32, channel: u32, value: f32)'
  const to = Kernel.write(delta, 'given')
  if (pool) {
    const { poolHeight, poolWidth } = pool
    const body = Array.from({ length: poolHeight * poolWidth }, (_, i) => {
      const [y, x] = [Math.floor(i / poolWidth), i % poolWidth]
      const at = { ...place, row: `row * ${poolHeight}u + ${y}u`, column: `column * ${poolWidth}u + ${x}u` }
      return `given[${Grid.address(deltas, at)}] = select(0f, value, winner == ${i}u);`
    })
    const from = Grid.address(pooled(pool), place)
    return {
      bindings: [Kernel.read(winner, 'winners', 'u32'), to],
      functions: `${signature} {\nlet winner = winners[${from}];\n${body.join('\n')}\n}`,
    }
  }
  const at = Grid.address(deltas, place)
  if (layer.kind === 'mean' || layer.activation === 'none')
    return { bindings: [to], functions: `${signature} { given[${at}] = value; }` }
  const kept = Grid.address(outputs, place)
  return {
    bindings: [Kernel.read(output, 'kept'), to],
    functions: `${signature} { given[${at}] = select(0f, value, kept[${kept}] > 0f); }`,
  }
}

/** Of a pooled picture, without frame: where its winners lie. */
export function pooled({ outHeight, outWidth, channels }: Layer.Pool): Grid.Grid {
  return Grid.plain(outHeight, outWidth, channels)
}

function inputs(layer: Stage['layer']): Grid.Grid {
  if (layer.kind === 'convolution') return Grid.inputOf(layer)
  return layer.kind === 'mean'
    ? Grid.plain(1, layer.positions, layer.channels)
    : Grid.plain(1, 1, layer.inputs)
}

/** In the frame that the next stage wants. */
function outputs(head: Pick<Stage, 'layer' | 'pool'>, next?: Stage['layer']): Grid.Grid {
  if (next?.kind === 'convolution') return Grid.inputOf(next)
  const { layer, pool } = head
  if (pool) return pooled(pool)
  if (layer.kind === 'convolution') return Grid.plain(layer.outHeight, layer.outWidth, layer.outputs)
  return Grid.plain(1, 1, Layer.size(layer))
}

function deltas(layer: Stage['layer'], isFirst: boolean): Grid.Grid {
  if (layer.kind !== 'convolution') return Grid.plain(1, 1, Layer.size(layer))
  // Nobody asks for derivatives by the samples.
  return isFirst ? Grid.plain(layer.outHeight, layer.outWidth, layer.outputs) : Grid.deltasOf(layer)
}
