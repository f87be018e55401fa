// How an update leaves the device: quantised, masked, encrypted, committed to. What this takes is a provider's own cost.
import type { Hex } from '../../protocol/codec.ts'
import * as Packing from '../../protocol/packing.ts'
import * as Update from '../../protocol/update.ts'
import type { Seal } from './seal.ts'
import * as Stream from './stream.ts'
import * as Tree from './tree.ts'

/** `change` is weighted and clipped; the masks must be those of this update alone. */
export async function protect(
  change: Float64Array,
  rules: Update.Rules,
  masks: readonly Stream.Mask[],
  publicKey: Uint8Array,
  seal: Seal,
  progress: (done: number, total: number) => void,
): Promise<{ readonly ciphertexts: readonly Uint8Array<ArrayBuffer>[]; readonly root: Hex }> {
  const levels = Update.quantise(change, rules, random(change.length * Update.randomBytes))
  const plains = Packing.pack(levels, rules.he)
  const masked = await Stream.apply(plains, masks)
  const ciphertexts = seal.encrypt(publicKey, masked, (done) => progress(done, plains.length))
  return { ciphertexts, root: Tree.root(ciphertexts) }
}

/** WebCrypto gives at most 65,536 bytes at a time. */
function random(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536))
  return bytes
}
