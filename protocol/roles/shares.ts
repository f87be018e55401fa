// Whether a share that was given away is the one that was sealed: what tells a wrong share's author from everyone else.
import type { Hex } from '../codec.ts'
import * as Masks from '../masks.ts'

/** Answers for shares that were looked at before: hashing is slow where there are thousands. */
const known = new WeakMap<Masks.Released, boolean>()

export function isRight(released: Masks.Released, kind: Masks.Kind, hash: Hex): boolean {
  if (released.kind !== kind) return false
  const before = known.get(released)
  if (before !== undefined) return before
  const right = Masks.shareHash(kind, released.share, released.salt) === hash
  known.set(released, right)
  return right
}
