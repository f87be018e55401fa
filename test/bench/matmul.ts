// How fast a product of two large matrices is: the most that training could reach on the same device.
import * as Pool from './peers/pool.ts'
import * as Work from './peers/work.ts'
import type * as Report from './report.ts'

export type Device = 'processor' | 'adapter'
/** The fastest product that anybody computed on a device. */
export type Ceiling = { readonly gflops: number; readonly by: string }

const sizes = {
  full: { size: 1024, turns: { rounds: 5, ms: 300, budget: 20, until: Infinity } },
  small: { size: 32, turns: { rounds: 1, ms: 1, budget: 1, until: Infinity } },
} as const satisfies Record<Report.Scale, unknown>

export async function measure(scale: Report.Scale, progress: (line: string) => void): Promise<Report.Report> {
  const { size, turns } = sizes[scale]
  const pool = new Pool.Pool()
  try {
    const found = await pool.measure(Work.contenders, { kind: 'matmul', size }, turns, progress)
    const group = `product of two matrices of ${size} × ${size}`
    const note = ({ contender }: Pool.Found) =>
      contender.library === 'ours' ? 'in a dense layer’s training step, which is two of them' : undefined
    const rows = Pool.rows(group, 'GFLOP/s', found, gflops, turns, note)
    return { sizes: { size, rounds: turns.rounds }, rows }
  } finally {
    pool.close()
  }
}

/** Who is known to be slow does not set the ceiling, and is not waited for. */
export async function ceilings(
  pool: Pool.Pool,
  scale: Report.Scale,
  progress: (line: string) => void,
): Promise<Readonly<Record<Device, Ceiling>>> {
  const { size, turns } = sizes[scale]
  const fast = Work.contenders.filter(
    ({ name, backend }) => backend === 'wasm' || (backend === 'webgpu' && name !== 'tfjs webgpu'),
  )
  const found = await pool.measure(fast, { kind: 'matmul', size }, { ...turns, budget: 4 }, progress)
  const best = (device: Device): Ceiling => {
    const all = found
      .filter(({ contender, cannot }) => deviceOf(contender) === device && cannot === undefined)
      .map((each) => ({ gflops: gflops(Math.min(...each.seconds), each), by: each.contender.name }))
    return all.toSorted((a, b) => b.gflops - a.gflops)[0] ?? { gflops: NaN, by: 'nobody' }
  }
  return { processor: best('processor'), adapter: best('adapter') }
}

export function deviceOf({ backend }: Work.Contender): Device {
  return backend === 'webgl' || backend === 'webgpu' ? 'adapter' : 'processor'
}

export function gflops(seconds: number, { operations }: Pool.Found): number {
  return operations / seconds / 1e9
}
