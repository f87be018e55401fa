// What the demo found, as JSON and as tables a person can read.
import { formatUnits } from 'viem'
import type { Gas } from './books.ts'
import type { JobRow } from './person.ts'

/** Seconds of the slowest participant in each part; `whole` from opening to commit. */
export type Seconds = Record<
  'train' | 'encrypt' | 'aggregate' | 'network' | 'chain' | 'open' | 'whole',
  number
>

export type Report = {
  /** Share of the whole test set that was predicted right after the last round, 0 to 1. */
  readonly accuracy: number
  /** The same for federated averaging in the clear: same split, seed, clip and rounds. */
  readonly plainAccuracy: number
  readonly rounds: readonly {
    readonly round: number
    readonly accuracy: number
    readonly plainAccuracy: number
    readonly seconds: Seconds
    /** Payload bytes of each data provider, by name. */
    readonly bytes: Record<string, { readonly up: number; readonly down: number }>
    readonly gas: number
  }[]
  readonly participants: readonly {
    readonly name: string
    readonly role: 'model' | 'data' | 'compute'
    readonly phone: boolean
    readonly account: string
    readonly samples: number
    /** What it trained on; undefined for those who do not train. */
    readonly backend: string | undefined
    /** What WebGPU ran on, where it was used; `swiftshader` is a processor, not a GPU. */
    readonly adapter: string | undefined
    /** Rounds. */
    readonly delivered: number
    /** Compute units of jobs that it was paid for, and their pay in token base units. */
    readonly jobUnits: number
    readonly jobPay: string
    /** Token base units, as decimal strings. */
    readonly payout: string
    readonly balance: string
  }[]
  readonly gas: Record<string, Gas>
  /** Of calls that this task did not need. */
  readonly otherGas: Readonly<{ [name: string]: Gas }>
  /** As the model provider's screen lists them. */
  readonly jobs: readonly JobRow[]
  /** Name of the one whose page lies about jobs. */
  readonly cheat: string
  readonly paidIn: string
  readonly paidOut: string
  readonly conserved: boolean
  /** Everyone was paid what the task's history, rebuilt from events, owes. */
  readonly agreed: boolean
  /** Seconds from the start of the stack to the last claim. */
  readonly seconds: number
  /** What must hold, and whether it did. */
  readonly held: readonly { readonly what: string; readonly ok: boolean }[]
}

export function print(report: Report): string {
  const { rounds, participants, gas, otherGas } = report
  const names = participants.filter(({ role }) => role === 'data').map(({ name }) => name)
  return [
    '',
    'Rounds (seconds of the slowest participant in each part)',
    table(
      [
        'round',
        'accuracy',
        'plain',
        'train s',
        'encrypt s',
        'add s',
        'network s',
        'chain s',
        'open s',
        'whole s',
        'gas',
      ],
      rounds.map(({ round, accuracy, plainAccuracy, seconds, gas: used }) => [
        `${round}`,
        percent(accuracy),
        percent(plainAccuracy),
        ...[
          seconds.train,
          seconds.encrypt,
          seconds.aggregate,
          seconds.network,
          seconds.chain,
          seconds.open,
          seconds.whole,
        ].map((each) => each.toFixed(1)),
        count(used),
      ]),
    ),
    'Bytes up / down of each data provider',
    table(
      ['round', ...names],
      rounds.map(({ round, bytes }) => [
        `${round}`,
        ...names.map((name) => `${count(bytes[name]?.up ?? 0)} / ${count(bytes[name]?.down ?? 0)}`),
      ]),
    ),
    'Participants',
    table(
      [
        'who',
        'role',
        'samples',
        'trained on',
        'rounds',
        'job units',
        'pay for jobs',
        'payout in tokens',
        'balance in tokens',
      ],
      participants.map((each) => [
        each.phone ? `${each.name} (phone)` : each.name,
        each.role,
        each.samples === 0 ? '' : count(each.samples),
        each.adapter === undefined ? (each.backend ?? '') : `${each.backend ?? ''} on ${each.adapter}`,
        `${each.delivered}`,
        each.jobUnits === 0 ? '' : count(each.jobUnits),
        each.jobUnits === 0 ? '' : tokens(each.jobPay),
        tokens(each.payout),
        tokens(each.balance),
      ]),
    ),
    `Jobs (the page of ${report.cheat} lies about each)`,
    table(
      ['job', 'state', 'units each', 'who'],
      report.jobs.map(({ job, state, units, who }) => [job, state, units, who.join('; ')]),
    ),
    'Gas',
    gasTable(gas),
    'Gas of calls that this task did not need, made by script (7 data and 4 compute providers)',
    gasTable(otherGas),
    `Escrow in ${tokens(report.paidIn)}, payouts and refunds ${tokens(report.paidOut)}: ${report.conserved ? 'equal to the unit' : 'NOT EQUAL'}.`,
    `Accuracy ${percent(report.accuracy)}; federated averaging in the clear, same split, seed, clip and rounds: ${percent(report.plainAccuracy)}.`,
    ...report.held.map(({ what, ok }) => `${ok ? 'holds' : 'DOES NOT HOLD'}: ${what}`),
    '',
  ].join('\n')
}

function gasTable(gas: Report['otherGas']): string {
  return table(
    ['transaction', 'calls', 'least', 'most', 'total'],
    Object.entries(gas).map(([name, { calls, least, most, total }]) => [
      name,
      `${calls}`,
      count(least),
      count(most),
      count(total),
    ]),
  )
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  )
  const line = (cells: readonly string[]) =>
    `  ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ')}`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line), ''].join('\n')
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`
}

function count(value: number): string {
  return value.toLocaleString('en')
}

function tokens(baseUnits: string): string {
  return formatUnits(BigInt(baseUnits), 18)
}
