// What a worker gives: at once where it is a model of one, later where real cryptography makes it.

export type Work<value> = value | Promise<value>

export type Waiting = {
  /** Calls `then` as soon as the work is done; virtual time waits for it. */
  readonly settle: <value>(work: Work<value>, then: (value: value) => void) => void
  readonly pending: ReadonlySet<Promise<void>>
}

export function waiting(): Waiting {
  const pending = new Set<Promise<void>>()
  return {
    pending,
    settle: (work, then) => {
      if (!(work instanceof Promise)) {
        then(work)
        return
      }
      const done = work.then(then)
      pending.add(done)
      const forget = () => {
        pending.delete(done)
      }
      done.then(forget, () => undefined)
    },
  }
}

/** One piece of work out of many. */
export function all<value>(works: readonly Work<value>[]): Work<readonly value[]> {
  const there = works.filter((work): work is Awaited<value> & value => !(work instanceof Promise))
  return there.length === works.length ? there : Promise.all(works)
}
