// A round's record as an aggregator proposes it, and what each member looks at before it signs.
import * as Body from '../body.ts'
import type { Hex } from '../codec.ts'
import * as Record from '../record.ts'
import type { Terms } from '../terms.ts'
import type { TaskSpec } from '../taskSpec.ts'
import type * as Effect from './effect.ts'
import * as Ledger from './ledger.ts'
import * as Survivors from './survivors.ts'

export type Sum = Body.Of<'recordProposed'>['sums'][number]

/** 32-byte words of one ciphertext. */
const wordsPerCiphertext = 2048

/** The survivors' updates of each cohort that has any, in the order of seats. */
export function cohortsOf(
  record: Pick<Record.Body, 'cohorts' | 'survivors'>,
  inputs: readonly Effect.Input[],
): Effect.Cohorts {
  return all(record, inputs).filter((cohort) => cohort.length > 0)
}

/** The same with an empty list for each cohort without survivors. */
function all(
  record: Pick<Record.Body, 'cohorts' | 'survivors'>,
  inputs: readonly Effect.Input[],
): Effect.Cohorts {
  return record.cohorts.map((cohort) =>
    inputs.filter(({ provider }) => ((cohort & record.survivors) >> BigInt(provider)) & 1n),
  )
}

/** What a round's `sums` stand for: an entry for every cohort, with a zero root where nothing was added. */
export function sumsOf(
  task: { readonly terms: Terms; readonly spec: TaskSpec },
  record: Pick<Record.Body, 'cohorts' | 'survivors'>,
  inputs: readonly Effect.Input[],
  sums: readonly { readonly root: Hex }[],
): Record.Sums {
  const { q, t, n } = task.spec.he
  const found = sums.values()
  const cohorts = all(record, inputs).map((cohort) => ({
    inputs: cohort.map(({ ciphertextRoot, signature }) => ({ root: ciphertextRoot, signature })),
    sumRoot: (cohort.length === 0 ? undefined : found.next().value?.root) ?? ciphertextless,
  }))
  return { q, t: BigInt(t), n, ciphertexts: task.terms.words / wordsPerCiphertext, cohorts }
}

/** The digest that the record holds. */
export function sumsDigest(...shown: Parameters<typeof sumsOf>): Hex {
  return Record.sums(sumsOf(...shown))
}

const ciphertextless: Hex = `0x${'00'.repeat(32)}`

/** The lanes of a record that pays no job work. */
export const noJobs = 0n

/** What every member must find the same for itself. */
export type Expected = {
  readonly round: number
  readonly closes: number
  readonly opened: Hex
  readonly openerSignature: Hex
  readonly cohortsDigest: Hex
  readonly cohorts: readonly bigint[]
  readonly aggregator: number
  /** Lanes of the job work that this member knows to be done and not paid yet. */
  readonly jobs: bigint
  /** Data seats to which this member gave a receipt. */
  readonly receipts: bigint
}

/** Why this record must not be signed whatever else arrives; undefined when nothing speaks against it. */
export function faultOf(
  task: { readonly ledger: Ledger.Ledger; readonly terms: Terms; readonly spec: TaskSpec },
  { record, inputs, sums }: Body.Of<'recordProposed'>,
  expected: Expected,
): string | undefined {
  const { round } = record
  const same =
    round === expected.round &&
    record.closes === expected.closes &&
    record.opened === expected.opened &&
    record.openerSignature === expected.openerSignature &&
    record.cohortsDigest === expected.cohortsDigest &&
    record.aggregator === expected.aggregator &&
    record.cohorts.length === expected.cohorts.length &&
    record.cohorts.every((cohort, at) => cohort === expected.cohorts[at])
  if (!same) return `The record of round ${round} is not about the round that was opened.`

  if (record.jobs !== expected.jobs)
    return `The record of round ${round} pays other job work than we know of.`
  const union = record.cohorts.reduce((all, cohort) => all | cohort, 0n)
  if ((record.delivered & ~union) !== 0n)
    return `The record of round ${round} pays somebody outside the cohorts.`
  if ((record.survivors & ~record.delivered) !== 0n)
    return `The record of round ${round} adds what was not delivered.`
  if ((expected.receipts & ~record.delivered) !== 0n)
    return `The record of round ${round} misses a receipt we gave.`
  const seats = inputs.map(({ provider }) => provider)
  if (
    seats.some((seat, at) => at > 0 && (seats[at - 1] ?? 0) >= seat) ||
    Record.bitmapOf(seats) !== record.delivered
  )
    return `The record of round ${round} does not list what it says was delivered.`

  const opened = Ledger.openedSets(task.ledger, task.terms, round)
  if (!Survivors.arePermitted(record, opened, task.terms.minCohort))
    return `The record of round ${round} opens a set that could be subtracted from another.`
  if (record.survivors === 0n) return `The record of round ${round} opens nothing.`
  if (sums.length !== cohortsOf(record, inputs).length) return `The record of round ${round} lacks a sum.`
  if (sumsDigest(task, record, inputs, sums) !== record.sums)
    return `The record of round ${round} commits to other sums than it lists.`
  return undefined
}
