// Exact models of the primitives: secrets are tokens, a mask is a term that only its keys can name, a share is a token
// that tells nothing alone, a sealed box opens for one key in one place. A thousand times faster than what they stand
// for, and a sum whose masks do not cancel is as useless here as it is there.
import * as Codec from '../../protocol/codec.ts'
import type { Hex } from '../../protocol/codec.ts'
import * as Masks from '../../protocol/masks.ts'
import * as Keys from './keys.ts'

/** What an encrypted update or a sum of them holds. */
export type Cipher = {
  /** The round's public key that it is encrypted under. */
  readonly under: Hex
  readonly values: readonly number[]
  /** How often each mask was added. */
  readonly masks: ReadonlyMap<string, number>
  /** Real ciphertexts, where there are any: what is said above of them is then what is known of them. */
  readonly words?: readonly Uint8Array[]
}
export type Stored = { readonly cid: string; readonly root: Hex }
export type Opened = { readonly share: Hex; readonly salt: Hex }

export type Primitives = {
  /** A fresh secret of 32 bytes. */
  secret(): Hex
  publicOf(secret: Hex): Hex
  seal(to: Hex, context: string, opened: Opened): Hex
  unseal(secret: Hex, context: string, sealed: Hex): Opened | undefined
  split(secret: Hex, seat: number): Hex
  /** The secret if all are shares of it; something else otherwise, as Shamir's scheme gives. */
  combine(shares: readonly { readonly seat: number; readonly share: Hex }[]): Hex
  publish(cipher: Cipher): Stored
  /** Announces bytes that nobody can fetch. */
  withhold(cipher: Cipher): Stored
  fetch(cid: string): (Stored & { readonly cipher: Cipher }) | undefined
  add(ciphers: readonly Cipher[]): Cipher
  /** The root of the sum of published updates, by their roots. */
  added(roots: readonly Hex[]): Hex | undefined
  /** Publishes a round's public key, and finds it again. */
  announce(key: Hex): string
  keyOf(cid: string): Hex | undefined
}

export function open(seed: number): Primitives {
  let made = 0
  const sealedBoxes = new Map<Hex, { readonly to: Hex; readonly context: string; readonly opened: Opened }>()
  const shares = new Map<Hex, { readonly secret: Hex; readonly seat: number }>()
  const objects = new Map<string, Stored & { readonly cipher: Cipher }>()
  const keys = new Map<string, Hex>()
  const token = (text: string): Hex => `0x${Keys.hash(`${seed} ${text}`)}`

  function store(cipher: Cipher): Stored & { readonly cipher: Cipher } {
    const masks = [...cipher.masks].filter(([, times]) => times !== 0).toSorted()
    const cid = Codec.cidOf(Codec.encode([cipher.under, cipher.values, masks])).toString()
    return { cid, root: `0x${Keys.hash(cid)}`, cipher }
  }

  return {
    secret: () => token(`secret ${made++}`),
    // The last byte keeps it below the field's prime.
    publicOf: (secret) => `0x${Keys.hash(`public ${secret}`).slice(0, 62)}01`,
    seal: (to, context, opened) => {
      const name = Keys.hash(`box ${made++} ${seed}`)
      const sealed: Hex = `0x${name.padEnd(2 * Masks.sealedBytes, '0')}`
      sealedBoxes.set(sealed, { to, context, opened })
      return sealed
    },
    unseal(secret, context, sealed) {
      const box = sealedBoxes.get(sealed)
      return box?.to === this.publicOf(secret) && box.context === context ? box.opened : undefined
    },
    split: (secret, seat) => {
      const share: Hex = `0x${Keys.hash(`share ${seat} ${secret}`)}${seat.toString(16).padStart(2, '0')}`
      shares.set(share, { secret, seat })
      return share
    },
    combine: (given) => {
      const found = given.map(({ seat, share }) => {
        const known = shares.get(share)
        return known?.seat === seat ? known.secret : undefined
      })
      const [first] = found
      const same = first !== undefined && found.every((secret) => secret === first)
      return same ? first : token(`nothing ${given.map(({ share }) => share).join()}`)
    },
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
    add,
    added: (roots) => {
      const parts = roots.flatMap((root) => [...objects.values()].find((each) => each.root === root) ?? [])
      return parts.length === 0 || parts.length < roots.length
        ? undefined
        : store(add(parts.map(({ cipher }) => cipher))).root
    },
    announce: (key) => {
      const cid = Codec.cidOf(Codec.encode(key)).toString()
      keys.set(cid, key)
      return cid
    },
    keyOf: (cid) => keys.get(cid),
  }
}

/** Adds updates; what is not under one key is under none. */
export function add(ciphers: readonly Cipher[]): Cipher {
  const [first] = ciphers
  if (first === undefined) throw new Error('nothing to add')
  const under = ciphers.every((cipher) => cipher.under === first.under) ? first.under : '0x'
  const values = first.values.map((_, at) =>
    ciphers.reduce((sum, cipher) => sum + (cipher.values[at] ?? 0), 0),
  )
  const masks = new Map<string, number>()
  for (const cipher of ciphers) addTo(masks, cipher.masks, 1)
  return { under, values, masks }
}

export function addTo(sum: Map<string, number>, masks: ReadonlyMap<string, number>, times: number): void {
  for (const [mask, count] of masks) {
    const total = (sum.get(mask) ?? 0) + times * count
    if (total === 0) sum.delete(mask)
    else sum.set(mask, total)
  }
}

/** What both of two keys' holders can name. */
function exchange(secret: Hex, mine: Hex, other: Hex): string {
  const [low, high] = mine < other ? [mine, other] : [other, mine]
  if (secret === '0x') throw new Error('no secret')
  return `${low} ${high}`
}

/** The mask of a pair, which the lower account adds and the higher takes away. */
export function pairMask(
  secret: Hex,
  place: Masks.Place,
  view: Masks.View,
  mine: Masks.Peer,
  other: Masks.Peer,
): readonly [string, number] {
  const shared = exchange(secret, mine.ephemeral, other.ephemeral)
  const [low, high] = mine.account < other.account ? [mine, other] : [other, mine]
  const context = `${placeName(place)} ${view.opened} ${view.cohorts} ${low.account} ${high.account}`
  return [`pair ${Keys.hash(`${shared} ${context}`).slice(0, 24)}`, mine === low ? 1 : -1]
}

export function selfMask(
  seed: Hex,
  place: Masks.Place,
  view: Masks.View,
  { account, ephemeral }: Masks.Peer,
): string {
  const context = `${placeName(place)} ${view.opened} ${view.cohorts} ${account} ${ephemeral}`
  return `self ${Keys.hash(`${seed} ${context}`).slice(0, 24)}`
}

export function seedHash(seed: Hex): Hex {
  return `0x${Keys.hash(`seed ${seed}`)}`
}

export function contextOf(place: Masks.Place, provider: Hex, member: Hex, kind: Masks.Kind): string {
  return `${placeName(place)} ${provider} ${member} ${kind}`
}

function placeName({ chainId, market, task, round }: Masks.Place): string {
  return `${chainId} ${market} ${task} ${round}`
}
