// What the chain says happened: money in and out of the task to the unit, deliveries, and the gas of every transaction.
import { createPublicClient, decodeFunctionData, http } from 'viem'
import * as Abi from '../../protocol/abi.ts'
import type { Address, Hex } from '../../protocol/codec.ts'

export type Entry = {
  readonly account: string
  /** Rounds delivered (data) or signed (compute). */
  readonly delivered: number
  readonly payout: bigint
  readonly balance: bigint
}

export type Round = {
  readonly round: number
  /** Accounts whose updates are in the sum. */
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
  readonly gas: Record<string, Gas>
  /** Pools and bonds that went into escrow. */
  readonly paidIn: bigint
  /** Payouts and refunds that came out. */
  readonly paidOut: bigint
  /** Nothing missing, nothing left: what came out is what went in, and the market holds only free deposits. */
  readonly conserved: boolean
}

export type Place = {
  readonly rpcUrl: string
  readonly market: Address
  readonly token: Address
  readonly deployBlock: number
}

export async function read({ rpcUrl, market, token, deployBlock }: Place): Promise<Books> {
  const chain = createPublicClient({ transport: http(rpcUrl) })
  const fromBlock = BigInt(deployBlock)
  const events = await chain.getContractEvents({ address: market, abi: Abi.market, fromBlock, strict: true })

  const [created] = events.filter((event) => event.eventName === 'TaskCreated')
  const [started] = events.filter((event) => event.eventName === 'TaskStarted')
  if (created === undefined || started === undefined) throw new Error('The chain knows of no started task.')
  const { terms } = created.args
  const { computes, datas, absent } = started.args
  const commits = events.filter((event) => event.eventName === 'RoundCommitted')
  const claims = events.filter((event) => event.eventName === 'Claimed')

  const balanceOf = (account: Address) =>
    chain.readContract({ address: token, abi: Abi.testToken, functionName: 'balanceOf', args: [account] })
  const depositOf = (account: Address) =>
    chain.readContract({ address: market, abi: Abi.market, functionName: 'deposits', args: [token, account] })
  const paidTo = (index: number) =>
    claims.filter(({ args }) => args.index === index).reduce((sum, { args }) => sum + args.amount, 0n)

  const accounts = [...datas, ...computes].map(({ account }) => account)
  const parties = await Promise.all(
    [...accounts, terms.modelProvider].map(async (account, index): Promise<Entry> => {
      const isData = index < datas.length
      const seat = isData ? index : index - datas.length
      const took = ({ args }: (typeof commits)[number]) =>
        has(isData ? args.record.delivered : BigInt(args.signers), seat)
      const delivered = index === accounts.length ? commits.length : commits.filter(took).length
      return {
        account: account.toLowerCase(),
        delivered,
        payout: paidTo(index),
        balance: await balanceOf(account),
      }
    }),
  )

  const receipts = await Promise.all(
    [...new Set(events.map(({ transactionHash }) => transactionHash))].map(async (hash) => ({
      name: nameOf((await chain.getTransaction({ hash })).input),
      gas: Number((await chain.getTransactionReceipt({ hash })).gasUsed),
      hash,
    })),
  )
  const present = computes.filter((_, seat) => !has(BigInt(absent), seat)).length
  const paidIn = terms.dataPool + terms.computePool + terms.bond + terms.computeBond * BigInt(present)
  const paidOut = claims.reduce((sum, { args }) => sum + args.amount, 0n)
  const free = (await Promise.all([...accounts, terms.modelProvider].map(depositOf))).reduce(
    (sum, each) => sum + each,
    0n,
  )
  return {
    parties,
    rounds: commits.map(({ args, transactionHash }) => ({
      round: args.round,
      survivors: datas
        .filter((_, seat) => has(args.record.survivors, seat))
        .map(({ account }) => account.toLowerCase()),
      gas: receipts.find(({ hash }) => hash === transactionHash)?.gas ?? 0,
    })),
    gas: Object.fromEntries(
      [...new Set(receipts.map(({ name }) => name))].map((name) => {
        const gas = receipts.filter((receipt) => receipt.name === name).map((receipt) => receipt.gas)
        const total = gas.reduce((sum, each) => sum + each, 0)
        return [name, { calls: gas.length, least: Math.min(...gas), most: Math.max(...gas), total }]
      }),
    ),
    paidIn,
    paidOut,
    conserved: paidIn === paidOut && (await balanceOf(market)) === free,
  }
}

function nameOf(input: Hex): string {
  return decodeFunctionData({ abi: Abi.market, data: input }).functionName
}

function has(bitmap: bigint, bit: number): boolean {
  return ((bitmap >> BigInt(bit)) & 1n) === 1n
}
