// Made-up irises: normal around the means and deviations that Fisher's 150 have, each measure by itself.
import * as Prng from '../protocol/prng.ts'
import * as Schema from '../protocol/schema.ts'
import type { Source } from '../workers/tensors/batches.ts'
import * as Examples from './examples.ts'

/** Mean and deviation in cm, in the order of the schema's features, for each species in its order. */
const species = [
  [5.006, 0.352, 3.428, 0.379, 1.462, 0.174, 0.246, 0.105],
  [5.936, 0.516, 2.77, 0.314, 4.26, 0.47, 1.326, 0.198],
  [6.588, 0.636, 2.974, 0.322, 5.552, 0.552, 2.026, 0.275],
] as const

export function source(samples: number, seed: number): Source {
  const prng = Prng.from(seed)
  const rows = Array.from({ length: samples }, (_, i) => {
    const label = i % species.length
    const measures = species[label] ?? species[0]
    const features = [0, 2, 4, 6].map((at) =>
      Math.max(0, (measures[at] ?? 0) + (measures[at + 1] ?? 0) * Examples.normal(prng)),
    )
    return { label, features }
  })
  return Examples.sourceOf(Schema.flowers, Examples.shardsOf(rows))
}
