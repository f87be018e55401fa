// The market as callers meet it: its calls as bytes, its events as values, its refusals as sentences (refusal.ts).
import { decodeEventLog, decodeFunctionData, encodeFunctionData } from 'viem/utils'
import * as Abi from './abi.ts'
import { address, parse, type Address, type Hex } from './codec.ts'
import * as Party from './party.ts'
import type * as Payout from './payout.ts'
import type * as Record from './record.ts'
import * as Refusal from './refusal.ts'
import * as Terms from './terms.ts'

export const abi = Abi.market

export type FunctionName =
  | 'deposit'
  | 'depositFor'
  | 'withdraw'
  | 'create'
  | 'start'
  | 'cancel'
  | 'expire'
  | 'commitRound'
  | 'settle'
  | 'claim'

/** A transaction without its sender. */
export type Call = { readonly functionName: FunctionName; readonly to: Address; readonly data: Hex }

export type State = 'none' | 'open' | 'running' | 'settled' | 'cancelled'

export type Commitment = {
  readonly record: Record.Record
  /** Signatures of the members' device keys by seat, ascending. */
  readonly signatures: readonly { readonly seat: number; readonly signature: Hex }[]
}

/** A party with its acceptance; a compute seat without signature is absent. */
export type Accepted<party> = { readonly party: party; readonly signature: Hex | undefined }

// Calls

export function deposit(market: Address, token: Address, amount: bigint): Call {
  const data = encodeFunctionData({ abi, functionName: 'deposit', args: [token, amount] })
  return { functionName: 'deposit', to: market, data }
}

/** Deposits out of `account` by its permit to the market (Token.permitDigest), so that another pays the gas. */
export function depositFor(
  market: Address,
  permit: {
    readonly token: Address
    readonly account: Address
    readonly amount: bigint
    /** Unix seconds. */
    readonly deadline: number
    readonly signature: Hex
  },
): Call {
  const { token, account, amount, signature } = permit
  const r: Hex = `0x${signature.slice(2, 66)}`
  const s: Hex = `0x${signature.slice(66, 130)}`
  const v = Number(`0x${signature.slice(130)}`)
  const args = [token, account, amount, BigInt(permit.deadline), v, r, s] as const
  return {
    functionName: 'depositFor',
    to: market,
    data: encodeFunctionData({ abi, functionName: 'depositFor', args }),
  }
}

export function withdraw(market: Address, token: Address, amount: bigint): Call {
  const data = encodeFunctionData({ abi, functionName: 'withdraw', args: [token, amount] })
  return { functionName: 'withdraw', to: market, data }
}

/** By the model provider, after approving `Terms.funding(terms)`. */
export function create(market: Address, terms: Terms.Terms): Call {
  const data = encodeFunctionData({ abi, functionName: 'create', args: [Terms.toAbi(terms)] })
  return { functionName: 'create', to: market, data }
}

/** By the model provider. Both lists in the order of seats (`Party.seated`). */
export function start(
  market: Address,
  terms: Terms.Terms,
  computes: readonly Accepted<Party.ComputeParty>[],
  datas: readonly Accepted<Party.DataParty>[],
): Call {
  const args = [
    Terms.toAbi(terms),
    computes.map(({ party }) => party),
    computes.map(({ signature }) => signature ?? '0x'),
    datas.map(({ party }) => party),
    datas.map(({ signature }) => signature ?? '0x'),
  ] as const
  return { functionName: 'start', to: market, data: encodeFunctionData({ abi, functionName: 'start', args }) }
}

/** Ends a task that did not start: by the model provider, or by anyone after `startBy`. */
export function cancel(market: Address, terms: Terms.Terms): Call {
  const data = encodeFunctionData({ abi, functionName: 'cancel', args: [Terms.toAbi(terms)] })
  return { functionName: 'cancel', to: market, data }
}

/** Ends a started task without a committed round, by anyone after its deadline. */
export function expire(
  market: Address,
  terms: Terms.Terms,
  computes: readonly Party.ComputeParty[],
  datas: readonly Party.DataParty[],
): Call {
  const args = [Terms.toAbi(terms), computes, Party.datasHash(datas)] as const
  return {
    functionName: 'expire',
    to: market,
    data: encodeFunctionData({ abi, functionName: 'expire', args }),
  }
}

/** By anyone who has the signatures. */
export function commitRound(
  market: Address,
  terms: Terms.Terms,
  computes: readonly Party.ComputeParty[],
  datas: readonly Party.DataParty[],
  commitment: Commitment,
): Call {
  const { openerSignature, ...record } = commitment.record
  const bySeat = commitment.signatures.toSorted((a, b) => a.seat - b.seat)
  const signatures: Hex = `0x${bySeat.map(({ signature }) => signature.slice(2)).join('')}`
  const signers = bySeat.reduce((bits, { seat }) => bits | (1 << seat), 0)
  const args = [
    Terms.toAbi(terms),
    computes,
    Party.datasHash(datas),
    { record, openerSignature, signers, signatures },
  ] as const
  return {
    functionName: 'commitRound',
    to: market,
    data: encodeFunctionData({ abi, functionName: 'commitRound', args }),
  }
}

/** By the model provider at any time after a round; by anyone after the deadline, which costs it its bond. */
export function settle(
  market: Address,
  terms: Terms.Terms,
  computes: readonly Party.ComputeParty[],
  datas: readonly Party.DataParty[],
  rounds: readonly Record.Tally[],
): Call {
  const args = [Terms.toAbi(terms), computes, datas, rounds] as const
  return {
    functionName: 'settle',
    to: market,
    data: encodeFunctionData({ abi, functionName: 'settle', args }),
  }
}

/** By anyone, always to the payees (`Payout.claim`). */
export function claim(market: Address, task: Hex, token: Address, claims: readonly Payout.Claim[]): Call {
  const data = encodeFunctionData({ abi, functionName: 'claim', args: [task, token, claims] })
  return { functionName: 'claim', to: market, data }
}

/** What this calldata asks of the market; throws on calldata that is not the market's. */
export function decodeCall(data: Hex) {
  return decodeFunctionData({ abi, data })
}

// Events

/** Where an event stands on the chain. */
export type Place = { readonly block: number; readonly logIndex: number; readonly transaction: Hex }

export type Event = Place &
  (
    | {
        readonly name: 'TaskCreated'
        readonly task: Hex
        readonly modelProvider: Address
        readonly terms: Terms.Terms
      }
    | {
        readonly name: 'TaskStarted'
        readonly task: Hex
        readonly computes: readonly Party.ComputeParty[]
        readonly datas: readonly Party.DataParty[]
        readonly absent: number
        readonly deadline: number
      }
    | {
        readonly name: 'RoundCommitted'
        readonly task: Hex
        readonly round: number
        readonly record: Record.Body
        readonly signers: number
        readonly deadline: number
      }
    | {
        readonly name: 'TaskSettled'
        readonly task: Hex
        readonly root: Hex
        /** The model provider let the deadline pass. */
        readonly vanished: boolean
        /** Claims open after this second. */
        readonly deadline: number
      }
    | { readonly name: 'TaskCancelled'; readonly task: Hex }
    | {
        readonly name: 'Claimed'
        readonly task: Hex
        readonly index: number
        readonly payee: Address
        readonly amount: bigint
      }
    | {
        readonly name: 'Deposited'
        readonly token: Address
        readonly account: Address
        readonly amount: bigint
      }
    | {
        readonly name: 'Withdrawn'
        readonly token: Address
        readonly account: Address
        readonly amount: bigint
      }
  )

/** A log as viem's clients return it. */
export type Log = {
  readonly topics: readonly Hex[]
  readonly data: Hex
  readonly blockNumber: bigint
  readonly logIndex: number
  readonly transactionHash: Hex
}

/** The event in a log of the market; undefined for a log of something else. */
export function parseLog(log: Log): Event | undefined {
  const place = { block: Number(log.blockNumber), logIndex: log.logIndex, transaction: log.transactionHash }
  const [signature, ...indexed] = log.topics
  if (signature === undefined) return undefined
  let decoded
  try {
    decoded = decodeEventLog({ abi, data: log.data, topics: [signature, ...indexed] })
  } catch {
    return undefined
  }
  switch (decoded.eventName) {
    case 'TaskCreated': {
      const { task, modelProvider, terms } = decoded.args
      return {
        ...place,
        name: 'TaskCreated',
        task,
        modelProvider: lower(modelProvider),
        terms: Terms.fromAbi(terms),
      }
    }
    case 'TaskStarted': {
      const { task, computes, datas, absent, deadline } = decoded.args
      return {
        ...place,
        name: 'TaskStarted',
        task,
        computes: computes.map(Party.computeFromAbi),
        datas: datas.map(Party.dataFromAbi),
        absent,
        deadline,
      }
    }
    case 'RoundCommitted':
      return { ...place, name: 'RoundCommitted', ...decoded.args }
    case 'TaskSettled':
      return { ...place, name: 'TaskSettled', ...decoded.args }
    case 'TaskCancelled':
      return { ...place, name: 'TaskCancelled', ...decoded.args }
    case 'Claimed':
      return { ...place, name: 'Claimed', ...decoded.args, payee: lower(decoded.args.payee) }
    case 'Deposited':
    case 'Withdrawn': {
      const { token, account, amount } = decoded.args
      return { ...place, name: decoded.eventName, token: lower(token), account: lower(account), amount }
    }
    case 'EIP712DomainChanged':
      return undefined
    default:
      return decoded satisfies never
  }
}

function lower(account: Address): Address {
  return parse(address, account, 'event')
}

// Refusals

/** Why the market refused, as a sentence a person can act on. Takes any error that a call threw. */
export const explain = Refusal.explain
