// `npm run gas`: what every call costs as a transaction of its own, calldata included, beside the most it may cost.
//   --json FILE  also writes it there
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import * as v from 'valibot'
import * as Codec from '../protocol/codec.ts'
import { BaseError } from '../protocol/errors.ts'
import * as Foundry from './foundry.ts'
import { root } from './processes.ts'
import * as Steps from './steps.ts'

/** Gas of calls by group and name, as contracts/test/Gas.t.sol leaves it. */
export type Snapshots = Readonly<Record<string, Readonly<Record<string, number>>>>

/** Data and compute providers, and rounds, of a measured task. */
type Size = {
  readonly group: string
  readonly datas: number
  readonly computes: number
  readonly rounds: number
}

export type Row = {
  readonly group: string
  readonly call: string
  readonly gas: number
  /** Most gas; absent where nobody set a bound. */
  readonly bound?: number
}

export type Share = Size & {
  /** Gas of start, all rounds, settlement and all claims, by data provider and round. */
  readonly gas: number
}

const commitRound = 'commitRound, 4 signatures of 5'
const claims = 'claim, ten'
const sizes: readonly Size[] = [
  { group: '16+5x10', datas: 16, computes: 5, rounds: 10 },
  { group: '64+5x50', datas: 64, computes: 5, rounds: 50 },
]
const bounds: Snapshots = {
  '16+5x10': { create: 110_000, start: 450_000, [commitRound]: 120_000, settle: 350_000, [claims]: 450_000 },
  '64+5x50': { create: 110_000, [commitRound]: 120_000, settle: 1_700_000, [claims]: 450_000 },
  proofs: { 'wrong sum, 8 inputs': 350_000 },
}
export const counted =
  'start + rounds x commitRound + settle + one claim for every data provider, compute provider and the model provider ' +
  'in batches of ten, divided by data providers x rounds'

/** Everything measured; a bound without a measurement is an error. */
export function rows(snapshots: Snapshots): readonly Row[] {
  for (const [group, calls] of Object.entries(bounds))
    for (const call of Object.keys(calls)) gasOf(snapshots, group, call)
  return Object.entries(snapshots).flatMap(([group, calls]) =>
    Object.entries(calls).map(([call, gas]) => {
      const bound = bounds[group]?.[call]
      return { group, call, gas, ...(bound === undefined ? {} : { bound }) }
    }),
  )
}

/** What a round costs for each data provider, all in. */
export function shares(snapshots: Snapshots): readonly Share[] {
  return sizes.map((size) => {
    const { group, datas, computes, rounds } = size
    const gas = (call: string) => gasOf(snapshots, group, call)
    const claimed = ((datas + computes + 1) * gas(claims)) / 10
    const whole = gas('start') + rounds * gas(commitRound) + gas('settle') + claimed
    return { ...size, gas: Math.round(whole / (datas * rounds)) }
  })
}

export function isBroken({ gas, bound }: Row): boolean {
  return bound !== undefined && gas > bound
}

function gasOf(snapshots: Snapshots, group: string, call: string): number {
  const gas = snapshots[group]?.[call]
  if (gas === undefined) throw new UnmeasuredError(group, call)
  return gas
}

function read(): Snapshots {
  const folder = join(root, 'contracts/snapshots')
  const schema = v.record(v.string(), v.pipe(v.string(), v.regex(/^\d+$/), v.transform(Number)))
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'))
  return Object.fromEntries(
    files.sort().map((file) => {
      const path = join(folder, file)
      return [basename(file, '.json'), Codec.parse(schema, JSON.parse(readFileSync(path, 'utf8')), path)]
    }),
  )
}

function table(measured: readonly Row[]): string {
  const lines = measured.map((row) => {
    const { group, call, gas, bound } = row
    const most = bound === undefined ? '' : bound.toLocaleString('en')
    const each = call === claims ? ` (${Math.round(gas / 10).toLocaleString('en')} each)` : ''
    return `${group.padEnd(9)} ${call.padEnd(32)} ${gas.toLocaleString('en').padStart(10)} ${most.padStart(10)} ${isBroken(row) ? ' BROKEN' : ''}${each}`
  })
  return [
    `${'task'.padEnd(9)} ${'call'.padEnd(32)} ${'gas'.padStart(10)} ${'at most'.padStart(10)}`,
    ...lines,
  ].join('\n')
}

export class UnmeasuredError extends BaseError {
  override readonly name = 'Gas.UnmeasuredError'
  constructor(group: string, call: string) {
    super({
      message: `contracts/snapshots/${group}.json does not say what "${call}" costs.`,
      advice: 'Measure it in contracts/test/Gas.t.sol under that name.',
    })
  }
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { json: { type: 'string' } } })
  const { ok } = await Steps.run({
    name: 'gas measured',
    command: [Foundry.forge(), 'test', '--match-contract', 'Gas'],
  })
  const snapshots = read()
  const measured = rows(snapshots)
  const perRound = shares(snapshots)
  process.stdout.write(`${table(measured)}\n\nGas per data provider and round\n`)
  for (const { datas, computes, rounds, gas } of perRound) {
    const task = `${datas} data and ${computes} compute providers, ${rounds} rounds`
    process.stdout.write(`${task.padEnd(42)} ${gas.toLocaleString('en').padStart(10)}\n`)
  }
  process.stdout.write(`counted: ${counted}\n`)
  if (values.json !== undefined) {
    const report = { calls: measured, perDataProviderAndRound: { counted, tasks: perRound } }
    writeFileSync(values.json, `${JSON.stringify(report, undefined, 2)}\n`)
  }
  process.exitCode = ok && !measured.some(isBroken) ? 0 : 1
}
