// The market's rules about those who start a task, its rounds, its settlement and evidence, in TypeScript.
import { concat, encodeAbiParameters, keccak256 } from 'viem/utils'
import * as Acceptance from '../../protocol/acceptance.ts'
import type { Address, Hex } from '../../protocol/codec.ts'
import * as Once from '../../protocol/once.ts'
import * as Party from '../../protocol/party.ts'
import * as Payout from '../../protocol/payout.ts'
import * as Plan from '../../protocol/plan.ts'
import * as Record from '../../protocol/record.ts'
import type * as Effect from '../../protocol/roles/effect.ts'
import * as Terms from '../../protocol/terms.ts'
import type * as Topic from '../../protocol/topic.ts'
import type { Prove, Task, Told } from './market.ts'
import { need } from './refused.ts'

/** What these rules read and write of a market. */
export type Books = {
  readonly place: Topic.Place
  /** Who signed; undefined where nobody did. */
  readonly signed: (digest: Hex, signature: Hex) => Address | undefined
  readonly depositOf: (account: Address) => bigint
  /** Adds to a deposit, or takes from it. */
  readonly credit: (account: Address, amount: bigint) => void
  readonly task: (id: Hex) => Task | undefined
  readonly inState: (terms: Terms.Terms, state: Task['state']) => { readonly id: Hex; readonly task: Task }
}

export function start(
  { place, signed, depositOf, credit, inState }: Books,
  from: Address,
  { terms, parties, acceptances }: Extract<Effect.Call, { readonly name: 'start' }>,
  time: number,
  tell: (event: Told) => void,
): void {
  const { id, task } = inState(terms, 'open')
  need(from === terms.modelProvider, 'NotModelProvider')
  need(time <= task.deadline, 'TooLate')
  const { computes, datas } = parties
  const { invitations } = acceptances
  need(datas.length >= terms.minDatas && datas.length <= terms.maxDatas, 'DataCountInvalid')
  const isOpen = terms.invited === Terms.noHash
  need(invitations.length === (isOpen ? 0 : datas.length), 'InvitationCountInvalid')
  need(computes.length >= terms.minComputes && computes.length <= terms.maxComputes, 'ComputeCountInvalid')
  const committee = Party.committeeHash(computes.map(({ account }) => account))
  Party.datasHash(datas)
  let floors = 0n
  for (const [seat, party] of datas.entries()) {
    const signature = acceptances.datas[seat]
    need(isOpen || isUnder(terms.invited, party.account, invitations[seat] ?? []), 'NotInvited')
    need(party.quality >= terms.minQuality, 'QualityTooLow')
    need(party.compute < computes.length, 'SeatMissing')
    const digest = Acceptance.dataDigest(place, id, committee, party)
    need(signature !== undefined && signed(digest, signature) === party.account, 'AcceptanceInvalid')
    floors += party.floor
  }
  need(floors <= terms.dataPool, 'FloorsExceedPool')
  const absent = Record.bitmapOf(
    computes.flatMap((party, seat) => {
      const digest = Acceptance.computeDigest(place, id, party)
      const signature = acceptances.computes[seat]
      const sits =
        datas.some(({ compute }) => compute === seat) &&
        depositOf(party.account) >= terms.computeBond &&
        signature !== undefined &&
        signed(digest, signature) === party.account
      return sits ? [] : [seat]
    }),
  )
  const seated = computes.filter((_, seat) => ((absent >> BigInt(seat)) & 1n) === 0n)
  need(seated.length >= terms.threshold, 'TooFewPresent')
  const prices = seated.map(({ price }) => price)
  need(Payout.worstCompute(terms, prices, datas.length) <= terms.computePool, 'ComputeExceedsPool')
  for (const { account } of seated) credit(account, -terms.computeBond)
  task.escrow += BigInt(seated.length) * terms.computeBond
  task.state = 'running'
  task.deadline = time + terms.idleWindow
  task.computes = computes
  task.datas = datas
  task.absent = Number(absent)
  const { deadline } = task
  tell({
    name: 'TaskStarted',
    task: id,
    computes: task.computes,
    datas: task.datas,
    absent: task.absent,
    deadline,
  })
}

export function settle(
  { place, task: taskOf }: Books,
  from: Address,
  call: Extract<Effect.Call, { readonly name: 'settle' }>,
  time: number,
  tell: (event: Told) => void,
): void {
  const id = Terms.id(place.market, call.terms)
  const task = taskOf(id)
  need(task?.state === 'running' || task?.state === 'faulted', 'WrongState')
  need(task.rounds.length > 0, 'NoRounds')
  const vanished = task.state === 'running' && from !== task.terms.modelProvider
  need(!vanished || time > task.deadline, 'TooEarly')
  const punished = vanished || task.guilty
  const { terms, computes, datas, absent, rounds } = task
  const { parties, utilities } = call
  need(
    Party.partiesHash(parties.computes, parties.datas) === Party.partiesHash(computes, datas),
    'PartiesMismatch',
  )
  need(utilities.length === (punished ? 0 : Plan.epochs(terms, rounds)), 'UtilityCountInvalid')
  need(logOf(call.rounds) === logOf(rounds), 'LogMismatch')
  task.payout = Payout.compute({ terms, computes, datas, absent, rounds, utilities, punished })
  const owed = task.payout.leaves.reduce((sum, leaf) => sum + leaf.amount, 0n)
  if (owed !== task.escrow) throw new Error(`payouts of ${owed} out of an escrow of ${task.escrow}`)
  task.state = 'settled'
  task.deadline = time + terms.challengeWindow
  const { deadline, payout } = task
  tell({ name: 'TaskSettled', task: id, root: payout.root, punished, deadline, utilities })
}

export function prove(
  { place, signed, task: taskOf }: Books,
  { terms, round, seat, statements }: Prove,
  time: number,
  tell: (event: Told) => void,
): void {
  const id = Terms.id(place.market, terms)
  const task = taskOf(id)
  const isLate = task?.state === 'settled' && time > task.deadline
  need(task !== undefined && ['running', 'settled', 'faulted'].includes(task.state), 'NotProvable')
  need(!isLate, 'NotProvable')
  need(task.rounds.length > 0, 'NoRounds')
  const [kind, key] =
    seat === undefined
      ? (['opening', terms.opener] as const)
      : (['record', task.computes[seat]?.device] as const)
  need(statements[0].statement !== statements[1].statement, 'StatementsEqual')
  for (const { statement, signature } of statements)
    need(signed(Once.digest(place, id, kind, round, statement), signature) === key, 'StatementInvalid')
  if (seat === undefined) {
    need(!task.guilty, 'AlreadyProven')
    task.guilty = true
    task.state = 'faulted'
    tell({ name: 'TaskFaulted', task: id, round })
    return
  }
  const seats = (1 << seat) & ~(task.slashed | task.absent)
  need(seats !== 0, 'AlreadyProven')
  task.slashed |= seats
  tell({ name: 'Slashed', task: id, round, seats })
}

export function commitRound(
  { place, signed, inState }: Books,
  { terms, commitment }: Extract<Effect.Call, { readonly name: 'commitRound' }>,
  time: number,
  tell: (event: Told) => void,
): void {
  const { id, task } = inState(terms, 'running')
  const { record, signatures } = commitment
  const last = task.rounds.at(-1)?.round ?? 0
  need(record.round > last && record.round <= terms.maxRounds, 'RoundOutOfOrder')
  need(time <= record.closes && time <= task.deadline, 'TooLate')
  const opening = Once.digest(place, id, 'opening', record.round, Once.opening(record.opened, record.closes))
  need(signed(opening, record.openerSignature) === terms.opener, 'OpeningInvalid')

  need(record.cohorts.length > 0 && record.cohorts.length <= terms.maxCohorts, 'CohortCountInvalid')
  let union = 0n
  for (const cohort of record.cohorts) {
    need((union & cohort) === 0n, 'CohortsOverlap')
    union |= cohort
    const survivors = Record.seats(cohort & record.survivors).length
    need(survivors === 0 || (survivors >= terms.minCohort && survivors <= 64), 'CohortSizeInvalid')
  }
  need(union >> BigInt(task.datas.length) === 0n, 'SeatOutOfRange')
  need((record.delivered & ~union) === 0n, 'DeliveredOutsideCohorts')
  need((record.survivors & ~record.delivered) === 0n, 'SurvivorNotDelivered')
  need(record.survivors !== 0n, 'NoSurvivors')

  const statement = Once.digest(place, id, 'record', record.round, Record.hash(record))
  const signers = Number(Record.bitmapOf(signatures.map(({ seat }) => seat)))
  need((signers & (task.absent | task.slashed)) === 0, 'SignerExcluded')
  need(((signers >> record.aggregator) & 1) === 1, 'AggregatorMissing')
  need(new Set(signatures.map(({ seat }) => seat)).size >= terms.threshold, 'TooFewSigners')
  for (const { seat, signature } of signatures)
    need(signed(statement, signature) === task.computes[seat]?.device, 'RecordSignatureInvalid')

  task.rounds = [...task.rounds, Record.tally(record, signers)]
  task.deadline = time + terms.idleWindow
  const { deadline } = task
  const { round, closes, opened, cohortsDigest, aggregator, delivered, survivors, cohorts, jobs, sums } =
    record
  const sets = { delivered, survivors, cohorts, jobs }
  const body = { round, closes, opened, cohortsDigest, aggregator, ...sets, sums }
  tell({ name: 'RoundCommitted', task: id, round, record: body, signers, deadline })
}

function logOf(rounds: readonly Record.Tally[]): Hex {
  return rounds.reduce((log, tally) => Record.log(log, tally), Terms.noHash)
}

function isUnder(root: Hex, account: Address, path: readonly Hex[]): boolean {
  const leaf = keccak256(keccak256(encodeAbiParameters([{ type: 'address' }], [account])))
  return root === path.reduce((a, b) => keccak256(concat(a < b ? [a, b] : [b, a])), leaf)
}
