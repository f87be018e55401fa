// Runs one role machine: events strictly one after another, the state stored before any effect of it runs,
// effects repeated until their result is in the state. Knows nothing of what the machine is about.
import { BaseError } from '../../protocol/errors.ts'

export type Machine<state, event, effect> = {
  step(
    state: state,
    event: event,
    now: number,
  ): { readonly state: state; readonly effects: readonly effect[] }
  /** Everything that is still wished for: what has to run again after a restart. */
  resume(state: state): readonly effect[]
}

export type Options<state, event, effect> = {
  readonly machine: Machine<state, event, effect>
  readonly state: state
  /** Unix seconds. */
  readonly now: () => number
  /** Stores the state durably; the effects of a step run only after it resolved. */
  readonly save: (state: state) => Promise<void>
  /** False where the difference is told again after a restart anyway; without effects such a state is not stored. */
  readonly matters?: (before: state, after: state) => boolean
  /** Does what is wished and returns the events that say so. A rejection is repeated later. */
  readonly execute: (effect: effect, signal: AbortSignal) => Promise<readonly event[]>
  readonly changed: (state: state) => void
  /** A step, a store or an effect failed; `attempt` counts from 1. */
  readonly failed: (thrown: unknown, effect: effect | undefined, attempt: number) => void
  /** Milliseconds before the attempt after this one. */
  readonly backoff?: (attempt: number) => number
}

export type Runner<state, event> = {
  state(): state
  /** Resolves when the event is in the stored state. */
  deliver(event: event): Promise<void>
  /** Repeats waiting effects now. */
  retry(): void
  /** Ends waiting effects; resolves when nothing is stored any more. */
  stop(): Promise<void>
}

type Pending = { readonly abort: AbortController; wake: () => void }

/** Starts with what the stored state still wishes for. */
export function start<state, event, effect extends { readonly id: string }>(
  options: Options<state, event, effect>,
): Runner<state, event> {
  const { machine, now, save, execute, changed, failed, backoff = usualBackoff } = options
  const { matters = () => true } = options
  const pending = new Map<string, Pending>()
  const storing = new AbortController()
  let wakeStore = (): void => undefined
  let { state } = options
  let queue: Promise<void> = Promise.resolve()

  function deliver(event: event): Promise<void> {
    const turn = queue.then(() => take(event))
    queue = turn.catch(() => undefined)
    return turn
  }

  async function take(event: event): Promise<void> {
    if (storing.signal.aborted) return
    let next: ReturnType<typeof machine.step>
    try {
      next = machine.step(state, event, now())
    } catch (thrown) {
      failed(thrown, undefined, 1)
      return
    }
    if (next.state !== state) {
      const isStored = next.effects.length > 0 || matters(state, next.state)
      if (isStored && !(await saved(next.state))) return
      state = next.state
      changed(state)
    }
    for (const effect of next.effects) launch(effect)
    drop()
  }

  /** A store that refuses (a full disk) holds up the machine: going on would forget what was promised. */
  async function saved(next: state): Promise<boolean> {
    for (let attempt = 1; !storing.signal.aborted; attempt += 1) {
      try {
        await save(next)
        return true
      } catch (cause) {
        failed(new StoreError(cause), undefined, attempt)
        await pause(backoff(attempt), storing.signal, (wake) => (wakeStore = wake))
      }
    }
    return false
  }

  function launch(effect: effect): void {
    if (pending.has(effect.id) || storing.signal.aborted) return
    const entry: Pending = { abort: new AbortController(), wake: () => undefined }
    pending.set(effect.id, entry)
    void repeat(effect, entry).finally(() => {
      if (pending.get(effect.id) === entry) pending.delete(effect.id)
    })
  }

  async function repeat(effect: effect, entry: Pending): Promise<void> {
    const { signal } = entry.abort
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      const events = await attempted(effect, signal, attempt)
      if (events !== undefined) {
        // Dropped meanwhile: nobody waits for the result.
        if (entry.abort.signal.aborted) return
        for (const event of events) await deliver(event)
        return
      }
      await pause(backoff(attempt), signal, (wake) => (entry.wake = wake))
    }
  }

  /** What came of it; undefined when it failed. */
  async function attempted(
    effect: effect,
    signal: AbortSignal,
    attempt: number,
  ): Promise<readonly event[] | undefined> {
    try {
      return await execute(effect, signal)
    } catch (thrown) {
      if (!signal.aborted) failed(thrown, effect, attempt)
      return undefined
    }
  }

  /** Ends effects that the machine no longer wishes for. */
  function drop(): void {
    const wished = new Set(machine.resume(state).map((effect) => effect.id))
    for (const [id, entry] of pending) if (!wished.has(id)) entry.abort.abort()
  }

  for (const effect of machine.resume(state)) launch(effect)

  return {
    state: () => state,
    deliver,
    retry() {
      wakeStore()
      for (const entry of pending.values()) entry.wake()
    },
    async stop() {
      storing.abort()
      for (const entry of pending.values()) entry.abort.abort()
      await queue
    },
  }
}

/** 1, 2, 4 … 30 seconds. */
function usualBackoff(attempt: number): number {
  return Math.min(30_000, 1000 * 2 ** (attempt - 1))
}

function pause(ms: number, signal: AbortSignal, wakeable: (wake: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms)
    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done, { once: true })
    wakeable(done)
  })
}

export class StoreError extends BaseError {
  override readonly name = 'Runner.StoreError'
  constructor(cause: unknown) {
    super({
      message: 'The browser did not store the state of a task: its disk may be full.',
      advice: 'Free some space on this device. It is tried again by itself.',
      safe: 'The last stored state is intact, and nothing was sent that it does not know of.',
      cause,
    })
  }
}
