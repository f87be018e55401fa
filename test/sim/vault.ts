// The crypto worker of one simulated device: its secrets on disk, and what it does with them. It makes a thing once,
// gives the same again, and makes nothing again that it forgot.
import type { Address, Hex } from '../../protocol/codec.ts'
import * as Masks from '../../protocol/masks.ts'
import type * as Effect from '../../protocol/roles/effect.ts'
import type * as Event from '../../protocol/roles/event.ts'
import * as Keys from './keys.ts'
import * as Primitives from './primitives.ts'
import type { Work } from './work.ts'

type Wish<type extends Effect.Effect['type']> = Extract<Effect.Effect, { readonly type: type }>
type Result<type extends Event.Result['type']> = Extract<Event.Result, { readonly type: type }>

type Secrets = {
  readonly opened: Hex
  readonly ephemeral: Hex
  readonly seed: Hex
  readonly masks: Masks.Masks
}

/** What a device did with its rows: numbers that no other training gives, and a one in its own place of as many seats. */
export type Trained = { readonly free: readonly number[]; readonly seat: number; readonly seats: number }

export type Vault = {
  seal(epoch: number): Work<Hex | undefined>
  ready(place: Masks.Place, account: Address, effect: Wish<'prepareReady'>): Work<Masks.Masks | undefined>
  /** The same update again, or what was trained under fresh masks; undefined when it may not. */
  contribute(
    place: Masks.Place,
    account: Address,
    effect: Wish<'contribute'>,
    trained: Trained,
  ): Work<Primitives.Cipher | undefined>
  /** Root of an encrypted update that was fetched; undefined where nobody has it. */
  check(cid: string): Work<Hex | undefined>
  add(ciphers: readonly Primitives.Cipher[]): Work<Primitives.Cipher>
  unmask(place: Masks.Place, account: Address, effect: Wish<'unmask'>): Work<readonly Masks.Released[]>
  /** Undefined once the round was forgotten. */
  prepare(effect: Wish<'prepare'>): Work<Prepared | undefined>
  open(place: Masks.Place, effect: Wish<'open'>): Work<Opening | undefined>
  forget(effect: Wish<'forget'>): Work<void>
  /** How many secrets lie there. */
  count(): Work<number>
  /** The privacy ledger: rounds for which an update was made, whatever was forgotten since. */
  spent(): Work<number>
}

export type Prepared = Pick<Result<'prepared'>, 'modelHash' | 'model' | 'publicKey'>

export type Opening = Pick<Result<'opened'>, 'sums' | 'wrongShares' | 'nextModelHash'> & {
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
    contribute: (place, account, { round, opened, cohorts, peers, publicKey }, trained) => {
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
      const { free, seat, seats } = trained
      const values = [...free, ...Array.from({ length: seats }, (_, at) => (at === seat ? 1 : 0))]
      const cipher = { under: primitives.keyOf(publicKey) ?? '0x', values, masks }
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
    check: (cid) => primitives.fetch(cid)?.root,
    add: primitives.add,
    prepare: ({ round }) => {
      if (forgotten.has(`round ${round}`)) return undefined
      const secret = roundKeys.get(round) ?? primitives.secret()
      roundKeys.set(round, secret)
      const publicKey = primitives.announce(primitives.publicOf(secret))
      return { modelHash: modelAfter(round - 1), model: publicKey, publicKey }
    },
    open: (place, effect) => {
      const secret = roundKeys.get(effect.round)
      return secret === undefined
        ? undefined
        : opening(primitives, place, effect, primitives.publicOf(secret))
    },
    forget: (effect) => {
      if (effect.of === 'task') {
        for (const store of [sealing, secrets, updates, roundKeys]) store.clear()
        return
      }
      const { of, number } = effect
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
    nextModelHash: modelAfter(effect.round),
    values: known.map(({ values }) => values),
  }
}

function modelAfter(round: number): Hex {
  return `0x${Keys.hash(`model after ${round}`)}`
}
