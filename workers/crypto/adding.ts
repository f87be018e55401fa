// What a committee member does with updates: adds them and commits to the sum; and how fast this device does.
import * as Benchmark from '../../protocol/benchmark.ts'
import * as Ciphertext from '../../protocol/ciphertext.ts'
import * as Prng from '../../protocol/prng.ts'
import type { Ciphertexts } from './api.ts'
import * as Tree from './tree.ts'

const laneBytes = 8

/** The sum of encrypted updates, ciphertext by ciphertext, with its root. */
export function add(updates: readonly (readonly Uint8Array[])[]): Ciphertexts {
  const ciphertexts = Ciphertext.sum(updates)
  return { ciphertexts, root: Tree.root(ciphertexts) }
}

/** Thousands of coefficients a second, as `Benchmark.additions` says it. */
export function measure(): number {
  const updates = example()
  add(updates)
  const started = performance.now()
  let coefficients = 0
  let passed = 0
  while (passed < Benchmark.budget) {
    add(updates)
    coefficients += updates.length * (Ciphertext.bytes / laneBytes)
    passed = performance.now() - started
  }
  return Benchmark.rounded(coefficients / passed)
}

/** The published updates. */
export function example(): readonly (readonly Uint8Array[])[] {
  const prng = Prng.from(Benchmark.additions.seed)
  return Array.from({ length: Benchmark.additions.updates }, () => {
    const words = new DataView(new ArrayBuffer(Ciphertext.bytes))
    for (let offset = 0; offset < Ciphertext.bytes; offset += laneBytes) {
      words.setUint32(offset, prng(), true)
      words.setUint32(offset + 4, prng() >>> 5, true)
    }
    return [new Uint8Array(words.buffer)]
  })
}
