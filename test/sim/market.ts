// The market's rules in TypeScript, with every unit of the token accounted for after each transaction.
import { concat, encodeAbiParameters, keccak256 } from 'viem/utils'
import * as Acceptance from '../../protocol/acceptance.ts'
import type { Address, Hex } from '../../protocol/codec.ts'
import type { Recover } from '../../protocol/envelope.ts'
import type * as Market from '../../protocol/market.ts'
import * as Once from '../../protocol/once.ts'
import * as Party from '../../protocol/party.ts'
import * as Payout from '../../protocol/payout.ts'
import * as Plan from '../../protocol/plan.ts'
import * as Record from '../../protocol/record.ts'
import type * as Effect from '../../protocol/roles/effect.ts'
import * as Terms from '../../protocol/terms.ts'
import type * as Topic from '../../protocol/topic.ts'
import * as Proofs from './proofs.ts'

export type Task = {
  readonly terms: Terms.Terms
  state: Market.State
  deadline: number
  computes: readonly Party.ComputeParty[]
  datas: readonly Party.DataParty[]
  absent: number
  slashed: number
  guilty: boolean
  rounds: Record.Tally[]
  payout: Payout.Payout | undefined
  claimed: bigint
  escrow: bigint
}

/** What a stranger shows: that the opener, or the compute provider on a seat, signed two statements about one round. */
export type Prove = {
  readonly name: 'prove'
  readonly terms: Terms.Terms
  readonly computes: readonly Party.ComputeParty[]
  readonly datas: readonly Party.DataParty[]
  readonly round: number
  /** Undefined for openings. */
  readonly seat: number | undefined
  readonly statements: readonly [Statement, Statement]
}
type Statement = { readonly statement: Hex; readonly signature: Hex }

export type Call = Effect.Call | Prove

/** A transaction that was run: what it told, or why it was refused. */
export type Ran = {
  readonly from: Address
  readonly call: Call
  /** Unix seconds of its block. */
  readonly time: number
  readonly told: readonly Told[]
  readonly refusal: string
}

export type Chain = {
  readonly ran: readonly Ran[]
  readonly events: readonly (Market.Event & { readonly time: number })[]
  readonly task: (id: Hex) => Task | undefined
  /** Runs a transaction in the block of this time; throws `RefusedError`. */
  run(from: Address, call: Call, block: number, time: number): void
  mint(account: Address, amount: bigint): void
  /** Tokens of each account outside the market, and inside but free. */
  readonly balances: ReadonlyMap<Address, bigint>
  readonly deposits: ReadonlyMap<Address, bigint>
  readonly minted: ReadonlyMap<Address, bigint>
}

export type Told = Market.Event extends infer event
  ? event extends Market.Event
    ? Omit<event, keyof Market.Place>
    : never
  : never

export function open(
  place: Topic.Place,
  recover: Recover,
  added: Proofs.Court['added'] = () => undefined,
): Chain {
  const tasks = new Map<Hex, Task>()
  const balances = new Map<Address, bigint>()
  const deposits = new Map<Address, bigint>()
  const events: (Market.Event & { readonly time: number })[] = []
  const ran: Ran[] = []
  const minted = new Map<Address, bigint>()
  let held = 0n

  const of = (book: Map<Address, bigint>, account: Address) => book.get(account) ?? 0n
  const add = (book: Map<Address, bigint>, account: Address, amount: bigint) => {
    const next = of(book, account) + amount
    need(next >= 0n, 'BalanceTooSmall')
    book.set(account, next)
  }
  const total = (book: Map<Address, bigint>) => [...book.values()].reduce((sum, amount) => sum + amount, 0n)

  function run(from: Address, call: Call, block: number, time: number): void {
    const told: Told[] = []
    try {
      execute(from, call, time, (event) => told.push(event))
    } catch (thrown) {
      if (thrown instanceof RefusedError) ran.push({ from, call, time, told: [], refusal: thrown.message })
      throw thrown
    }
    ran.push({ from, call, time, told, refusal: '' })
    for (const event of told) {
      const logIndex = events.length
      events.push({ ...event, block, logIndex, transaction: Terms.noHash, time })
    }
    conserve()
  }

  /** Nothing appears or disappears, and the market holds exactly what it owes. */
  function conserve(): void {
    const escrow = [...tasks.values()].reduce((sum, task) => sum + task.escrow, 0n)
    if (held !== total(deposits) + escrow) throw new Error(`the market holds ${held}, not what it owes`)
    if (total(minted) !== total(balances) + held) throw new Error('tokens appeared or disappeared')
  }

  function take(account: Address, amount: bigint): void {
    add(balances, account, -amount)
    held += amount
  }

  function pay(account: Address, amount: bigint): void {
    held -= amount
    add(balances, account, amount)
  }

  function execute(from: Address, call: Call, time: number, tell: (event: Told) => void): void {
    switch (call.name) {
      case 'deposit': {
        const short = call.amount - of(deposits, from)
        if (short <= 0n) return
        take(from, short)
        add(deposits, from, short)
        tell({ name: 'Deposited', token: call.token, account: from, amount: short })
        return
      }
      case 'withdraw': {
        const amount = of(deposits, from)
        add(deposits, from, -amount)
        pay(from, amount)
        tell({ name: 'Withdrawn', token: call.token, account: from, amount })
        return
      }
      case 'create': {
        const { terms } = call
        const id = Terms.id(place.market, terms)
        need(!tasks.has(id), 'WrongState')
        need(from === terms.modelProvider, 'NotModelProvider')
        need(time <= terms.startBy, 'TooLate')
        const escrow = Terms.funding(terms)
        take(from, escrow)
        tasks.set(id, {
          terms,
          state: 'open',
          deadline: terms.startBy,
          computes: [],
          datas: [],
          absent: 0,
          slashed: 0,
          guilty: false,
          rounds: [],
          payout: undefined,
          claimed: 0n,
          escrow,
        })
        tell({ name: 'TaskCreated', task: id, modelProvider: from, terms })
        return
      }
      case 'start':
        start(from, call, time, tell)
        return
      case 'cancel': {
        const { id, task } = inState(call.terms, 'open')
        need(from === task.terms.modelProvider || time > task.deadline, 'TooEarly')
        task.state = 'cancelled'
        add(deposits, task.terms.modelProvider, task.escrow)
        task.escrow = 0n
        tell({ name: 'TaskCancelled', task: id })
        return
      }
      case 'expire': {
        const { id, task } = inState(call.terms, 'running')
        need(task.rounds.length === 0, 'WrongState')
        need(time > task.deadline, 'TooEarly')
        task.state = 'cancelled'
        add(deposits, task.terms.modelProvider, Terms.funding(task.terms))
        for (const [seat, { account }] of task.computes.entries()) {
          if (((task.absent >> seat) & 1) === 0) add(deposits, account, task.terms.computeBond)
        }
        task.escrow = 0n
        tell({ name: 'TaskCancelled', task: id })
        return
      }
      case 'commitRound':
        commitRound(call, time, tell)
        return
      case 'settle':
        settle(from, call, time, tell)
        return
      case 'prove':
        prove(call, time, tell)
        return
      case 'proveForged':
      case 'proveSum': {
        const id = Terms.id(place.market, call.terms)
        const task = tasks.get(id)
        const seats = Proofs.convicted(call, { place, id, task, time, signed, added })
        if (task === undefined || typeof seats === 'string') throw new RefusedError(String(seats))
        task.slashed |= seats
        tell({ name: 'Slashed', task: id, round: call.round, seats })
        return
      }
      case 'claim': {
        const { id, task } = inState(call.terms, 'settled')
        need(task.payout !== undefined, 'WrongState')
        need(time > task.deadline, 'TooEarly')
        for (const claim of call.claims) {
          const leaf = task.payout.leaves[claim.index]
          const bit = 1n << BigInt(claim.index)
          need((task.claimed & bit) === 0n, 'AlreadyClaimed')
          need(leaf?.amount === claim.amount && leaf.payee === claim.payee, 'ProofInvalid')
          const isSlashed = (BigInt(task.slashed) << BigInt(task.datas.length)) & bit
          const { index, amount } = claim
          const payee = isSlashed ? task.terms.modelProvider : claim.payee
          task.claimed |= bit
          task.escrow -= amount
          pay(payee, amount)
          tell({ name: 'Claimed', task: id, index, payee, amount })
        }
        return
      }
      default:
        call satisfies never
    }
  }

  function start(
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
          of(deposits, party.account) >= terms.computeBond &&
          signature !== undefined &&
          signed(digest, signature) === party.account
        return sits ? [] : [seat]
      }),
    )
    const seated = computes.filter((_, seat) => ((absent >> BigInt(seat)) & 1n) === 0n)
    need(seated.length >= terms.threshold, 'TooFewPresent')
    const prices = seated.map(({ price }) => price)
    need(Payout.worstCompute(terms, prices, datas.length) <= terms.computePool, 'ComputeExceedsPool')
    for (const { account } of seated) add(deposits, account, -terms.computeBond)
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

  function settle(
    from: Address,
    call: Extract<Effect.Call, { readonly name: 'settle' }>,
    time: number,
    tell: (event: Told) => void,
  ): void {
    const id = Terms.id(place.market, call.terms)
    const task = tasks.get(id)
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

  function prove({ terms, round, seat, statements }: Prove, time: number, tell: (event: Told) => void): void {
    const id = Terms.id(place.market, terms)
    const task = tasks.get(id)
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

  function commitRound(
    { terms, commitment }: Extract<Effect.Call, { readonly name: 'commitRound' }>,
    time: number,
    tell: (event: Told) => void,
  ): void {
    const { id, task } = inState(terms, 'running')
    const { record, signatures } = commitment
    const last = task.rounds.at(-1)?.round ?? 0
    need(record.round > last && record.round <= terms.maxRounds, 'RoundOutOfOrder')
    need(time <= record.closes && time <= task.deadline, 'TooLate')
    const opening = Once.digest(
      place,
      id,
      'opening',
      record.round,
      Once.opening(record.opened, record.closes),
    )
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
    const { round, closes, opened, cohortsDigest, aggregator, delivered, survivors, cohorts, sums } = record
    const body = { round, closes, opened, cohortsDigest, aggregator, delivered, survivors, cohorts, sums }
    tell({ name: 'RoundCommitted', task: id, round, record: body, signers, deadline })
  }

  function inState(terms: Terms.Terms, state: Market.State): { readonly id: Hex; readonly task: Task } {
    const id = Terms.id(place.market, terms)
    const task = tasks.get(id)
    need(task?.state === state, 'WrongState')
    return { id, task }
  }

  function logOf(rounds: readonly Record.Tally[]): Hex {
    return rounds.reduce((log, tally) => Record.log(log, tally), Terms.noHash)
  }

  function signed(digest: Hex, signature: Hex): Address | undefined {
    try {
      return recover(digest, signature)
    } catch {
      return undefined
    }
  }

  return {
    ran,
    events,
    task: (id) => tasks.get(id),
    run,
    mint: (account, amount) => {
      add(minted, account, amount)
      add(balances, account, amount)
    },
    balances,
    deposits,
    minted,
  }
}

function isUnder(root: Hex, account: Address, path: readonly Hex[]): boolean {
  const leaf = keccak256(keccak256(encodeAbiParameters([{ type: 'address' }], [account])))
  return root === path.reduce((a, b) => keccak256(concat(a < b ? [a, b] : [b, a])), leaf)
}

function need(condition: boolean, refusal: string): asserts condition {
  if (!condition) throw new RefusedError(refusal)
}

export class RefusedError extends Error {
  override readonly name = 'RefusedError'
}
