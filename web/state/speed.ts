// What was measured of a device, as people read it.
import type { Benchmark } from '../../protocol/benchmark.ts'

const short = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 })
const nbsp = '\u00a0'

export type Speed = { readonly name: string; readonly value: string }

/** Training, matrix products and additions, in this order. */
export function speeds({ training, matmul, additions }: Benchmark): readonly [Speed, Speed, Speed] {
  return [
    { name: 'Training speed', value: scaled(training, ['samples/s', 'thousand samples/s', 'M samples/s']) },
    { name: 'Matrix products', value: scaled(matmul, ['MFLOP/s', 'GFLOP/s', 'TFLOP/s']) },
    {
      name: 'Adding updates',
      value: scaled(additions, ['thousand values/s', 'M values/s', 'billion values/s']),
    },
  ]
}

/** In one line. */
export function words(benchmark: Benchmark): string {
  const [training, matmul, additions] = speeds(benchmark)
  return `trains ${training.value}, multiplies ${matmul.value}, adds ${additions.value}`
}

/** Units that are a thousand times one another, from one that needs no decimals. */
function scaled(value: number, [small, ...larger]: readonly [string, ...string[]]): string {
  let [rest, unit] = [value, small]
  for (const next of larger) {
    if (rest < 10_000) break
    rest /= 1000
    unit = next
  }
  return `${short.format(rest)}${nbsp}${unit.replaceAll(' ', nbsp)}`
}
