// The crypto worker of one simulated device: its secrets on disk, and what it does with them. It makes a thing once,
// gives the same again, and makes nothing again that it forgot.
import type { Address, Hex } from '../../protocol/codec.ts'
import * as Masks from '../../protocol/masks.ts'
import type * as Effect from '../../protocol/roles/effect.ts'
import type * as Event from '../../protocol/roles/event.ts'
import * as Primitives from './primitives.ts'

type Wish<type extends Effect.Effect['type']> = Extract<Effect.Effect, { readonly type: type }>
type Result<type extends Event.Result['type']> = Extract<Event.Result, { readonly type: type }>

export type Secrets = {
  readonly opened: Hex
  readonly ephemeral: Hex
  readonly seed: Hex
  readonly masks: Masks.Masks
}

export type Vault = {
  seal(epoch: number): Hex | undefined
  ready(place: Masks.Place, account: Address, effect: Wish<'prepareReady'>): Masks.Masks | undefined
  /** The same update again, or one of these values under fresh masks; undefined when it may not. */
  contribute(
    place: Masks.Place,
    account: Address,
    effect: Wish<'contribute'>,
    under: Hex,
    values: () => readonly number[],
  ): Primitives.Cipher | undefined
  unmask(place: Masks.Place, account: Address, effect: Wish<'unmask'>): readonly Masks.Released[]
  /** The round's public key; undefined once it was forgotten. */
  prepare(round: number): Hex | undefined
  open(place: Masks.Place, effect: Wish<'open'>): Opening | undefined
  forget(of: 'epoch' | 'round', number: number): void
  /** What an adversary that owns this device can read. */
  readonly secrets: ReadonlyMap<number, Secrets>
  readonly sealing: ReadonlyMap<number, Hex>
  readonly roundKeys: ReadonlyMap<number, Hex>
  /** How many secrets lie there. */
  count(): number
  /** The privacy ledger: rounds for which an update was made, whatever was forgotten since. */
  spent(): number
}

export type Opening = Pick<Result<'opened'>, 'sums' | 'wrongShares'> & {
  /** The values of each sum that was opened. */
  readonly values: readonly (readonly number[] | undefined)[]
}

export function create(primitives: Primitives.Primitives): Vault {
  const sealing = new Map<number, Hex>()
  const secrets = new Map<number, Secrets>()
  const updates = new Map<number, { readonly view: string; readonly cipher: Primitives.Cipher }>()
  const released = new Map<
    number,
    { readonly record: Hex; readonly kinds: Map<Address, Masks.Kind>; shares: readonly Masks.Released[] }
  >()
  const roundKeys = new Map<number, Hex>()
  const forgotten = new Set<string>()
  const spent = new Set<number>()

  return {
    sealing,
    secrets,
    roundKeys,
    count: () => sealing.size + secrets.size + updates.size + roundKeys.size,
    spent: () => spent.size,
    seal: (epoch) => {
      if (forgotten.has(`epoch ${epoch}`)) return undefined
      const secret = sealing.get(epoch) ?? primitives.secret()
      sealing.set(epoch, secret)
      return primitives.publicOf(secret)
    },
    ready: (place, account, { round, opened, members, threshold }) => {
      const known = secrets.get(round)
      if (known !== undefined) return known.opened === opened ? known.masks : undefined
      if (forgotten.has(`round ${round}`) || members.length < threshold) return undefined
      const [ephemeral, seed] = [primitives.secret(), primitives.secret()]
      const shares = members.map(({ seat, account: member, key }) => {
        const sealed = (kind: Masks.Kind, secret: Hex) => {
          const [share, salt] = [primitives.split(secret, seat), primitives.secret()]
          const context = Primitives.contextOf(place, account, member, kind)
          return {
            hash: Masks.shareHash(kind, share, salt),
            box: primitives.seal(key, context, { share, salt }),
          }
        }
        const [ofKey, ofSeed] = [sealed('key', ephemeral), sealed('seed', seed)]
        return { seat, keyHash: ofKey.hash, seedHash: ofSeed.hash, key: ofKey.box, seed: ofSeed.box }
      })
      const masks = {
        ephemeral: primitives.publicOf(ephemeral),
        seedHash: Primitives.seedHash(seed),
        shares,
      }
      secrets.set(round, { opened, ephemeral, seed, masks })
      return masks
    },
    contribute: (place, account, { round, opened, cohorts, peers }, under, values) => {
      const view = { opened, cohorts }
      const name = `${opened} ${cohorts}`
      const before = updates.get(round)
      if (before !== undefined) return before.view === name ? before.cipher : undefined
      const own = secrets.get(round)
      if (own === undefined || own.opened !== opened) return undefined
      const me = { account, ephemeral: own.masks.ephemeral }
      Masks.assertPeers([me, ...peers])
      const masks = new Map<string, number>([[Primitives.selfMask(own.seed, place, view, me), 1]])
      for (const peer of peers)
        Primitives.addTo(masks, new Map([Primitives.pairMask(own.ephemeral, place, view, me, peer)]), 1)
      const cipher = { under, values: values(), masks }
      updates.set(round, { view: name, cipher })
      spent.add(round)
      return cipher
    },
    unmask: (place, account, { round, epoch, record, wanted }) => {
      const before = released.get(round)
      if (before !== undefined) return before.record === record ? before.shares : []
      const secret = sealing.get(epoch)
      if (secret === undefined) return []
      const kinds = new Map<Address, Masks.Kind>()
      const shares = wanted.flatMap(({ provider, kind, sealed, hash }) => {
        const context = Primitives.contextOf(place, provider, account, kind)
        const opened = primitives.unseal(secret, context, sealed)
        if (opened === undefined || Masks.shareHash(kind, opened.share, opened.salt) !== hash) return []
        if (kinds.has(provider)) return []
        kinds.set(provider, kind)
        return [{ provider, kind, ...opened }]
      })
      released.set(round, { record, kinds, shares })
      return shares
    },
    prepare: (round) => {
      if (forgotten.has(`round ${round}`)) return undefined
      const secret = roundKeys.get(round) ?? primitives.secret()
      roundKeys.set(round, secret)
      return primitives.publicOf(secret)
    },
    open: (place, effect) => {
      const secret = roundKeys.get(effect.round)
      return secret === undefined
        ? undefined
        : opening(primitives, place, effect, primitives.publicOf(secret))
    },
    forget: (of, number) => {
      forgotten.add(`${of} ${number}`)
      if (of === 'epoch') sealing.delete(number)
      else for (const store of [secrets, updates, roundKeys]) store.delete(number)
    },
  }
}

/** Takes masks off sums, as the model provider's worker does. */
function opening(
  primitives: Primitives.Primitives,
  place: Masks.Place,
  effect: Wish<'open'>,
  key: Hex,
): Opening | undefined {
  const view = { opened: effect.opened, cohorts: effect.cohortsDigest }
  const wrongShares: { seat: number; provider: Address }[] = []
  const results = effect.cohorts.map(({ cid, root, members }) => {
    const stored = primitives.fetch(cid)
    if (stored?.root !== root) return undefined
    const masks = new Map(stored.cipher.masks)
    for (const member of members) {
      const secret = primitives.combine(member.shares.slice(0, effect.threshold))
      const right = member.survived
        ? Primitives.seedHash(secret) === member.seedHash
        : primitives.publicOf(secret) === member.ephemeral
      if (!right)
        return {
          sum: { digest: null, discarded: 'secret', provider: member.account },
          values: undefined,
        } as const
      if (member.survived)
        Primitives.addTo(masks, new Map([[Primitives.selfMask(secret, place, view, member), 1]]), -1)
      else
        for (const other of members.filter(({ survived }) => survived)) {
          const [mask, sign] = Primitives.pairMask(secret, place, view, member, other)
          Primitives.addTo(masks, new Map([[mask, -sign]]), -1)
        }
    }
    if (masks.size > 0 || stored.cipher.under !== key)
      return { sum: { digest: null, discarded: 'guards', provider: null }, values: undefined } as const
    return { sum: { digest: stored.root }, values: stored.cipher.values }
  })
  if (results.includes(undefined)) return undefined
  const known = results.filter((result) => result !== undefined)
  return {
    sums: known.map(({ sum }) => sum),
    wrongShares,
    values: known.map(({ values }) => values),
  }
}
