// What the chain says happened: money in and out of the task to the unit, deliveries, and the gas of every transaction.
import { createPublicClient, decodeFunctionData, http } from 'viem'
import * as Abi from '../../protocol/abi.ts'
import type { Address, Hex } from '../../protocol/codec.ts'
import * as History from '../../protocol/history.ts'
import * as Market from '../../protocol/market.ts'
import * as Plan from '../../protocol/plan.ts'
import * as Record from '../../protocol/record.ts'

export type Entry = {
  readonly account: string
  /** Rounds delivered (data) or signed (compute). */
  readonly delivered: number
  /** Compute units of jobs, and what they pay in token base units. */
  readonly jobUnits: bigint
  readonly jobPay: bigint
  readonly payout: bigint
  readonly balance: bigint
}

export type Round = {
  readonly round: number
  /** Accounts that are paid for it, and those of them whose updates are in a sum. */
  readonly delivered: readonly string[]
  readonly survivors: readonly string[]
  readonly gas: number
}

export type Gas = {
  readonly calls: number
  readonly least: number
  readonly most: number
  readonly total: number
}

export type Books = {
  readonly parties: readonly Entry[]
  readonly rounds: readonly Round[]
  /** No two sums of an epoch differ by fewer providers than the minimum that the terms name. */
  readonly apart: boolean
  readonly gas: { readonly [call: string]: Gas }
  /** Pools and bonds that went into escrow. */
  readonly paidIn: bigint
  /** Payouts and refunds that came out. */
  readonly paidOut: bigint
  /** Nothing missing, nothing left: what came out is what went in, and the market holds only free deposits. */
  readonly conserved: boolean
  /** Everyone was paid what the task's history owes. */
  readonly agreed: boolean
}

export type Place = {
  readonly rpcUrl: string
  readonly chainId: number
  readonly market: Address
  readonly token: Address
  readonly deployBlock: number
}

export async function read({ rpcUrl, market, token, deployBlock }: Place): Promise<Books> {
  const chain = createPublicClient({ transport: http(rpcUrl) })
  const logs = await chain.getLogs({ address: market, fromBlock: BigInt(deployBlock) })
  const events = logs.flatMap((log) => Market.parseLog(log) ?? [])
  const history = History.of(events)
  const { terms, computes, datas, rounds, absent, claims } = history
  const { dues } = History.owed(history)

  const balanceOf = (account: Address) =>
    chain.readContract({ address: token, abi: Abi.testToken, functionName: 'balanceOf', args: [account] })
  const depositOf = (account: Address) =>
    chain.readContract({ address: market, abi: Abi.market, functionName: 'deposits', args: [token, account] })
  const paidTo = (index: number) =>
    sum(claims.flatMap((claim) => (claim.index === index ? [claim.amount] : [])))

  const parties = await Promise.all(
    dues.map(async ({ account, index, role, units, parts }): Promise<Entry> => {
      const seat = role === 'data' ? index : index - datas.length
      const took = ({ record, signers }: History.Round) =>
        has(role === 'data' ? record.delivered : BigInt(signers), seat)
      const delivered = role === 'model' ? rounds.length : rounds.filter(took).length
      return {
        account,
        delivered,
        jobUnits: units.jobs,
        jobPay: parts.jobs,
        payout: paidTo(index),
        balance: await balanceOf(account),
      }
    }),
  )

  const receipts = await Promise.all(
    [...new Set(events.map(({ transaction }) => transaction))].map(async (hash) => ({
      name: nameOf((await chain.getTransaction({ hash })).input),
      gas: Number((await chain.getTransactionReceipt({ hash })).gasUsed),
      hash,
    })),
  )
  const committed = events.filter((event) => event.name === 'RoundCommitted')
  const present = computes.filter((_, seat) => !has(BigInt(absent), seat)).length
  const paidIn = terms.dataPool + terms.computePool + terms.bond + terms.computeBond * BigInt(present)
  const paidOut = sum(claims.map(({ amount }) => amount))
  const free = sum(await Promise.all(dues.map(({ account }) => depositOf(account))))
  const apart = rounds.every(({ record }) =>
    rounds.every((other) => {
      const epoch = Plan.epoch(terms, record.round)
      const difference = Record.seats(record.survivors ^ other.record.survivors).length
      return (
        Plan.epoch(terms, other.record.round) !== epoch || difference === 0 || difference >= terms.minCohort
      )
    }),
  )
  return {
    parties,
    apart,
    rounds: committed.map(({ round, record, transaction }) => ({
      round,
      delivered: datas.filter((_, seat) => has(record.delivered, seat)).map(({ account }) => account),
      survivors: datas.filter((_, seat) => has(record.survivors, seat)).map(({ account }) => account),
      gas: receipts.find(({ hash }) => hash === transaction)?.gas ?? 0,
    })),
    gas: Object.fromEntries(
      [...Map.groupBy(receipts, ({ name }) => name)].map(([name, all]) => [
        name,
        summary(all.map(({ gas }) => gas)),
      ]),
    ),
    paidIn,
    paidOut,
    conserved: paidIn === paidOut && (await balanceOf(market)) === free,
    agreed: dues.every(({ index, amount, receiver }) =>
      amount === 0n
        ? paidTo(index) === 0n
        : claims.some(
            (claim) => claim.index === index && claim.amount === amount && claim.payee === receiver,
          ),
    ),
  }
}

export function summary(gas: readonly number[]): Gas {
  const total = gas.reduce((all, each) => all + each, 0)
  return { calls: gas.length, least: Math.min(...gas), most: Math.max(...gas), total }
}

function nameOf(input: Hex): string {
  return decodeFunctionData({ abi: Abi.market, data: input }).functionName
}

function has(bitmap: bigint, bit: number): boolean {
  return ((bitmap >> BigInt(bit)) & 1n) === 1n
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n)
}
