// Failures that a screen shows until they are over or taken off: newest first, the same one only once.
import * as Problems from './problem.ts'
import type { Problem } from './view/problem.ts'

export type Log = {
  list(): readonly Problem[]
  add(thrown: unknown): void
  /** Takes off what is over: all problems of this name. */
  over(name: string): void
  dismiss(problem: Problem): void
}

const most = 20

export function make(changed: () => void): Log {
  let list: readonly Problem[] = []

  function set(next: readonly Problem[]): void {
    if (next.length === 0 && list.length === 0) return
    list = next
    changed()
  }

  return {
    list: () => list,
    add(thrown) {
      const problem = Problems.from(thrown)
      const others = list.filter(({ name, message }) => name !== problem.name || message !== problem.message)
      set([problem, ...others].slice(0, most))
    },
    over(name) {
      if (list.some((problem) => problem.name === name)) set(list.filter((problem) => problem.name !== name))
    },
    dismiss: (problem) => set(list.filter((other) => other !== problem)),
  }
}
