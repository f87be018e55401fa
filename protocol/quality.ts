// `quality@1`: how useful samples look before anyone has trained on them. Pure and in integers where it matters.
import { sha256 } from '@noble/hashes/sha2.js'
import type * as DataSet from './dataSet.ts'
import * as Schema from './schema.ts'

/** Each part and the whole are basis points, 0 to 10,000. */
export type Quality = {
  readonly score: number
  readonly amount: number
  readonly balance: number
  readonly variance: number
  readonly unique: number
  readonly complete: number
}

/** What is remembered of the samples seen so far; grows with distinct rows and with features, not with bytes. */
export type Tally = {
  readonly schema: Schema.Schema
  samples: number
  missing: number
  readonly perClass: number[]
  readonly mean: Float64Array
  /** Sum of squared distances from the mean (Welford). */
  readonly spread: Float64Array
  readonly present: Float64Array
  readonly rows: Set<string>
}

export function start(schema: Schema.Schema): Tally {
  const width = Schema.width(schema)
  return {
    schema,
    samples: 0,
    missing: 0,
    perClass: new Array<number>(Schema.classes(schema)).fill(0),
    mean: new Float64Array(width),
    spread: new Float64Array(width),
    present: new Float64Array(width),
    rows: new Set(),
  }
}

/** Adds a shard to the tally, which it changes. */
export function add(tally: Tally, shard: DataSet.Shard): void {
  const { features, labels } = shard
  const width = tally.mean.length
  for (let row = 0; row < shard.samples; row++) {
    for (let column = 0; column < width; column++) {
      const value = features[row * width + column] ?? Number.NaN
      if (Number.isNaN(value)) {
        tally.missing++
        continue
      }
      const present = (tally.present[column] ?? 0) + 1
      const before = tally.mean[column] ?? 0
      const after = before + (value - before) / present
      tally.present[column] = present
      tally.mean[column] = after
      tally.spread[column] = (tally.spread[column] ?? 0) + (value - before) * (value - after)
    }
    const label = labels[row] ?? 0
    if (tally.perClass.length > 0) tally.perClass[label] = (tally.perClass[label] ?? 0) + 1
    tally.rows.add(fingerprint(features.subarray(row * width, (row + 1) * width), label))
  }
  tally.samples += shard.samples
}

/**
 * Amount counts distinct rows and saturates at 1,000 per class (10,000 for numeric labels) as a square root. Half of
 * it is given at once, the other half times the rest: balance is the entropy of the classes over its maximum;
 * variance the share of features that vary, where a tenth is enough (borders of pictures never vary); unique the
 * share of distinct rows; complete the share of values present. No samples score 0, and a single class has balance 0.
 */
export function measure(tally: Tally): Quality {
  const { samples, perClass, schema } = tally
  if (samples === 0) return { score: 0, amount: 0, balance: 0, variance: 0, unique: 0, complete: 0 }
  const enough = perClass.length === 0 ? 10_000 : 1_000 * perClass.length
  const amount = Math.sqrt(Math.min(1, tally.rows.size / enough))
  const balance = perClass.length === 0 ? 1 : entropy(perClass, samples) / Math.log(perClass.length)
  const varying = tally.spread.filter((spread, column) => {
    const present = tally.present[column] ?? 0
    return present > 1 && spread / present > 1e-12
  }).length
  const variance = Math.min(1, (varying / tally.spread.length) * 10)
  const unique = tally.rows.size / samples
  const complete = 1 - tally.missing / (samples * Schema.width(schema))
  return {
    score: basisPoints((amount * (1 + balance * variance * unique * complete)) / 2),
    amount: basisPoints(amount),
    balance: basisPoints(balance),
    variance: basisPoints(variance),
    unique: basisPoints(unique),
    complete: basisPoints(complete),
  }
}

function entropy(counts: readonly number[], total: number): number {
  return counts.reduce(
    (sum, count) => (count === 0 ? sum : sum - (count / total) * Math.log(count / total)),
    0,
  )
}

/** Rounded half up, after cutting float noise at the ninth decimal so that every engine gives the same integer. */
function basisPoints(share: number): number {
  const bounded = Math.max(0, Math.min(1, share))
  return Math.round(Number(bounded.toFixed(9)) * 10_000)
}

/** 80 bits of a digest: rows that differ are taken for equal once in 2^40 rows or so. */
function fingerprint(row: Uint8Array | Float32Array, label: number): string {
  const bytes = new Uint8Array(row.byteLength + 8)
  bytes.set(new Uint8Array(row.buffer, row.byteOffset, row.byteLength))
  new DataView(bytes.buffer).setFloat64(row.byteLength, label, true)
  return String.fromCharCode(...new Uint16Array(sha256(bytes).buffer.slice(0, 10)))
}
