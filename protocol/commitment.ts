// The salted Merkle root with which a test set is committed to before anyone trains: binding, and hiding every row.
import { sha256 } from '@noble/hashes/sha2.js'
import type { Hex } from './codec.ts'
import { bytesToHex, concatBytes } from '@noble/hashes/utils.js'
import type * as DataSet from './dataSet.ts'

const leafTag = Uint8Array.of(0)
const nodeTag = Uint8Array.of(1)
const rootTag = Uint8Array.of(2)

/**
 * Leaf of one sample: SHA-256(0 ‖ SHA-256(salt ‖ index) ‖ label ‖ row), index as 4 bytes and the label as a float64,
 * little-endian, the row as it is stored. The inner digest is what opening this one leaf would reveal of the salt.
 */
export function leaf(
  salt: Uint8Array,
  index: number,
  label: number,
  row: Uint8Array | Float32Array,
): Uint8Array {
  const numbers = new DataView(new ArrayBuffer(12))
  numbers.setUint32(0, index, true)
  numbers.setFloat64(4, label, true)
  const own = sha256(concatBytes(salt, new Uint8Array(numbers.buffer, 0, 4)))
  const bytes = new Uint8Array(row.buffer, row.byteOffset, row.byteLength)
  return sha256(concatBytes(leafTag, own, new Uint8Array(numbers.buffer, 4, 8), bytes))
}

/** Leaves of a shard whose first sample has this index in the data set. */
export function leaves(salt: Uint8Array, shard: DataSet.Shard, first: number): Uint8Array[] {
  const width = shard.features.length / shard.samples
  return Array.from({ length: shard.samples }, (_, row) => {
    return leaf(
      salt,
      first + row,
      shard.labels[row] ?? 0,
      shard.features.subarray(row * width, (row + 1) * width),
    )
  })
}

/** Nodes are SHA-256(1 ‖ left ‖ right), an odd last one moves up; the root is SHA-256(2 ‖ count ‖ top). */
export function root(leavesInOrder: readonly Uint8Array[]): Hex {
  let level = leavesInOrder
  while (level.length > 1) {
    const above: Uint8Array[] = []
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = level.slice(i, i + 2)
      if (left) above.push(right ? sha256(concatBytes(nodeTag, left, right)) : left)
    }
    level = above
  }
  const count = new DataView(new ArrayBuffer(4))
  count.setUint32(0, leavesInOrder.length, true)
  const top = level[0] ?? new Uint8Array(32)
  return `0x${bytesToHex(sha256(concatBytes(rootTag, new Uint8Array(count.buffer), top)))}`
}
