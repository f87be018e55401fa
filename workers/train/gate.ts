// Lets training be paused, resumed and aborted between two steps, and lets messages in meanwhile.
import { BaseError } from '../../protocol/errors.ts'

export type Gate = {
  /** For work that gets in line: aborted once somebody asks to, whether its turn has come or not. */
  line(): AbortSignal
  /** The turn of that work has come; throws where it was aborted before. A pause stays in force. */
  begin(work: AbortSignal): void
  /** Resolves when open, after other messages had their turn; rejects once aborted. */
  pass(): Promise<void>
  close(): void
  open(): void
  /** Ends all work that got in line so far. */
  abort(): void
}

export function create(): Gate {
  let asked = new AbortController()
  let running = asked.signal
  let opened: Promise<void> = Promise.resolve()
  let release = (): void => undefined

  return {
    line: () => asked.signal,
    begin(work) {
      running = work
      if (running.aborted) throw new AbortedError()
    },
    async pass() {
      await turn()
      await opened
      if (running.aborted) throw new AbortedError()
    },
    close() {
      release()
      opened = new Promise((resolve) => {
        release = resolve
      })
    },
    open() {
      release()
    },
    abort() {
      asked.abort()
      asked = new AbortController()
      release()
    },
  }
}

/** A turn of the event loop, without the 4 ms that nested timers are made to wait. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}

export class AbortedError extends BaseError {
  override readonly name = 'Train.AbortedError'
  constructor() {
    super({
      message: 'Training was stopped before it was done.',
      advice: 'Start it again, or wait for the next round.',
    })
  }
}
