// One seed from its scenario to a report, which crosses from a worker process to the one that prints.
import * as Cut from './cut.ts'
import * as Devices from './devices.ts'
import type { Faults } from './faults.ts'
import * as Keys from './keys.ts'
import * as Scenario from './scenario.ts'
import * as Shrink from './shrink.ts'
import * as Trace from './trace.ts'
import * as World from './world.ts'

/** What a command line says about every seed. */
export type Settings = {
  /** The whole size; by the seed where there is none. */
  readonly size?: Scenario.Size
  readonly leave?: number
  readonly cut?: Cut.Cut
  readonly isSigned: boolean
}

export type Counts = { readonly [kind: string]: number }

export type Report = {
  readonly seed: number
  /** What was broken; undefined where nothing was. */
  readonly breach?: string
  readonly stack?: string
  readonly line: string
  readonly steps: number
  readonly committed: number
  readonly aborted: number
  readonly faults: Counts
  readonly adversaries: Counts
}

export type Shrunk = {
  readonly cut: Cut.Cut
  readonly breach: string
  /** What it is and what led to it, to be printed. */
  readonly lines: readonly string[]
}

/** Lines of a trace that are shown. */
const shownLines = 28

export function run(seed: number, settings: Settings): Report {
  const began = performance.now()
  const scenario = scenarioOf(seed, settings)
  const head = `seed ${seed}`.padEnd(10)
  try {
    const outcome = World.run(scenario, { devices: devicesOf(seed, settings) })
    const { steps, messages, faults, adversaries } = outcome.tally.counts
    const cells = [
      head,
      scenario.name.padEnd(24),
      `${scenario.datas} + ${scenario.computes}`.padEnd(8),
      outcome.state.padEnd(14),
      `${outcome.enrolled} enrolled`.padEnd(13),
      `rounds ${outcome.committed} committed ${outcome.aborted} aborted`.padEnd(30),
      `${outcome.seconds} s`.padEnd(8),
      `${steps} steps`.padEnd(14),
      `${messages} messages`.padEnd(14),
      `${Math.round(performance.now() - began)} ms`,
      outcome.byStranger ? '(ended by a stranger)' : '',
    ]
    const { committed, aborted } = outcome
    const counts = { faults: Object.fromEntries(faults), adversaries: Object.fromEntries(adversaries) }
    return { seed, line: cells.join(' ').trimEnd(), steps, committed, aborted, ...counts }
  } catch (thrown) {
    const breach = thrown instanceof Error ? thrown.message : String(thrown)
    const stack = thrown instanceof Error ? thrown.stack : undefined
    const line = `${head} ${scenario.name}: ${breach}`
    const nothing = { steps: 0, committed: 0, aborted: 0, faults: {}, adversaries: {} }
    return { seed, breach, ...(stack === undefined ? {} : { stack }), line, ...nothing }
  }
}

/** The smallest run of this seed that was found to break the same law, and what led to it. */
export function shrink(seed: number, settings: Settings, most?: number): Shrunk | undefined {
  const scenario = scenarioOf(seed, settings)
  const { datas, computes, spec, adversaries } = scenario
  const places = settings.cut?.adversaries ?? adversaries.map((_, at) => at)
  const whole = { datas, computes, rounds: spec.rounds, adversaries: places, ...settings.cut }
  const attempt = (cut: Cut.Cut): Shrink.Attempt => attemptOf(seed, settings, cut).attempt
  const shrunk = Shrink.shrink({ ...whole, rounds: spec.rounds, adversaries: places }, attempt, most)
  if (shrunk === undefined) return undefined
  const { cut, breach, runs } = shrunk
  const { lines } = attemptOf(seed, settings, cut)
  const evil = Cut.scenarioOf(seed, cut, settings.leave).adversaries.map(({ name }) => name)
  const only = cut.only ?? []
  const says = [
    `shrunk in ${runs} runs to ${Cut.shown(cut)}: ${breach}`,
    ...(evil.length === 0 ? [] : [`corrupted: ${evil.join(', ')}`]),
    ...(only.length === 0 ? [] : [`faults: ${only.slice(0, 12).join(', ')}${only.length > 12 ? ', …' : ''}`]),
    ...lines,
  ]
  return { cut, breach, lines: says }
}

function attemptOf(
  seed: number,
  settings: Settings,
  cut: Cut.Cut,
): { readonly attempt: Shrink.Attempt; readonly lines: readonly string[] } {
  let seen: Faults | undefined
  const trace = Trace.start(World.start)
  const watch = (faults: Faults) => {
    seen = faults
  }
  const struck = () => [...(seen?.struck ?? [])]
  try {
    World.run(Cut.scenarioOf(seed, cut, settings.leave), { devices: devicesOf(seed, settings), trace, watch })
    return { attempt: { breach: undefined, struck: struck() }, lines: [] }
  } catch (thrown) {
    const breach = thrown instanceof Error ? thrown.message : String(thrown)
    return { attempt: { breach, struck: struck() }, lines: trace.lines(breach, shownLines) }
  }
}

function scenarioOf(seed: number, { size, leave, cut }: Settings): Scenario.Scenario {
  if (cut !== undefined) return Cut.scenarioOf(seed, cut, leave)
  return leave === undefined ? Scenario.from(seed, size) : Scenario.leaving(seed, leave)
}

function devicesOf(seed: number, { isSigned }: Settings): Devices.Devices {
  return Devices.pretended(seed, isSigned ? Keys.real() : Keys.pretended())
}
