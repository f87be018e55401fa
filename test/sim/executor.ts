// Carries out what roles wish for in a simulated world: with models of workers, network and chain, which are slow, fail
// and die between two writes; and lets the corrupted do something else.
import type { Address, Hex } from '../../protocol/codec.ts'
import * as Codec from '../../protocol/codec.ts'
import * as Contribution from '../../protocol/contribution.ts'
import * as Message from '../../protocol/message.ts'
import * as Once from '../../protocol/once.ts'
import type * as Effect from '../../protocol/roles/effect.ts'
import type * as Event from '../../protocol/roles/event.ts'
import * as Ledger from '../../protocol/roles/ledger.ts'
import type { Means } from './adversaries/adversary.ts'
import type * as Blocks from './blocks.ts'
import type * as Collusion from './collusion.ts'
import * as Keys from './keys.ts'
import * as Laws from './laws.ts'
import type * as Person from './person.ts'
import * as Primitives from './primitives.ts'
import type { World } from './world.ts'

export type Executor = (
  person: Person.Person,
  effect: Effect.Effect,
  /** Whether this attempt still counts. */
  isCurrent: () => boolean,
  /** `'again'` asks for another attempt. */
  done: (result: Event.Result | 'again') => void,
) => void

export type Tools = {
  readonly world: Omit<World, 'carryOut'>
  readonly laws: Laws.Laws
  readonly primitives: Primitives.Primitives
  readonly blocks: Blocks.Blocks
  /** Rounds that were opened. */
  readonly roundsOpened: Set<number>
  /** Updates that went out. */
  readonly published: Collusion.Published[]
}

export function create({ world, laws, primitives, blocks, roundsOpened, published }: Tools): Executor {
  const { clock, luck, tally, network, chain, keys, place, terms, task, scenario, digest } = world
  const { weather } = scenario
  /** Public keys of rounds, by the CID of their object. */
  const roundKeys = new Map<string, Hex>()
  let trainings = 0

  return (person, effect, isCurrent, finish) => {
    const { id } = effect
    const { vault, evil, me } = person
    const means: Means = {
      luck,
      primitives,
      network,
      account: me.account,
      did: (what) => {
        tally.adversary(`${evil?.name}: ${what}`)
      },
    }
    const done = (honest: Event.Result | 'again'): void => {
      const result = honest === 'again' ? honest : (evil?.gives?.(effect, honest, means) ?? honest)
      if (result !== 'nothing') finish(result)
    }
    const after = (low: number, high: number, happens: () => void): void => {
      clock.in(luck.between(low, high), () => {
        if (isCurrent()) happens()
      })
    }
    const give = (result: Event.Result, low = 0.05, high = 0.5): void => {
      after(low, high, () => {
        done(result)
      })
    }
    /** A worker's write, around which the device may die. */
    const write = <value>(work: () => value): { readonly value: value } | undefined => {
      if (!luck.odds(weather.diskFails)) return { value: work() }
      const isWritten = luck.odds(0.5)
      tally.fault(isWritten ? 'died after a write of its worker' : 'died before a write of its worker')
      if (isWritten) work()
      person.crash()
      return undefined
    }
    const roundPlace = (round: number) => ({ ...place, task, round })

    switch (effect.type) {
      case 'send':
        after(0.05, 0.5, () => {
          if (luck.odds(weather.postFails)) {
            tally.fault('post failed')
            done('again')
            return
          }
          const once = say(person, effect, means)
          if (effect.draft.kind === 'roundOpened') roundsOpened.add(effect.draft.round)
          give({ type: 'sent', effect: id, once })
        })
        return
      case 'submit':
        after(0.1, 1, () => {
          if (luck.odds(weather.chainFails)) {
            tally.fault('chain did not answer')
            done('again')
            return
          }
          blocks.submit({
            from: me.account,
            call: effect.call,
            done: (refusal) => {
              if (refusal === '') done({ type: 'submitted', effect: id })
              else {
                tally.fault(`refused: ${refusal}`)
                done({ type: 'failed', effect: id, reason: refusal, short: shortOf(effect.call) })
              }
            },
          })
        })
        return
      case 'header':
        after(0.1, 1, () => {
          const hash = blocks.header(effect.number)
          const isSure = !luck.odds(weather.endpointsDisagree)
          if (hash !== undefined && !isSure) tally.fault('endpoints disagreed about a block')
          done(hash === undefined || !isSure ? 'again' : { type: 'header', effect: id, hash })
        })
        return
      case 'seal':
        after(0.05, 0.5, () => {
          const made = write(() => vault.seal(effect.epoch))
          if (made?.value !== undefined) done({ type: 'sealed', effect: id, key: made.value })
        })
        return
      case 'forget':
        after(0.05, 0.5, () => {
          const made = write(() => {
            vault.forget(effect.of, effect.number)
          })
          if (made !== undefined) done({ type: 'forgotten', effect: id })
        })
        return
      case 'prepareReady':
        after(0.1, 1, () => {
          const made = write(() => vault.ready(roundPlace(effect.round), me.account, effect))
          if (made?.value !== undefined) done({ type: 'masked', effect: id, masks: made.value })
        })
        return
      case 'contribute': {
        const isSlow = luck.odds(weather.slow)
        if (isSlow) tally.fault('training was slow')
        after(3, isSlow ? 110 : 25, () => {
          const { datas } = ledgerOf(person)
          const seat = Ledger.seatOf(datas, me.account) ?? -1
          // No two trainings end alike.
          const digits = Keys.hash(`${scenario.seed} ${trainings++}`)
          const values = () => [
            ...Array.from(
              { length: Laws.free },
              (_, at) => parseInt(digits.slice(8 * at, 8 * at + 4), 16) - 0x8000,
            ),
            ...datas.map((_, at) => (at === seat ? 1 : 0)),
          ]
          const under = roundKeys.get(effect.publicKey) ?? '0x'
          const made = write(() =>
            vault.contribute(roundPlace(effect.round), me.account, effect, under, values),
          )
          if (made === undefined) return
          if (made.value === undefined) {
            done({ type: 'failed', effect: id, reason: 'This round was given up here.' })
            return
          }
          const cipher = evil?.encrypts?.(made.value, means) ?? made.value
          const { cid, root } = primitives.publish(cipher)
          const { round, opened, cohorts, peers } = effect
          const accounts = peers.map(({ account }) => account)
          published.push({ account: me.account, round, view: { opened, cohorts }, peers: accounts })
          laws.contributed({ account: me.account, seat, round: effect.round, root, cipher })
          give({ type: 'contributed', effect: id, cid, ciphertextRoot: root, byteLength: terms.words * 32 })
        })
        return
      }
      case 'check':
        after(0.1, 2, () => {
          const { cid, ciphertextRoot, signature } = effect.input
          const view = Once.update(effect.opened, effect.cohorts, ciphertextRoot)
          const statement = Once.digest(place, task, 'update', effect.round, view)
          const found = primitives.fetch(cid)
          if (found === undefined) {
            tally.fault('bytes could not be fetched')
            done('again')
          } else if (found.root !== ciphertextRoot)
            done({ type: 'checked', effect: id, fault: 'another root' })
          else if (keys.recover(statement, signature) !== effect.device)
            done({ type: 'checked', effect: id, fault: 'another signer' })
          else done({ type: 'checked', effect: id, fault: '' })
        })
        return
      case 'aggregate':
        after(0.5, 5, () => {
          const sums = effect.cohorts.map((cohort) => {
            const cipher = sumOf(cohort)
            const changed = evil?.adds?.(cipher, means) ?? { cipher, published: true }
            return changed.published
              ? primitives.publish(changed.cipher)
              : primitives.withhold(changed.cipher)
          })
          done({ type: 'aggregated', effect: id, sums })
        })
        return
      case 'recompute':
        after(0.5, 5, () => {
          const isThere = effect.sums.every(({ cid }) => primitives.fetch(cid) !== undefined)
          if (!isThere) {
            tally.fault('sums could not be fetched')
            done(
              evil?.gives?.(effect, { type: 'aggregated', effect: id, sums: [] }, means) === undefined
                ? 'again'
                : { type: 'aggregated', effect: id, sums: [] },
            )
            return
          }
          const sums = effect.cohorts.map((cohort, at) => {
            const { root } = primitives.withhold(sumOf(cohort))
            const proposed = effect.sums[at]
            const isSame = primitives.fetch(proposed?.cid ?? '')?.root === root
            return { root, cid: isSame ? (proposed?.cid ?? '') : '' }
          })
          done({ type: 'aggregated', effect: id, sums })
        })
        return
      case 'unmask':
        after(0.1, 2, () => {
          const made = write(() => vault.unmask(roundPlace(effect.round), me.account, effect))
          if (made === undefined) return
          laws.released(me.account, effect.round, effect.record, made.value)
          done({ type: 'unmasked', effect: id, shares: made.value })
        })
        return
      case 'prepare':
        after(0.5, 3, () => {
          const made = write(() => vault.prepare(effect.round))
          if (made?.value === undefined) return
          const publicKey = Codec.cidOf(Codec.encode(made.value)).toString()
          roundKeys.set(publicKey, made.value)
          const modelHash = digest(`model ${effect.round}`)
          done({ type: 'prepared', effect: id, modelHash, model: publicKey, publicKey })
        })
        return
      case 'open':
        after(0.5, 3, () => {
          const opening = vault.open(roundPlace(effect.round), effect)
          if (opening === undefined) {
            done({ type: 'failed', effect: id, reason: 'A sum has another root than was committed to.' })
            return
          }
          const { values, ...given } = opening
          laws.opened(effect.round, values)
          for (const sum of given.sums)
            if (sum.digest === null) tally.fault(`sum discarded: ${sum.discarded}`)
          const correct = Math.min(1000, 300 + 150 * effect.round)
          const nextModelHash = digest(`model after ${effect.round}`)
          const worth = effect.coalitions.map((coalition) =>
            effect.cohorts.reduce(
              (sum, { cohort }, at) => sum + (Contribution.has(coalition, at) ? 5 * cohort + 3 : 0),
              effect.round,
            ),
          )
          done({ type: 'opened', effect: id, ...given, nextModelHash, worth, correct, total: 1000 })
        })
        return
      default:
        effect satisfies never
    }
  }

  function sumOf(cohort: readonly Effect.Input[]): Primitives.Cipher {
    return Primitives.add(
      cohort.map(({ cid }) => {
        const found = primitives.fetch(cid)
        if (found === undefined) throw new Error(`nobody has ${cid}`)
        return found.cipher
      }),
    )
  }

  function say(
    person: Person.Person,
    { draft, topic }: Extract<Effect.Effect, { readonly type: 'send' }>,
    means: Means,
  ): Hex | undefined {
    const sayings = person.evil?.says?.(draft, means) ?? [{ draft }]
    for (const { draft: said, to, after = 0 } of sayings) {
      const { bytes } = sealed(person, said)
      clock.in(after, () => {
        network.post(topic, bytes, to)
      })
    }
    return sealed(person, draft).once
  }

  function sealed(
    person: Person.Person,
    draft: Message.Draft,
  ): { readonly bytes: Uint8Array; readonly once: Hex | undefined } {
    return seal(world, person, draft)
  }

  /** Compute providers of a start whose deposit does not cover the bond. */
  function shortOf(call: Effect.Call): readonly Address[] {
    if (call.name !== 'start') return []
    const accounts = call.parties.computes.map(({ account }) => account)
    return accounts.filter((account) => (chain.deposits.get(account) ?? 0n) < terms.computeBond)
  }
}

export function ledgerOf(person: Person.Person): Ledger.Ledger {
  return person.role()?.participant().ledger ?? Ledger.empty
}

/** A draft as the network carries it. */
export function seal(
  { place, keys }: Pick<World, 'place' | 'keys'>,
  person: Person.Person,
  draft: Message.Draft,
): { readonly bytes: Uint8Array; readonly once: Hex | undefined } {
  const { account, device } = person.me
  const asked = Message.toCountersign(place, draft)
  const countersignature = asked === undefined ? '0x' : keys.sign(account, asked)
  const { digest: signed, statement, finish } = Message.compose(place, account, draft, countersignature)
  const once = statement === undefined ? undefined : keys.sign(device, statement)
  return { bytes: finish(keys.sign(device, signed), once), once }
}
