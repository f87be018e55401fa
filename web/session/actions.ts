// What screens may ask of a running session. Each rejects with an error that says what to do.
import type { Hex } from '../../protocol/codec.ts'
import { BaseError } from '../../protocol/errors.ts'
import type * as Event from '../../protocol/roles/event.ts'
import * as TaskSpec from '../../protocol/taskSpec.ts'
import type { Session } from './api.ts'
import * as Draft from './draft.ts'
import * as Limits from './limits.ts'
import * as Offering from './offering.ts'
import type { Parts } from './parts.ts'
import * as Privacy from './privacy.ts'
import * as Problem from './problem.ts'
import * as Speed from './speed.ts'
import * as Tasks from './tasks.ts'
import type { Role } from './view/participation.ts'

type Actions = Omit<Session, 'snapshot' | 'subscribe' | 'retry' | 'stop' | 'dismiss'>
type Arguments<action extends keyof Actions> = Parameters<Actions[action]>

export function make(parts: () => Parts): Actions {
  /** Whatever is thrown, on whichever side of a port, arrives as a BaseError. */
  async function asked<value>(action: (parts: Parts) => Promise<value>): Promise<value> {
    try {
      return await action(parts())
    } catch (thrown) {
      throw Problem.toError(thrown)
    }
  }

  function decide(task: Hex, event: Event.Wish, ...roles: readonly Role[]): Promise<void> {
    return asked(({ participations }) => participations.get(task, ...roles).deliver(event))
  }

  return {
    connectWallet: (id) => asked(({ purse }) => purse.connectWallet(id)),
    useDeviceAccount: () => asked(({ purse }) => purse.useDeviceAccount()),
    faucet: () => asked(({ purse }) => purse.faucet()),
    measure: () => asked((all) => Speed.measure(all)),

    importDataSet: (request) =>
      asked(async ({ shelf, rules, watch }) => {
        const dataSet = await shelf.import(request)
        // Done now, the choice of a backend does not delay the first round.
        if (watch.view().probe === undefined) void rules.probe().catch(() => undefined)
        return dataSet
      }),
    removeDataSet: (id) => asked(({ shelf }) => shelf.remove(id)),
    limitOpenings: ({ dataSet, from, to }) => asked(({ shelf }) => shelf.limit(dataSet, from, to)),
    persist: () => asked(({ shelf }) => shelf.persist()),

    offerData: (...args: Arguments<'offerData'>) => asked((all) => Offering.data(all, ...args)),
    offerCompute: (...args: Arguments<'offerCompute'>) => asked((all) => Offering.compute(all, ...args)),
    withdrawOffer: (id) => asked(({ board }) => board.withdraw(id)),

    draftTask(schemaId) {
      const { purse, config } = parts()
      return Draft.initial(schemaId, purse.token()?.decimals ?? 18, config.local)
    },
    readBackbone: (file) => asked(({ backbones }) => backbones.read(file)),
    createTask: (draft) => asked((all) => Tasks.create(all, draft)),
    requestProviders: (task, offers) => asked((all) => Tasks.request(all, task, offers)),
    freezeRoster: (task) => decide(task, { type: 'frozen' }, 'model'),
    consent: (task, nominee) =>
      asked(async ({ participations, shelf }) => {
        const entry = participations.get(task, 'data')
        await shelf.recount()
        Privacy.assertLeft(shelf.openings(entry.participant.dataSet))
        await entry.deliver({ type: 'consented', compute: nominee })
      }),
    decline: (task) => decide(task, { type: 'declined' }, 'data'),
    acceptSeat: (task) =>
      asked(async ({ participations, guard }) => {
        Limits.assertFree(guard.hold())
        await participations.get(task, 'compute').deliver({ type: 'consented', compute: undefined })
      }),
    declineSeat: (task) => decide(task, { type: 'declined' }, 'compute'),
    settle: (task) => decide(task, { type: 'ended' }, 'model', 'data', 'compute'),
    cancel: (task) => decide(task, { type: 'ended' }, 'model'),
    claim: (task) => asked((all) => Tasks.claim(all, task)),
    withdrawDeposit: () => asked((all) => Tasks.withdraw(all)),
    exportModel: (task) =>
      asked(async ({ frame, participations }) => {
        const { spec } = participations.get(task, 'model').participant
        return new Uint8Array(await frame.crypto.exportModel(task, TaskSpec.encode(spec)))
      }),

    backup: (passphrase) => asked(async ({ frame }) => new Uint8Array(await frame.crypto.backup(passphrase))),
    restore: (backup, passphrase) =>
      asked(async ({ frame, purse }) => {
        await frame.crypto.restore(backup, passphrase)
        await purse.renew()
      }),
    setRules: (rules) =>
      asked(async (all) => {
        await all.rules.set(rules)
        await all.participations.deliverAll(({ participant: { role, dataSet, spec } }) => {
          const ruled = all.rules.of(role)
          if (role !== 'data') return { type: 'ruled', rules: ruled }
          return { type: 'ruled', rules: Privacy.within(ruled, all.shelf.openings(dataSet), spec) }
        })
      }),
    setLimits: (limits) => asked(({ guard }) => guard.set(limits)),
  }
}

export class NotReadyError extends BaseError {
  override readonly name = 'Session.NotReadyError'
  constructor() {
    super({
      message: 'The app is still starting.',
      advice: 'Wait a moment and try again.',
    })
  }
}
