// Objects of a run whose ciphertexts are real. Adversaries change what is known of a cipher; here that becomes a change
// of its words, so that the same adversaries play against real encryption.
import * as Ciphertext from '../../../protocol/ciphertext.ts'
import * as Codec from '../../../protocol/codec.ts'
import type { Hex } from '../../../protocol/codec.ts'
import * as He from '../../../protocol/he.ts'
import * as Prng from '../../../protocol/prng.ts'
import * as Tree from '../../../workers/crypto/tree.ts'
import * as Keys from '../keys.ts'
import * as Primitives from '../primitives.ts'

type Words = readonly Uint8Array[]
type Known = Pick<Primitives.Cipher, 'under' | 'values' | 'masks'>

export type Ciphertexts = Pick<Primitives.Primitives, 'publish' | 'withhold' | 'fetch' | 'add' | 'added'> & {
  /** A cipher of these words, of which this is known. */
  of(words: Words, root: Hex, known: Known): Primitives.Cipher
  /** What `of` made of words with this root. */
  known(root: Hex): Primitives.Cipher | undefined
}

export function open(he: He.Parameters): Ciphertexts {
  const objects = new Map<string, Primitives.Stored & { readonly cipher: Primitives.Cipher }>()
  const origins = new WeakMap<Words, Known & { readonly root: Hex }>()
  const made = new Map<Hex, Primitives.Cipher>()
  const fields = Math.floor(He.plainBits / he.fieldBits)

  function of(words: Words, root: Hex, known: Known): Primitives.Cipher {
    origins.set(words, { ...known, root })
    const cipher = { ...known, words }
    made.set(root, cipher)
    return cipher
  }

  /** Words that agree with what is said of them. */
  function agreeing(cipher: Primitives.Cipher): { readonly cipher: Primitives.Cipher; readonly root: Hex } {
    const { words } = cipher
    const origin = words === undefined ? undefined : origins.get(words)
    if (words === undefined || origin === undefined) throw new Error('a cipher has no words')
    const changed = words.map((each) => new Uint8Array(each))
    const [first] = changed
    if (first === undefined) throw new Error('a cipher is empty')
    let isChanged = false
    cipher.values.forEach((value, at) => {
      const change = value - (origin.values[at] ?? 0)
      if (change === 0) return
      const place = 2n ** BigInt(he.fieldBits * (at % fields))
      addPlain(first, Math.floor(at / fields), BigInt(change) * place)
      isChanged = true
    })
    for (const mask of cipher.masks.keys()) {
      if (origin.masks.has(mask)) continue
      const prng = Prng.from(parseInt(Keys.hash(mask).slice(0, 8), 16))
      for (let at = 0; at < He.degree; at++)
        addPlain(first, at, (BigInt(prng()) << 12n) | BigInt(prng() >>> 20))
      isChanged = true
    }
    if (cipher.under !== origin.under) {
      const prng = Prng.from(parseInt(cipher.under.slice(-8), 16))
      const lanes = new DataView(first.buffer)
      for (let at = 0; at < Ciphertext.bytes; at += 8) {
        lanes.setUint32(at, prng(), true)
        lanes.setUint32(at + 4, prng() >>> 5, true)
      }
      isChanged = true
    }
    if (!isChanged) return { cipher, root: origin.root }
    const { under, values, masks } = cipher
    const root = Tree.root(changed)
    return { cipher: of(changed, root, { under, values, masks }), root }
  }

  function store(cipher: Primitives.Cipher): Primitives.Stored & { readonly cipher: Primitives.Cipher } {
    const agreed = agreeing(cipher)
    return { cid: Codec.cidOf(Codec.encode([agreed.root])).toString(), ...agreed }
  }

  return {
    of,
    known: (root) => made.get(root),
    publish: (cipher) => {
      const stored = store(cipher)
      objects.set(stored.cid, stored)
      return { cid: stored.cid, root: stored.root }
    },
    withhold: (cipher) => {
      const { cid, root } = store(cipher)
      return { cid, root }
    },
    fetch: (cid) => objects.get(cid),
    added: (roots) => {
      const parts = roots.flatMap((root) => made.get(root)?.words ?? [])
      if (parts.length === 0 || parts.length < roots.length) return undefined
      return Tree.root(Ciphertext.sum(parts.map((words) => [words])))
    },
    add: (ciphers) => {
      const words = Ciphertext.sum(ciphers.map((cipher) => cipher.words ?? []))
      return of(words, Tree.root(words), Primitives.add(ciphers))
    },
  }
}

/** Adds to one coefficient of the plaintext, as whoever holds a ciphertext can: (0, Δ) needs no key. */
function addPlain(words: Uint8Array, coefficient: number, change: bigint): void {
  const t = BigInt(He.t)
  const plain = ((change % t) + t) % t
  const lanes = new DataView(words.buffer, words.byteOffset)
  const before = lanes.getBigUint64(coefficient * 8, true)
  lanes.setBigUint64(coefficient * 8, (before + (He.q * plain + t / 2n) / t) % He.q, true)
}
