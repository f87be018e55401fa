// Two tabs of one profile share keys and states: only one of them may run the session.

export type Lock = {
  /** Resolves when this tab holds the lock; `waiting` is called once if another tab has it. */
  hold(waiting: () => void): Promise<void>
  release(): void
}

/** `locks` is `navigator.locks`; a browser without it runs without the protection. */
export function make(name: string, locks: LockManager | undefined): Lock {
  let done = (): void => undefined
  const end = new AbortController()

  return {
    async hold(waiting) {
      if (locks === undefined) return
      const held = new Promise<void>((resolve) => (done = resolve))
      if (await request(locks, name, { ifAvailable: true }, held)) return
      waiting()
      await request(locks, name, { signal: end.signal }, held)
    },
    release() {
      end.abort()
      done()
    },
  }
}

/** Resolves with whether the lock was given, and keeps it until `held` resolves. */
function request(
  locks: LockManager,
  name: string,
  options: LockOptions,
  held: Promise<void>,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    locks
      .request(name, options, async (lock) => {
        resolve(lock !== null)
        if (lock !== null) await held
      })
      .catch(reject)
  })
}
