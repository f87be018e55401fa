// What the market said happened: its logs as values, parsed once where they come from the chain.
import { decodeEventLog } from 'viem/utils'
import { market as abi } from './abi.ts'
import { address, parse, type Address, type Hex } from './codec.ts'
import * as Party from './party.ts'
import type * as Plan from './plan.ts'
import type * as Record from './record.ts'
import * as Terms from './terms.ts'

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
        /** The model provider vanished or was guilty: its bond is in the data pool. */
        readonly punished: boolean
        /** Claims open after this second. */
        readonly deadline: number
        readonly utilities: Plan.Utilities
      }
    | {
        readonly name: 'TaskFaulted'
        readonly task: Hex
        /** The round of which the model provider signed two openings. */
        readonly round: number
      }
    | {
        readonly name: 'Slashed'
        readonly task: Hex
        /** The round that was proven wrong. */
        readonly round: number
        /** Bitmap of the compute seats that this proof added. */
        readonly seats: number
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
    case 'TaskFaulted':
      return { ...place, name: 'TaskFaulted', ...decoded.args }
    case 'Slashed':
      return { ...place, name: 'Slashed', ...decoded.args }
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
