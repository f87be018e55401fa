// Takes turns among contenders, each in a worker of its own: one works while the others rest.
import * as Comlink from 'comlink'
import * as Report from '../report.ts'
import type * as Work from './work.ts'
import type { Remote, Started } from './worker.ts'

export type Found = {
  readonly contender: Work.Contender
  /** Why there is nothing to measure. */
  readonly cannot?: string
  readonly losses: readonly number[]
  readonly operations: number
  readonly note?: string
  /** Of one repetition, by round; fewer rounds where its time was spent. */
  readonly seconds: readonly number[]
}

export type Turns = {
  readonly rounds: number
  /** Of one contender's turn in a round. */
  readonly ms: number
  /** Seconds that one contender may take for all its turns; who is slower has fewer, but one at least. */
  readonly budget: number
  /** By the page's clock, in ms: no further rounds then, and who has not begun is left out. */
  readonly until: number
}

/** Seconds after which a contender that does not answer is given up, and how far beyond the end it may go. */
const patience = 90
const grace = 15

export class Pool {
  /** Of one repetition, as last seen. */
  readonly #seconds = new Map<string, number>()
  readonly #workers = new Map<string, { readonly worker: Worker; readonly remote: Comlink.Remote<Remote> }>()

  /** Starts each contender on the task, then measures all in turn, round by round. */
  async measure(
    contenders: readonly Work.Contender[],
    task: Work.Task,
    { rounds, ms, budget, until }: Turns,
    progress: (line: string) => void,
  ): Promise<readonly Found[]> {
    const started = new Map<Work.Contender, Started>()
    const cannot = new Map<Work.Contender, string>()
    const seconds = new Map<Work.Contender, number[]>(contenders.map((each) => [each, []]))
    const attempt = async (contender: Work.Contender, what: () => Promise<void>) => {
      try {
        await what()
      } catch (error) {
        cannot.set(contender, shortened(error))
        this.#drop(contender)
      }
    }
    // The fastest of the last task first, so that what is left out is what was slowest.
    const pace = (contender: Work.Contender) => this.#seconds.get(contender.name) ?? 0
    for (const contender of contenders.toSorted((a, b) => pace(a) - pace(b))) {
      progress(`  ${contender.name}`)
      if (performance.now() > until) cannot.set(contender, 'left out: the time was spent')
      else
        await attempt(contender, async () => {
          started.set(
            contender,
            await this.#asked(contender, until, (remote) => remote.start(contender, task)),
          )
        })
    }
    for (let round = 1; round <= rounds; round++) {
      progress(`  round ${round} of ${rounds}`)
      for (const [contender, { seconds: first }] of started) {
        const found = seconds.get(contender) ?? []
        // A turn takes as long as asked for, or as one repetition where that is longer.
        const turn = Math.max(ms / 1000, found.at(-1) ?? first)
        const spent = turn * (found.length + 1) > budget || performance.now() > until
        if (cannot.has(contender) || (found.length > 0 && spent)) continue
        await attempt(contender, async () => {
          const took = await this.#asked(contender, until, (remote) => remote.round(ms))
          found.push(took)
          this.#seconds.set(contender.name, took)
        })
      }
    }
    return contenders.map((contender) => {
      const why = cannot.get(contender)
      const note = started.get(contender)?.note
      return {
        contender,
        ...(why === undefined ? {} : { cannot: why }),
        ...(note === undefined ? {} : { note }),
        losses: started.get(contender)?.losses ?? [],
        operations: started.get(contender)?.operations ?? NaN,
        seconds: seconds.get(contender) ?? [],
      }
    })
  }

  close(): void {
    for (const { worker } of this.#workers.values()) worker.terminate()
    this.#workers.clear()
  }

  async #asked<answer>(
    contender: Work.Contender,
    until: number,
    ask: (remote: Comlink.Remote<Remote>) => Promise<answer>,
  ): Promise<answer> {
    const { worker, remote } = this.#worker(contender)
    const failed = Promise.withResolvers<never>()
    const fail = (event: ErrorEvent) => failed.reject(new Error(event.message || 'its worker failed'))
    const seconds = Math.min(patience, Math.max(0, until - performance.now()) / 1000 + grace)
    const late = setTimeout(
      () => failed.reject(new Error(`given up after ${Math.round(seconds)} s`)),
      seconds * 1000,
    )
    worker.addEventListener('error', fail)
    try {
      return await Promise.race([ask(remote), failed.promise])
    } finally {
      clearTimeout(late)
      worker.removeEventListener('error', fail)
    }
  }

  #worker(contender: Work.Contender) {
    const known = this.#workers.get(contender.name)
    if (known) return known
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      type: 'module',
      name: contender.name,
    })
    const made = { worker, remote: Comlink.wrap<Remote>(worker) }
    this.#workers.set(contender.name, made)
    return made
  }

  #drop(contender: Work.Contender): void {
    this.#workers.get(contender.name)?.worker.terminate()
    this.#workers.delete(contender.name)
  }
}

/** Rows of what each contender achieved; `figure` of the seconds of one repetition. */
export function rows(
  group: string,
  unit: string,
  found: readonly Found[],
  figure: (seconds: number, found: Found) => number,
  { rounds }: Turns,
  noteOf: (found: Found) => string | undefined = () => undefined,
): readonly Report.Row[] {
  return found.map((each) => {
    const fewer = each.seconds.length < rounds ? counted(each.seconds.length) : undefined
    const note =
      each.cannot ?? [each.note, noteOf(each), fewer].filter((part) => part !== undefined).join(', ')
    const figures = each.cannot === undefined ? each.seconds.map((seconds) => figure(seconds, each)) : []
    return Report.noted(Report.row(group, each.contender.name, unit, figures), note)
  })
}

function counted(rounds: number): string {
  return rounds === 1 ? '1 round' : `${rounds} rounds`
}

/** The first words of what a library throws, which may be a page long. */
function shortened(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  const first = text.split(/[\n.!]\s/)[0] ?? ''
  return first.length > 90 ? `${first.slice(0, 90)}…` : first
}
