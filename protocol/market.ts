// The market as callers meet it: its calls as bytes, its events as values, its refusals as sentences (refusal.ts).
import { decodeFunctionData, encodeFunctionData } from 'viem/utils'
import * as Abi from './abi.ts'
import type { Address, Hex } from './codec.ts'
import * as Party from './party.ts'
import type * as Payout from './payout.ts'
import type * as Plan from './plan.ts'
import type * as Record from './record.ts'
import * as Refusal from './refusal.ts'
import * as Terms from './terms.ts'
import type { Withdrawal } from './withdrawal.ts'

export const abi = Abi.market

export type FunctionName =
  | 'deposit'
  | 'depositFor'
  | 'withdraw'
  | 'withdrawFor'
  | 'create'
  | 'start'
  | 'cancel'
  | 'expire'
  | 'commitRound'
  | 'settle'
  | 'claim'
  | 'prove'

/** A transaction without its sender. */
export type Call = { readonly functionName: FunctionName; readonly to: Address; readonly data: Hex }

/** In Solidity's order. */
export const states = ['none', 'open', 'running', 'settled', 'cancelled', 'faulted'] as const
export type State = (typeof states)[number]

/** What evidence shows, in Solidity's order. */
export const charges = ['wrongSum', 'forgedInput', 'twoRecords', 'twoOpenings'] as const
export type Charge = (typeof charges)[number]

export type Commitment = {
  readonly record: Record.Record
  /** Signatures of the members' device keys by seat, ascending. */
  readonly signatures: readonly { readonly seat: number; readonly signature: Hex }[]
}

/** Signatures by the parties, by seat. */
export type Acceptances = {
  /** Undefined for a seat known to be absent. */
  readonly computes: readonly (Hex | undefined)[]
  readonly datas: readonly Hex[]
  /** `Invitation.proof` of each data provider; empty where everyone is invited. */
  readonly invitations: readonly (readonly Hex[])[]
}

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

/** Pays `account` out of its free deposit by its signature (Withdrawal.digest), so that another pays the gas. */
export function withdrawFor(market: Address, withdrawal: Omit<Withdrawal, 'nonce'>, signature: Hex): Call {
  const { token, account, amount, deadline } = withdrawal
  const args = [token, account, amount, BigInt(deadline), signature] as const
  return {
    functionName: 'withdrawFor',
    to: market,
    data: encodeFunctionData({ abi, functionName: 'withdrawFor', args }),
  }
}

/** By the model provider, after approving `Terms.funding(terms)`. */
export function create(market: Address, terms: Terms.Terms): Call {
  const data = encodeFunctionData({ abi, functionName: 'create', args: [Terms.toAbi(terms)] })
  return { functionName: 'create', to: market, data }
}

/** By the model provider. Both lists of parties in the order of seats (`Party.seated`). */
export function start(
  market: Address,
  terms: Terms.Terms,
  parties: Party.Parties,
  acceptances: Acceptances,
): Call {
  const computes = acceptances.computes.map((signature) => signature ?? '0x')
  const args = [Terms.toAbi(terms), parties, { ...acceptances, computes }] as const
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

/**
 * By the model provider at any time after a round, with utilities (`Plan.epochs` rows of them); without any by anyone
 * after the deadline, which costs the model provider its bond, and of a faulted task by anyone at any time.
 */
export function settle(
  market: Address,
  terms: Terms.Terms,
  parties: Party.Parties,
  rounds: readonly Record.Tally[],
  utilities: Plan.Utilities,
): Call {
  const args = [Terms.toAbi(terms), parties, rounds, utilities] as const
  return {
    functionName: 'settle',
    to: market,
    data: encodeFunctionData({ abi, functionName: 'settle', args }),
  }
}

/** By anyone: to the payees (`Payout.claims`), or to the model provider where a compute seat was slashed. */
export function claim(market: Address, terms: Terms.Terms, claims: readonly Payout.Claim[]): Call {
  const data = encodeFunctionData({ abi, functionName: 'claim', args: [Terms.toAbi(terms), claims] })
  return { functionName: 'claim', to: market, data }
}

/** By anyone, from a task's start until claims open. `evidence` is the ABI encoding that its charge asks for. */
export function prove(
  market: Address,
  terms: Terms.Terms,
  computes: readonly Party.ComputeParty[],
  datasHash: Hex,
  charge: Charge,
  evidence: Hex,
): Call {
  const args = [Terms.toAbi(terms), computes, datasHash, charges.indexOf(charge), evidence] as const
  return { functionName: 'prove', to: market, data: encodeFunctionData({ abi, functionName: 'prove', args }) }
}

/** What this calldata asks of the market; throws on calldata that is not the market's. */
export function decodeCall(data: Hex) {
  return decodeFunctionData({ abi, data })
}

// Events

export { parseLog, type Event, type Place } from './event.ts'

// Refusals

/** Why the market refused, as a sentence a person can act on. Takes any error that a call threw. */
export const explain = Refusal.explain
