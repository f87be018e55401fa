// Measures this device for its owner, by the work that anyone can repeat, before it is offered to anybody.
import type { Benchmark } from '../../protocol/benchmark.ts'
import type { Parts } from './parts.ts'

/** Chooses an engine anew, then takes about a second. */
export async function measure({ frame, rules, watch }: Parts): Promise<Benchmark> {
  await rules.probe()
  const trained = await frame.train.benchmark()
  const benchmark = { ...trained, additions: await frame.crypto.benchmark() }
  watch.benchmarked(benchmark)
  return benchmark
}
