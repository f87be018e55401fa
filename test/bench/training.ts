// How many samples a second are trained: our engines beside other libraries, the same step for all.
import type * as Model from '../../protocol/model.ts'
import * as Adapter from './adapter.ts'
import * as Matmul from './matmul.ts'
import * as Pool from './peers/pool.ts'
import * as Work from './peers/work.ts'
import * as Report from './report.ts'

type Case = { readonly name: string; readonly spec: Model.Spec; readonly samples: number }

const convolution = { stride: 1, padding: 'valid', pool: 2 } as const
const models: Readonly<Record<string, Model.Spec>> = {
  softmax: { template: 'softmax', inputs: 784, classes: 10 },
  MLP: { template: 'mlp', inputs: 784, hidden: [256, 128], classes: 10 },
  CNN: {
    ...{ template: 'cnn', height: 28, width: 28, channels: 1, hidden: [128], classes: 10 },
    convolutions: [
      { ...convolution, filters: 24, kernel: 5 },
      { ...convolution, filters: 32, kernel: 3 },
    ],
  },
}
const tiny: Readonly<Record<string, Model.Spec>> = {
  MLP: { template: 'mlp', inputs: 12, hidden: [6], classes: 3 },
  CNN: {
    ...{ template: 'cnn', height: 8, width: 8, channels: 1, hidden: [4], classes: 3 },
    convolutions: [{ ...convolution, filters: 2, kernel: 3 }],
  },
}
const scales = {
  full: { models, batches: [32, 256], turns: { rounds: 5, ms: 250, budget: 12 } },
  small: { models: tiny, batches: [4], turns: { rounds: 1, ms: 1, budget: 1 } },
} as const satisfies Record<Report.Scale, unknown>

/** Of the whole part: who is slowest at the largest model is left out then. */
const mostMinutes = 6
/** Largest relative difference of the third step's loss from ours. */
const tolerance = 1e-3

export async function measure(scale: Report.Scale, progress: (line: string) => void): Promise<Report.Report> {
  const { models, batches } = scales[scale]
  const turns = { ...scales[scale].turns, until: performance.now() + (mostMinutes - 0.5) * 60_000 }
  const pool = new Pool.Pool()
  try {
    progress('products of matrices, for the ceilings')
    const ceilings = await Matmul.ceilings(pool, scale, progress)
    const { hardware } = await Adapter.seen()
    const cases = Object.entries(models).flatMap(([model, spec]) =>
      batches.map((samples): Case => ({ name: `${model} [${samples}]`, spec, samples })),
    )
    const limits = (each: Case) => (scale === 'full' ? limitsOf(each, hardware) : {})
    const rows = new Map<Case, readonly Report.Row[]>()
    // What is limited comes first, and the largest last: time runs out for what is least missed.
    for (const each of cases.toSorted((a, b) => urgency(a) - urgency(b))) {
      progress(each.name)
      const task = { kind: 'training', spec: each.spec, samples: each.samples } as const
      const budget = isLimited(each) ? turns.budget : turns.budget / 2
      const found = await pool.measure(Work.contenders, task, { ...turns, budget }, progress)
      rows.set(each, rowsOf(each, found, turns, ceilings, limits(each)))
    }
    return { sizes: { rounds: turns.rounds }, rows: cases.flatMap((each) => rows.get(each) ?? []) }
  } finally {
    pool.close()
  }
}

/** How many times as fast ours have to be, at least. */
type Limits = { readonly ofPeers?: number; readonly ofTfjsWebgpu?: number; readonly ofJax?: number }

function isLimited({ name }: Case): boolean {
  return name === 'CNN [32]' || name === 'MLP [256]'
}

function urgency(each: Case): number {
  return isLimited(each) ? 0 : Work.operations(each.spec, each.samples)
}

function limitsOf(each: Case, hardware: boolean): Limits {
  if (!isLimited(each)) return {}
  const ofTfjsWebgpu = 3
  if (hardware) return { ofTfjsWebgpu, ofJax: 1 }
  return { ofTfjsWebgpu, ofPeers: each.spec.template === 'cnn' ? 15 : 1 }
}

function rowsOf(
  { name, samples }: Case,
  found: readonly Pool.Found[],
  turns: Pool.Turns,
  ceilings: Readonly<Record<Matmul.Device, Matmul.Ceiling>>,
  limits: Limits,
): readonly Report.Row[] {
  const ours = found.filter(({ contender }) => contender.library === 'ours')
  // Ours where they have any, else of whoever has.
  const reference = [...ours, ...found].find(({ losses }) => losses.length > 0)?.losses ?? []
  const same = (each: Pool.Found) => agrees(each.losses, reference)
  const peers = found.filter((each) => each.contender.library !== 'ours' && same(each))
  const noteOf = (each: Pool.Found) => {
    const at = Math.min(each.losses.length, reference.length) - 1
    const digits = (loss = NaN) => loss.toPrecision(6)
    return same(each) ? undefined : `another loss: ${digits(each.losses[at])}, not ${digits(reference[at])}`
  }
  const best = fastest(ours)
  const of = (label: string, one: Pool.Found | undefined, other: Pool.Found | undefined, floor?: number) => {
    const who = `${one?.contender.name ?? 'nobody'} ÷ ${other?.contender.name ?? 'nobody'}`
    return Report.noted(Report.atLeast(Report.row(name, label, 'x', ratios(one, other)), floor), who)
  }
  const named = (wanted: string) => found.find(({ contender }) => contender.name === wanted)
  return [
    ...Pool.rows(name, 'samples/s', found, (seconds) => samples / seconds, turns, noteOf),
    of('best of ours ÷ best of peers', best, fastest(peers), limits.ofPeers),
    of('ours ÷ tfjs on WebGPU', named('ours webgpu'), named('tfjs webgpu'), limits.ofTfjsWebgpu),
    of(
      'best of ours ÷ best of jax-js',
      best,
      fastest(peers.filter(({ contender }) => contender.library === 'jax-js')),
      limits.ofJax,
    ),
    ...ours.map((each) => {
      const { gflops, by } = ceilings[Matmul.deviceOf(each.contender)]
      const shares = each.seconds.map((seconds) => (100 * Matmul.gflops(seconds, each)) / gflops)
      const note = `of ${gflops.toPrecision(3)} GFLOP/s, a product by ${by}`
      return Report.noted(Report.row(name, `${each.contender.name}, of the ceiling`, '%', shares), note)
    }),
  ]
}

function agrees(losses: readonly number[], reference: readonly number[]): boolean {
  return losses
    .slice(0, reference.length)
    .every((loss, i) => Math.abs(loss / (reference[i] ?? NaN) - 1) < tolerance)
}

function fastest(found: readonly Pool.Found[]): Pool.Found | undefined {
  return found
    .filter(({ seconds }) => seconds.length > 0)
    .toSorted((a, b) => Report.median(a.seconds) - Report.median(b.seconds))[0]
}

/** How many times as fast one is, round by round. */
function ratios(one: Pool.Found | undefined, other: Pool.Found | undefined): readonly number[] {
  return (one?.seconds ?? []).flatMap((seconds, i) => {
    const theirs = other?.seconds[i]
    return theirs === undefined ? [] : [theirs / seconds]
  })
}
