// What was measured of a device, as people read it.
import type { Benchmark } from '../../protocol/benchmark.ts'

const short = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 })
const nbsp = '\u00a0'

export type Speed = { readonly name: string; readonly value: string }

/** Training, matrix products and additions, in this order. */
export function speeds({ training, matmul, additions }: Benchmark): readonly [Speed, Speed, Speed] {
  return [
    {
      name: 'Training speed',
      value: scaled(training, [
        [1, 'samples/s'],
        [1e3, 'k samples/s'],
        [1e6, 'M samples/s'],
      ]),
    },
    {
      name: 'Matrix products',
      value: scaled(matmul, [
        [1, 'MFLOP/s'],
        [1e3, 'GFLOP/s'],
        [1e6, 'TFLOP/s'],
      ]),
    },
    {
      name: 'Adding updates',
      value: scaled(additions, [
        [1, 'k values/s'],
        [1e3, 'M values/s'],
      ]),
    },
  ]
}

/** In one line. */
export function words(benchmark: Benchmark): string {
  const [training, matmul, additions] = speeds(benchmark)
  return `trains ${training.value}, multiplies ${matmul.value}, adds ${additions.value}`
}

type Unit = readonly [size: number, name: string]

/** In the largest of ascending units of which it is one at least; otherwise in the first. */
function scaled(value: number, units: readonly [Unit, ...Unit[]]): string {
  const [size, name] = units.findLast(([each]) => value >= each) ?? units[0]
  return `${short.format(value / size)}${nbsp}${name}`
}
