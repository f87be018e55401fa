// The market's rules in TypeScript, with every unit of the token accounted for after each transaction.
import type { Address, Hex } from '../../protocol/codec.ts'
import type { Recover } from '../../protocol/envelope.ts'
import type * as Market from '../../protocol/market.ts'
import * as Party from '../../protocol/party.ts'
import * as Payout from '../../protocol/payout.ts'
import * as Record from '../../protocol/record.ts'
import type * as Effect from '../../protocol/roles/effect.ts'
import * as Terms from '../../protocol/terms.ts'
import type * as Topic from '../../protocol/topic.ts'
import * as Rules from './marketRules.ts'
import * as Proofs from './proofs.ts'
import { RefusedError, need } from './refused.ts'

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
        Rules.start(books, from, call, time, tell)
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
        Rules.commitRound(books, call, time, tell)
        return
      case 'settle':
        Rules.settle(books, from, call, time, tell)
        return
      case 'prove':
        Rules.prove(books, call, time, tell)
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

  function inState(terms: Terms.Terms, state: Market.State): { readonly id: Hex; readonly task: Task } {
    const id = Terms.id(place.market, terms)
    const task = tasks.get(id)
    need(task?.state === state, 'WrongState')
    return { id, task }
  }

  function signed(digest: Hex, signature: Hex): Address | undefined {
    try {
      return recover(digest, signature)
    } catch {
      return undefined
    }
  }

  const books: Rules.Books = {
    ...{ place, signed, inState, task: (id) => tasks.get(id) },
    depositOf: (account) => of(deposits, account),
    credit: (account, amount) => {
      add(deposits, account, amount)
    },
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

/** Compute providers of a start whose deposit does not cover the bond. */
export function shortOf({ deposits }: Chain, call: Effect.Call): readonly Address[] {
  if (call.name !== 'start') return []
  const accounts = call.parties.computes.map(({ account }) => account)
  return accounts.filter((account) => (deposits.get(account) ?? 0n) < call.terms.computeBond)
}
