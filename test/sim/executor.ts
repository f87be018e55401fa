// Carries out what roles wish for in a simulated world: with models of workers, network and chain, which are slow, fail
// and die between two writes; and lets the corrupted do something else.
import type { Hex } from '../../protocol/codec.ts'
import * as Once from '../../protocol/once.ts'
import type * as Effect from '../../protocol/roles/effect.ts'
import type * as Event from '../../protocol/roles/event.ts'
import * as Ledger from '../../protocol/roles/ledger.ts'
import type { Means } from './adversaries/adversary.ts'
import type * as Blocks from './blocks.ts'
import * as Market from './market.ts'
import type * as Person from './person.ts'
import type * as Primitives from './primitives.ts'
import * as Role from './role.ts'
import * as Saying from './saying.ts'
import * as Training from './training.ts'
import type { Watching } from './watching.ts'
import * as Work from './work.ts'
import type { World } from './world.ts'
import * as Keys from './keys.ts'

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
  readonly watching: Watching
  readonly blocks: Blocks.Blocks
}

export function create({ world, watching, blocks }: Tools): Executor {
  const { clock, luck, faults, tally, network, chain, keys, place, terms, task, scenario, note } = world
  const { laws, roundsOpened, published } = watching
  const { jobs } = world
  const { settle } = world.waiting
  const { primitives } = world.devices
  const statements = new Map<string, Hex>()
  const byteLength = terms.words * 32
  let trainings = 0

  return (person, effect, isCurrent, finish) => {
    const { id } = effect
    const { vault, evil, me } = person
    const means: Means = {
      ...{ luck, primitives, network, account: me.account },
      did: (what) => {
        tally.adversary(`${evil?.name}: ${what}`)
        note(me.account, `is corrupted (${evil?.name}): ${what}`)
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
    /** A worker's write, around which the device may die; `then` only where it lived on. */
    const write = <value>(work: () => Work.Work<value>, then: (value: value) => void): void => {
      if (!faults.strikes('diskFails')) {
        settle(work(), then)
        return
      }
      const isWritten = luck.odds(0.5)
      tally.fault(isWritten ? 'died after a write of its worker' : 'died before a write of its worker')
      note(me.account, `dies ${isWritten ? 'after' : 'before'} its worker has written for ${effect.type}`)
      if (isWritten) settle(work(), () => undefined)
      person.crash()
    }
    const roundPlace = (round: number) => ({ ...place, task, round })

    switch (effect.type) {
      case 'send':
        after(0.05, 0.5, () => {
          if (faults.strikes('postFails')) {
            tally.fault('post failed')
            done('again')
            return
          }
          const once = Saying.say(world, person, effect, means)
          if (effect.draft.kind === 'roundOpened') roundsOpened.add(effect.draft.round)
          give({ type: 'sent', effect: id, once })
        })
        return
      case 'submit':
        after(0.1, 1, () => {
          if (faults.strikes('chainFails')) {
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
                done({
                  type: 'failed',
                  effect: id,
                  reason: refusal,
                  short: Market.shortOf(chain, effect.call),
                })
              }
            },
          })
        })
        return
      case 'header':
        after(0.1, 1, () => {
          const hash = blocks.header(effect.number)
          const isSure = !faults.strikes('endpointsDisagree')
          if (hash !== undefined && !isSure) tally.fault('endpoints disagreed about a block')
          done(hash === undefined || !isSure ? 'again' : { type: 'header', effect: id, hash })
        })
        return
      case 'seal':
        after(0.05, 0.5, () => {
          write(
            () => vault.seal(effect.epoch),
            (key) => {
              if (key !== undefined) done({ type: 'sealed', effect: id, key })
            },
          )
        })
        return
      case 'forget':
        after(0.05, 0.5, () => {
          write(
            () => vault.forget(effect),
            () => {
              done({ type: 'forgotten', effect: id })
            },
          )
        })
        return
      case 'prepareReady':
        after(0.1, 1, () => {
          write(
            () => vault.ready(roundPlace(effect.round), me.account, effect),
            (masks) => {
              if (masks !== undefined) done({ type: 'masked', effect: id, masks })
            },
          )
        })
        return
      case 'contribute': {
        const isSlow = faults.strikes('slow')
        if (isSlow) {
          tally.fault('training was slow')
          note(me.account, 'trains slowly', effect.round)
        }
        after(3, isSlow ? 110 : 25, () => {
          const { round, opened, cohorts, peers } = effect
          const { datas } = Role.ledgerOf(person.role())
          const seat = Ledger.seatOf(datas, me.account) ?? -1
          const trained = { free: Training.result(scenario.seed, trainings++), seat, seats: datas.length }
          write(
            () => vault.contribute(roundPlace(round), me.account, effect, trained),
            (made) => {
              if (made === undefined) {
                done({ type: 'failed', effect: id, reason: 'This round was given up here.' })
                return
              }
              const cipher = evil?.encrypts?.(made, means) ?? made
              const { cid, root } = primitives.publish(cipher)
              const view = { opened, cohorts }
              published.push({ account: me.account, round, view, peers: peers.map(({ account }) => account) })
              laws.contributed({ account: me.account, seat, round, view, root, cipher })
              give({ type: 'contributed', effect: id, cid, ciphertextRoot: root, byteLength })
            },
          )
        })
        return
      }
      case 'check':
        after(0.1, 2, () => {
          const { cid, ciphertextRoot, signature } = effect.input
          const view = Once.update(effect.opened, effect.cohorts, ciphertextRoot)
          const asked = `${effect.round} ${view}`
          const statement = statements.get(asked) ?? Once.digest(place, task, 'update', effect.round, view)
          statements.set(asked, statement)
          settle(vault.check(cid), (root) => {
            if (root === undefined) {
              tally.fault('bytes could not be fetched')
              done('again')
              return
            }
            const isSigned = Keys.isSignedBy(keys, effect.device, statement, signature)
            const fault = root !== ciphertextRoot ? 'another root' : isSigned ? '' : 'another signer'
            done({ type: 'checked', effect: id, fault })
          })
        })
        return
      case 'aggregate':
        after(0.5, 5, () => {
          settle(Work.all(effect.cohorts.map((cohort) => vault.add(inputsOf(cohort)))), (added) => {
            const sums = added.map((cipher) => {
              const changed = evil?.adds?.(cipher, means) ?? { cipher, published: true }
              return changed.published
                ? primitives.publish(changed.cipher)
                : primitives.withhold(changed.cipher)
            })
            done({ type: 'aggregated', effect: id, sums })
          })
        })
        return
      case 'recompute':
        after(0.5, 5, () => {
          const isThere = effect.sums.every(({ cid }) => primitives.fetch(cid) !== undefined)
          if (!isThere) {
            tally.fault('sums could not be fetched')
            const blind = { type: 'aggregated', effect: id, sums: [] } as const
            done(evil?.gives?.(effect, blind, means) === undefined ? 'again' : blind)
            return
          }
          settle(Work.all(effect.cohorts.map((cohort) => vault.add(inputsOf(cohort)))), (added) => {
            const sums = added.map((cipher, at) => {
              const { root } = primitives.withhold(cipher)
              const proposed = effect.sums[at]
              const isSame = primitives.fetch(proposed?.cid ?? '')?.root === root
              return { root, cid: isSame ? (proposed?.cid ?? '') : '' }
            })
            done({ type: 'aggregated', effect: id, sums })
          })
        })
        return
      case 'unmask':
        after(0.1, 2, () => {
          write(
            () => vault.unmask(roundPlace(effect.round), me.account, effect),
            (shares) => {
              laws.released(me.account, effect.round, effect.record, shares)
              done({ type: 'unmasked', effect: id, shares })
            },
          )
        })
        return
      case 'prepare':
        after(0.5, 3, () => {
          write(
            () => vault.prepare(effect),
            (made) => {
              if (made === undefined) return
              done({ type: 'prepared', effect: id, ...made })
            },
          )
        })
        return
      case 'open':
        after(0.5, 3, () => {
          settle(vault.open(roundPlace(effect.round), effect), (opening) => {
            if (opening === undefined) {
              done({ type: 'failed', effect: id, reason: 'A sum has another root than was committed to.' })
              return
            }
            const { values, ...given } = opening
            laws.opened(effect.round, values)
            for (const sum of given.sums)
              if (sum.digest === null) tally.fault(`sum discarded: ${sum.discarded}`)
            const correct = Math.min(1000, 300 + 150 * effect.round)
            const worth = Training.worth(effect)
            jobs.opened(effect.round, worth)
            done({ type: 'opened', effect: id, ...given, worth, correct, total: 1000 })
          })
        })
        return
      case 'federate':
      case 'sealSubject':
      case 'perform':
      case 'verify': {
        const isSlow = effect.type === 'perform' && faults.strikes('slow')
        if (isSlow) tally.fault('a job was slow')
        after(1, isSlow ? 110 : 15, () => {
          done(jobs.carryOut(effect, me.account))
        })
        return
      }
      default:
        effect satisfies never
    }
  }

  function inputsOf(cohort: readonly Effect.Input[]): readonly Primitives.Cipher[] {
    return cohort.map(({ cid }) => {
      const found = primitives.fetch(cid)
      if (found === undefined) throw new Error(`nobody has ${cid}`)
      return found.cipher
    })
  }
}
