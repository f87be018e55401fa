// A role machine behind one face, with the discipline of the app: stored before its effects run, copied on restart.
import { isDeepStrictEqual } from 'node:util'
import type * as Effect from '../../protocol/roles/effect.ts'
import type * as Event from '../../protocol/roles/event.ts'
import * as Ledger from '../../protocol/roles/ledger.ts'
import type * as Participant from '../../protocol/roles/participant.ts'

export type Machine<state> = {
  readonly step: (state: state, event: Event.Event, now: number) => Participant.Step<state>
  readonly resume: (state: state) => readonly Effect.Effect[]
}

export type Role = {
  /** The effects of the step; `store` false loses the step, as a crash before the write does. */
  deliver(event: Event.Event, now: number, store: boolean): readonly Effect.Effect[]
  /** What is wished for after a restart. */
  reload(): readonly Effect.Effect[]
  wishes(id: string): boolean
  outbox(): Effect.Outbox
  participant(): Participant.Participant
}

export function hold<state extends Participant.Participant>(
  machine: Machine<state>,
  first: state,
  /** Whether to repeat this step on a copy and compare. */
  isProbed: () => boolean,
): Role {
  let state = first
  return {
    deliver: (event, now, store) => {
      const copy = isProbed() ? structuredClone(state) : undefined
      const step = machine.step(state, event, now)
      if (copy !== undefined && !isDeepStrictEqual(machine.step(copy, event, now), step))
        throw new Error(`a step on ${event.type} gives different results when repeated`)
      if (!store) return []
      state = step.state
      return step.effects
    },
    reload: () => {
      state = structuredClone(state)
      return machine.resume(state)
    },
    wishes: (id) => state.outbox[id] !== undefined,
    outbox: () => state.outbox,
    participant: () => state,
  }
}

/** What it heard of the chain. */
export function ledgerOf(role: Role | undefined): Ledger.Ledger {
  return role?.participant().ledger ?? Ledger.empty
}
