// One contender in a worker of its own, so that libraries share no state and take nothing from one another while they rest.
import * as Comlink from 'comlink'
import type * as Work from './work.ts'

/** Repetitions that may wait in a device's queue, for everybody as for our rounds. */
const inFlight = 16

export type Remote = {
  /** Starts a task and repeats it a few times, compiling on the way; the mean losses that it met, or why it cannot. */
  start(contender: Work.Contender, task: Work.Task): Promise<Started>
  /** Seconds that one repetition took, over about so many ms. */
  round(ms: number): Promise<number>
}

export type Started = {
  readonly losses: readonly number[]
  /** Of the last of these repetitions. */
  readonly seconds: number
  readonly operations: number
  readonly note?: string
}

let work: Work.Work | undefined
/** Of one repetition, as last seen. */
let seconds = 0

const remote: Remote = {
  start: async (contender, task) => {
    work?.dispose()
    work = undefined
    work = await started(contender, task)
    const losses: number[] = []
    let spent = 0
    // The third loss depends on momentum, the second on gradients; where a step takes long, fewer have to do.
    while (losses.length < (spent > 8 ? 1 : spent > 4 ? 2 : 3)) {
      const before = performance.now()
      losses.push(await work.run(1))
      seconds = (performance.now() - before) / 1000
      spent += seconds
      if (task.kind === 'matmul') break
    }
    const { operations, note } = work
    return { losses, seconds, operations, ...(note === undefined ? {} : { note }) }
  },
  round: async (ms) => {
    if (work === undefined) throw new Error('Nothing was started.')
    let done = 0
    const before = performance.now()
    do {
      const left = ms - (performance.now() - before)
      const times = Math.max(1, Math.min(inFlight, Math.round(left / 1000 / seconds)))
      await work.run(times)
      done += times
    } while (performance.now() - before < ms - seconds * 500)
    seconds = (performance.now() - before) / 1000 / done
    return seconds
  },
}

async function started({ library, backend }: Work.Contender, task: Work.Task): Promise<Work.Work> {
  switch (library) {
    case 'ours':
      return (await import('./ours.ts')).start(backend, task)
    case 'tfjs':
      return (await import('./tfjs.ts')).start(backend, task)
    case 'jax-js':
      return (await import('./jax.ts')).start(backend, task)
  }
}

Comlink.expose(remote)
