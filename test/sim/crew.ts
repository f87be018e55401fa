// Runs seeds on as many processes as there are cores. What is reported does not depend on how many there are.
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Answer, Order, Start } from './runner.ts'
import type { Report, Shrunk } from './seed.ts'

export type Crew = {
  /** Reports in the order of seeds; with `untilFailure` none after the first that failed. */
  run(
    seeds: { readonly first: number; readonly last: number; readonly untilFailure: boolean },
    told: (report: Report) => void,
  ): Promise<void>
  /** Null where it does not fail when it is run again. */
  shrink(seed: number): Promise<Shrunk | null>
  end(): void
}

const runner = fileURLToPath(new URL('runner.ts', import.meta.url))

export function start(workers: number, options: Start): Crew {
  const children = Array.from({ length: workers }, () => fork(runner, [JSON.stringify(options)]))

  function order(child: ChildProcess, wanted: Order): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const died = (code: number | null) => {
        reject(new Error(`the process that ran seed ${wanted.seed} ended with ${code}`))
      }
      child.once('exit', died)
      child.once('message', (answer: Answer) => {
        child.off('exit', died)
        resolve(answer)
      })
      child.send(wanted)
    })
  }

  return {
    run: async ({ first, last, untilFailure }, told) => {
      const waiting = new Map<number, Report>()
      let next = first
      let due = first
      let end = last
      await Promise.all(
        children.map(async (child) => {
          while (next <= end) {
            const answer = await order(child, { seed: next++, isToShrink: false })
            if (!('report' in answer)) continue
            const { report } = answer
            if (untilFailure && report.breach !== undefined) end = Math.min(end, report.seed)
            waiting.set(report.seed, report)
            for (let ready = waiting.get(due); ready !== undefined && due <= end; ready = waiting.get(due)) {
              waiting.delete(due++)
              told(ready)
            }
          }
        }),
      )
    },
    shrink: async (seed) => {
      const [child] = children
      const answer = child === undefined ? undefined : await order(child, { seed, isToShrink: true })
      return answer !== undefined && 'shrunk' in answer ? answer.shrunk : null
    },
    end: () => {
      for (const child of children) child.disconnect()
    },
  }
}
