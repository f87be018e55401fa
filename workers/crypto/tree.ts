// `Ciphertext.root` in WebAssembly: the same root, ten times sooner.
import { bytesToHex } from '@noble/hashes/utils.js'
import * as Ciphertext from '../../protocol/ciphertext.ts'
import type { Hex } from '../../protocol/codec.ts'
import * as Keccak from './keccak.ts'

const digestBytes = 32
const wordBytes = 8
const leaves = Ciphertext.bytes / digestBytes

let hasher: ReturnType<typeof Keccak.create> | undefined

/** Root of the tree over these ciphertexts, of `Ciphertext.bytes` each. */
export function root(ciphertexts: readonly Uint8Array[]): Hex {
  ciphertexts.forEach((words, index) => {
    if (words.length !== Ciphertext.bytes)
      throw new Ciphertext.StructureError(index, `it has ${words.length} of ${Ciphertext.bytes} bytes`)
  })
  hasher ??= Keccak.create()
  const { memory } = hasher
  const width = 2 ** Math.ceil(Math.log2(Math.max(1, ciphertexts.length)))
  const roots = new Uint8Array(width * digestBytes)
  // Zero words fill the tree up; a ciphertext's own words fill a whole subtree.
  const empty = ciphertexts.length < width ? subtree(hasher, new Uint8Array(Ciphertext.bytes)) : undefined
  for (let i = 0; i < width; i++) {
    const words = ciphertexts[i]
    const top = words === undefined ? empty : subtree(hasher, words)
    if (top !== undefined) roots.set(top, i * digestBytes)
  }
  memory.set(roots)
  return `0x${bytesToHex(up(hasher, 0, width))}`
}

function subtree(keccak: ReturnType<typeof Keccak.create>, words: Uint8Array): Uint8Array {
  const { memory, turn, hash32 } = keccak
  memory.set(words)
  // Leaves hold coefficients as Solidity reads them: their 8 bytes the other way round.
  turn(0, 0, Ciphertext.bytes / wordBytes)
  hash32(0, Keccak.middle, leaves)
  return up(keccak, Keccak.middle, leaves)
}

/** The root over `count` digests that lie at `from`; the memory's halves take turns. */
function up({ memory, hash64 }: ReturnType<typeof Keccak.create>, from: number, count: number): Uint8Array {
  let at = from
  for (let width = count / 2; width >= 1; width /= 2) {
    hash64(at, Keccak.middle - at, width)
    at = Keccak.middle - at
  }
  return memory.slice(at, at + digestBytes)
}
