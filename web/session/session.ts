// The session of one profile: starts the parts, ties them together, and shows them as one snapshot.
import type { Session } from './api.ts'
import * as Environment from './environment.ts'
import type { Environment as World } from './environment.ts'
import { BaseError } from '../../protocol/errors.ts'
import * as Actions from './actions.ts'
import * as Limits from './limits.ts'
import * as Lock from './lock.ts'
import * as Parts from './parts.ts'
import * as Problem from './problem.ts'
import * as Problems from './problems.ts'
import type { Connection } from './view/device.ts'
import type { StandingRules } from './view/rules.ts'
import type { Phase, Snapshot } from './view/snapshot.ts'
import * as Views from './views.ts'

/** Starts at once and reports through the snapshot; never rejects. */
export function boot(world: World = Environment.ofBrowser()): Session {
  const listeners = new Set<(snapshot: Snapshot) => void>()
  const problems = Problems.make(changed)
  let phase: Phase = { name: 'starting', step: 'Looking for other tabs' }
  let parts: Parts.Parts | undefined
  let shown: Snapshot | undefined
  let announcing: ReturnType<typeof setTimeout> | undefined
  let lock: Lock.Lock | undefined
  let starting: Promise<void> | undefined

  function changed(): void {
    shown = undefined
    announcing ??= setTimeout(() => {
      announcing = undefined
      const snapshot = show()
      for (const listener of listeners) listener(snapshot)
    }, 40)
  }

  function show(): Snapshot {
    shown ??= compose()
    return shown
  }

  function compose(): Snapshot {
    if (parts === undefined) return { ...blank, phase, problems: problems.list() }
    return { ...Views.compose(parts), phase, problems: problems.list() }
  }

  function enter(next: Phase): void {
    phase = next
    changed()
  }

  async function start(): Promise<void> {
    try {
      lock ??= Lock.make('galaxy session', world.locks)
      await lock.hold(() => enter({ name: 'elsewhere' }))
      parts = await Parts.start({
        world,
        step: (step) => enter({ name: 'starting', step }),
        changed,
        problems,
      })
      enter({ name: 'ready' })
    } catch (thrown) {
      lock?.release()
      lock = undefined
      enter({ name: 'failed', problem: Problem.from(thrown) })
    }
  }

  function ready(): Parts.Parts {
    if (parts === undefined) throw new Actions.NotReadyError()
    return parts
  }

  starting = start()

  return {
    snapshot: show,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async retry() {
      if (phase.name === 'elsewhere') throw new ElsewhereError()
      if (phase.name === 'failed') starting = start()
      await starting
      parts?.participations.retry()
    },
    async stop() {
      lock?.release()
      await parts?.stop()
      parts = undefined
      clearTimeout(announcing)
      listeners.clear()
    },
    dismiss(problem) {
      problems.dismiss(problem)
      for (const entry of parts?.participations.list() ?? []) entry.problems.dismiss(problem)
    },
    ...Actions.make(ready),
  }
}

const connection: Connection = {
  relays: [],
  chain: { reachable: false, block: 0, chainId: 0 },
  workers: { network: 'starting', frame: 'starting' },
  probe: undefined,
  benchmark: undefined,
  bytesUp: 0,
  bytesDown: 0,
}
const rules: StandingRules = { autoConsent: false, autoAccept: false, autoClaim: false, backend: undefined }

const blank: Omit<Snapshot, 'phase' | 'problems'> = {
  identity: undefined,
  wallets: [],
  token: undefined,
  connection,
  dataSets: { list: [], openings: {}, importing: undefined, storage: undefined },
  offers: { data: [], compute: [] },
  market: { dataOffers: [], computeOffers: [], tasks: [] },
  participations: [],
  rules,
  limits: { ...Limits.none, battery: undefined, held: undefined },
}

export class ElsewhereError extends BaseError {
  override readonly name = 'Session.ElsewhereError'
  constructor() {
    super({
      message: 'Another tab still runs Galaxy.',
      advice: 'Close that tab; this one goes on by itself.',
      safe: 'Your work goes on in the other tab.',
    })
  }
}
