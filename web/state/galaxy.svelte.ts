// The session as screens read it: its latest snapshot, what follows from it, and the time.
import { createContext } from 'svelte'
import type { DataSet } from '../../workers/vault/api.ts'
import type { Session } from '../session/api.ts'
import type { Participation, Role } from '../session/view/participation.ts'
import type { Snapshot } from '../session/view/snapshot.ts'
import { Backups } from './backups.svelte.ts'

export class Galaxy {
  readonly session: Session
  readonly backups = new Backups()
  snapshot: Snapshot
  /** Unix seconds, once a second. */
  now = $state(Math.floor(Date.now() / 1000))

  constructor(session: Session) {
    this.session = session
    this.snapshot = $state.raw(session.snapshot())
    session.subscribe((snapshot) => (this.snapshot = snapshot))
    setInterval(() => (this.now = Math.floor(Date.now() / 1000)), 1000)
  }

  readonly ready = $derived.by(() => this.snapshot.phase.name === 'ready')

  participations(role: Role): readonly Participation[] {
    return this.snapshot.participations.filter((each) => each.role === role)
  }

  participation(id: string): Participation | undefined {
    return this.snapshot.participations.find((each) => each.id === id)
  }

  dataSet(id: string | undefined): DataSet | undefined {
    return this.snapshot.dataSets.list.find((each) => each.id === id)
  }
}

/** Set once by `App`, read by every screen. */
export const [getGalaxy, setGalaxy] = createContext<Galaxy>()
