import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as Commitment from './commitment.ts'

const salt = new Uint8Array(32).fill(7)
const shard = (rows: readonly number[]) => ({
  samples: rows.length,
  features: Uint8Array.from(rows.flatMap((row) => [row, row + 1])),
  labels: Uint8Array.from(rows, (row) => row % 3),
})

describe('commitment', () => {
  it('does not depend on shards, and changes with order, rows, labels, count and salt', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(200), { minLength: 2, maxLength: 40 }), fc.nat(39), (rows, at) => {
        const whole = shard(rows)
        const root = Commitment.root(Commitment.leaves(salt, whole, 0))
        const cut = 1 + (at % (rows.length - 1))
        const parts = [
          ...Commitment.leaves(salt, shard(rows.slice(0, cut)), 0),
          ...Commitment.leaves(salt, shard(rows.slice(cut)), cut),
        ]
        expect(Commitment.root(parts)).toBe(root)
        const labels = whole.labels.map((label, i) => (i === cut ? label + 1 : label))
        const others = [
          Commitment.leaves(salt, shard(rows.toReversed()), 0),
          Commitment.leaves(salt, { ...whole, labels }, 0),
          Commitment.leaves(
            salt.map((byte) => byte ^ 1),
            whole,
            0,
          ),
          Commitment.leaves(salt, shard(rows.slice(1)), 0),
        ]
        for (const leaves of others) expect(Commitment.root(leaves)).not.toBe(root)
      }),
    )
  })
})
