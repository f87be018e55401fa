import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type * as DataSet from './dataSet.ts'
import * as Quality from './quality.ts'
import * as Schema from './schema.ts'

type Vector = {
  readonly name: string
  readonly schema: 'digits' | 'flowers'
  /** Repeated as often as `times` says; null is a missing value. */
  readonly rows: readonly (readonly (number | null)[])[]
  readonly labels: readonly number[]
  readonly times: number
  readonly quality: Quality.Quality
}

const vectors: readonly Vector[] = JSON.parse(
  readFileSync(new URL('../test/vectors/quality.json', import.meta.url), 'utf8'),
)

function shardOf(schema: Schema.Schema, rows: Vector['rows'], labels: readonly number[]): DataSet.Shard {
  const flat = rows.flatMap((row) => row.map((value) => value ?? Number.NaN))
  const features = Schema.storage(schema) === 'uint8' ? Uint8Array.from(flat) : Float32Array.from(flat)
  return { samples: rows.length, features, labels: Uint8Array.from(labels) }
}

function measure(schema: Schema.Schema, shards: readonly DataSet.Shard[]): Quality.Quality {
  const tally = Quality.start(schema)
  for (const shard of shards) Quality.add(tally, shard)
  return Quality.measure(tally)
}

describe('quality@1', () => {
  it.each(vectors)('scores $name', ({ schema, rows, labels, times, quality }) => {
    const used = schema === 'digits' ? Schema.digits : Schema.flowers
    expect(measure(used, new Array(times).fill(shardOf(used, rows, labels)))).toEqual(quality)
  })

  const samples = fc.array(
    fc.tuple(fc.array(fc.integer({ min: 0, max: 10 }), { minLength: 4, maxLength: 4 }), fc.nat(2)),
    { minLength: 1, maxLength: 60 },
  )

  it('does not depend on how samples are cut into shards', () => {
    fc.assert(
      fc.property(samples, fc.nat(59), (rows, cut) => {
        const shard = (part: typeof rows) =>
          shardOf(
            Schema.flowers,
            part.map(([row]) => row),
            part.map(([, label]) => label),
          )
        expect(
          measure(
            Schema.flowers,
            [shard(rows.slice(0, cut)), shard(rows.slice(cut))].filter((each) => each.samples > 0),
          ),
        ).toEqual(measure(Schema.flowers, [shard(rows)]))
      }),
    )
  })

  it('stays between 0 and 10,000 and does not grow when every row is doubled', () => {
    fc.assert(
      fc.property(samples, (rows) => {
        const shard = shardOf(
          Schema.flowers,
          rows.map(([row]) => row),
          rows.map(([, label]) => label),
        )
        const once = measure(Schema.flowers, [shard])
        const twice = measure(Schema.flowers, [shard, shard])
        for (const part of Object.values(once)) expect(part).toBeGreaterThanOrEqual(0)
        for (const part of Object.values(once)) expect(part).toBeLessThanOrEqual(10_000)
        expect(twice.score).toBeLessThanOrEqual(once.score)
      }),
    )
  })
})
