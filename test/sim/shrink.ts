// Makes a failing run smaller while it breaks the same law: fewer participants and rounds, then fewer adversaries, then
// faults dropped in halves, quarters and so on (delta debugging, Zeller and Hildebrandt 2002).
import type { Cut } from './cut.ts'

/** How a run of a cut ended. */
export type Attempt = {
  /** What was broken; undefined where nothing was. */
  readonly breach: string | undefined
  /** Faults that struck. */
  readonly struck: readonly string[]
}

export type Shrunk = { readonly cut: Cut; readonly breach: string; readonly runs: number }

/** Other courses of chance that are tried before a step counts as one too far. */
const courses = 3
const fewestDatas = 4
const fewestComputes = 3

/** The law that a breach names, or what else was thrown, without its figures. */
export function lawOf(breach: string): string {
  return /^I\d+/.exec(breach)?.[0] ?? breach.replaceAll(/0x[0-9a-f]+|\d+/g, '#').slice(0, 80)
}

export function shrink(
  whole: Cut & { readonly rounds: number; readonly adversaries: readonly number[] },
  attempt: (cut: Cut) => Attempt,
  most = 200,
): Shrunk | undefined {
  const first = attempt(whole)
  if (first.breach === undefined) return undefined
  const law = lawOf(first.breach)
  let runs = 1
  let best: Shrunk & { readonly struck: readonly string[] } = {
    ...{ cut: whole, breach: first.breach, struck: first.struck, runs },
  }

  function holds(cut: Cut): boolean {
    if (runs >= most) return false
    runs += 1
    const { breach, struck } = attempt(cut)
    if (breach === undefined || lawOf(breach) !== law) return false
    best = { cut, breach, struck, runs }
    return true
  }

  /** On this course or another. */
  function holdsSomehow(cut: Cut): boolean {
    return [cut.course ?? 0, 1, 2, courses].some((course) => holds({ ...cut, course }))
  }

  function fewer(name: 'datas' | 'computes' | 'rounds', least: number): void {
    const from = best.cut[name] ?? least
    for (const to of new Set([least, Math.floor((from + least) / 2), from - 1]))
      if (to >= least && to < from && holdsSomehow({ ...best.cut, [name]: to })) {
        fewer(name, least)
        return
      }
  }

  function fewerAdversaries(): void {
    const left = best.cut.adversaries ?? []
    for (const one of left)
      if (holds({ ...best.cut, adversaries: left.filter((other) => other !== one) })) {
        fewerAdversaries()
        return
      }
  }

  /** Delta debugging: drops one of `parts` equal parts, or cuts finer. */
  function fewerFaults(parts: number): void {
    const { struck } = best
    if (struck.length === 0 || runs >= most) return
    const size = Math.ceil(struck.length / parts)
    for (let at = 0; at < struck.length; at += size)
      if (holds({ ...best.cut, only: [...struck.slice(0, at), ...struck.slice(at + size)] })) {
        fewerFaults(Math.max(2, parts - 1))
        return
      }
    if (size > 1) fewerFaults(Math.min(struck.length, parts * 2))
  }

  fewer('datas', fewestDatas)
  fewer('computes', fewestComputes)
  fewer('rounds', 1)
  if (!holds({ ...best.cut, adversaries: [] })) fewerAdversaries()
  if (!holds({ ...best.cut, only: [] })) {
    for (const kind of new Set(best.struck.map(kindOf)))
      holds({ ...best.cut, only: best.struck.filter((fault) => kindOf(fault) !== kind) })
    fewerFaults(2)
  }
  fewer('datas', fewestDatas)
  const { cut, breach } = best
  return { cut: { ...cut, only: cut.only ?? best.struck }, breach, runs }
}

function kindOf(fault: string): string {
  return fault.split(' ')[0] ?? fault
}
