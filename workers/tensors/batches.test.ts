import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as Prng from '../../protocol/prng.ts'
import type * as Schema from '../../protocol/schema.ts'
import * as Examples from '../../test/examples.ts'
import * as Batches from './batches.ts'

async function collect(
  source: Batches.Source,
  batchSize: number,
  prng?: Prng.Prng,
): Promise<Batches.Batch[]> {
  const batches: Batches.Batch[] = []
  for await (const batch of Batches.read(source, batchSize, prng)) batches.push(batch)
  return batches
}

/** Rows as text, with their class, so that they can be compared as a multiset. */
function rows(batches: readonly Batches.Batch[]): string[] {
  return batches.flatMap(({ samples, inputs, classes }) =>
    Array.from(
      { length: samples },
      (_, i) => `${inputs.slice(i * 64, i * 64 + 64).join()} ${classes[i] ?? -1}`,
    ),
  )
}

describe('read', () => {
  it('gives every sample once, in an order that the generator decides', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 700 }),
        fc.integer({ min: 1, max: 300 }),
        fc.nat(),
        async (count, size, seed) => {
          const source = Examples.stripedSource(count, 1)
          const stored = rows(await collect(source, size))
          const shuffled = rows(await collect(source, size, Prng.from(seed)))
          expect(shuffled.toSorted()).toEqual(stored.toSorted())
          expect(rows(await collect(source, size, Prng.from(seed)))).toEqual(shuffled)
        },
      ),
      { numRuns: 20 },
    )
  })

  it('scales numbers by their range, spreads categories, and fills what is missing', async () => {
    const schema: Schema.Schema = {
      v: 1,
      kind: 'table',
      title: 'Mixed',
      features: [
        { name: 'size', dtype: 'float32', shape: [], range: { minimum: -1, maximum: 3 } },
        { name: 'colour', dtype: 'category', categories: ['red', 'green', 'blue'] },
      ],
      label: { kind: 'classes', name: 'kind', classes: ['a', 'b'] },
    }
    const features = Float32Array.of(3, 1, Number.NaN, Number.NaN)
    const source = Examples.sourceOf(schema, [{ samples: 2, features, labels: Uint8Array.of(1, 0) }])
    const [batch] = await collect(source, 10)
    expect([...(batch?.inputs ?? [])]).toEqual([1, 0, 1, 0, 0.5, 0, 0, 0])
    expect([...(batch?.classes ?? [])]).toEqual([1, 0])
    expect([...Batches.oneHot(Uint8Array.of(1, 0), 2)]).toEqual([0, 1, 1, 0])
  })

  it('passes a failure to load on, whichever window it is in', async () => {
    const source = Examples.stripedSource(64 * 256 + 300, 1)
    const broken: Batches.Source = {
      ...source,
      shard: (index) => (index === 65 ? Promise.reject(new Error('gone')) : source.shard(index)),
    }
    await expect(collect(broken, 256)).rejects.toThrow('gone')
  })
})
