// The chain as a participant sees it: the market's events in order, balances, and transactions that end in a receipt.
import {
  BaseError as ViemError,
  HttpRequestError,
  InsufficientFundsError,
  TimeoutError,
  UserRejectedRequestError,
  createPublicClient,
  createWalletClient,
  defineChain,
  erc20Abi,
  fallback,
  http,
} from 'viem'
import type { PublicClient, Transport } from 'viem'
import type { Address, Hex } from '../../protocol/codec.ts'
import type { Config } from '../../protocol/config.ts'
import { BaseError } from '../../protocol/errors.ts'
import * as Market from '../../protocol/market.ts'
import type { Account } from './account.ts'
import * as Witnesses from './witnesses.ts'

export type Block = { readonly number: number; /** Unix seconds. */ readonly time: number }

/** One event of the market, with the time of its block in Unix seconds. */
export type Told = { readonly event: Market.Event; readonly time: number }

export type Call = { readonly to: Address; readonly data: Hex }
export type Receipt = { readonly hash: Hex; readonly gas: number; readonly block: number }

export type Follower = {
  /** Events of blocks up to and including `upTo`, in order. Resolves when they may be forgotten. */
  readonly taken: (told: readonly Told[], upTo: Block) => Promise<void>
  readonly failed: (error: BaseError) => void
}

export type Chain = {
  /**
   * Reads events from the block after `cursor` on: up to the newest block at each `look`. Survives a chain that is
   * down. A look during a look does nothing.
   */
  follow(cursor: number, follower: Follower): { look(): Promise<void>; stop(): void }
  balances(account: Address): Promise<{ readonly ether: bigint; readonly tokens: bigint }>
  token(): Promise<{ readonly address: Address; readonly symbol: string; readonly decimals: number }>
  /** Reads from a contract. */
  read(call: Call): Promise<Hex>
  /** Simulates, signs, sends and waits for the block. One at a time, so that nonces do not collide. */
  transact(account: Account, call: Call): Promise<Receipt>
  receipt(hash: Hex): Promise<Receipt>
  head(): Promise<Block>
  /**
   * Hash of a block with the confirmations that the configuration wants, the same from all endpoints that answer, of
   * which there have to be two where there are two; undefined before.
   */
  blockHash(number: number): Promise<Hex | undefined>
}

export type Options = {
  /** Base of relative endpoints; the app's own address. */
  readonly base?: string | undefined
  /** Milliseconds between two looks for a receipt. */
  readonly interval?: number
}

/** Most blocks asked for at once; public endpoints refuse more. */
const span = 2_000

export function open(config: Config, { base, interval = 1000 }: Options = {}): Chain {
  const endpoints = config.rpc.map((url) => (base === undefined ? url : new URL(url, base).href))
  const transport: Transport = fallback(endpoints.map((url) => http(url, { retryCount: 1, timeout: 15_000 })))
  const network = defineChain({
    id: config.chainId,
    name: `chain ${config.chainId}`,
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: endpoints } },
  })
  const reader: PublicClient = createPublicClient({
    chain: network,
    transport,
    pollingInterval: interval,
    cacheTime: 0,
  })
  const witnesses = Witnesses.of(
    endpoints.map((url) =>
      createPublicClient({ chain: network, transport: http(url, { retryCount: 1, timeout: 15_000 }) }),
    ),
  )
  let sending: Promise<unknown> = Promise.resolve()

  async function asked<answer>(request: () => Promise<answer>): Promise<answer> {
    try {
      return await request()
    } catch (thrown) {
      throw translate(thrown)
    }
  }

  async function head(): Promise<Block> {
    const block = await reader.getBlock({ blockTag: 'latest' })
    return { number: Number(block.number), time: Number(block.timestamp) }
  }

  /** The newest block that counts: so deep even for the endpoint that is furthest behind, and the same for all. */
  async function settled(): Promise<Block> {
    if (config.confirmations === 0 && endpoints.length === 1) return head()
    return witnesses.block(Math.max(0, (await witnesses.lowest()) - config.confirmations))
  }

  async function events(from: number, to: number): Promise<readonly Told[]> {
    const range = { address: config.market, fromBlock: BigInt(from), toBlock: BigInt(to) }
    const found = await witnesses.logs(range)
    const times = new Map<bigint, number>()
    for (const { blockNumber } of found)
      if (!times.has(blockNumber)) times.set(blockNumber, (await witnesses.block(Number(blockNumber))).time)
    return found.flatMap((log) => {
      const event = Market.parseLog(log)
      return event === undefined ? [] : [{ event, time: times.get(log.blockNumber) ?? 0 }]
    })
  }

  async function receiptOf(hash: Hex): Promise<Receipt> {
    const receipt = await reader.waitForTransactionReceipt({ hash, timeout: 120_000 })
    if (receipt.status === 'reverted') throw new RevertedError('the chain ran it and undid it', undefined)
    return { hash, gas: Number(receipt.gasUsed), block: Number(receipt.blockNumber) }
  }

  async function send(account: Account, call: Call): Promise<Receipt> {
    const wallet = createWalletClient({
      account: account.sender,
      chain: network,
      transport: account.transport ?? transport,
    })
    if (account.transport !== undefined && (await wallet.getChainId()) !== config.chainId) {
      await wallet.switchChain({ id: config.chainId }).catch(() => wallet.addChain({ chain: network }))
    }
    const gas = await reader.estimateGas({ account: account.address, ...call })
    const hash = await wallet.sendTransaction({ ...call, gas: (gas * 12n) / 10n })
    return receiptOf(hash)
  }

  return {
    follow(cursor, { taken, failed }) {
      let stopped = false
      let looking: Promise<void> | undefined
      let next = Math.max(cursor + 1, config.deployBlock)

      async function read(): Promise<void> {
        const latest = await asked(settled)
        // A local chain that was killed may have lost its last blocks; elsewhere an endpoint is only behind.
        if (config.local && latest.number + 1 < next) next = latest.number + 1
        while (next <= latest.number && !stopped) {
          const to = Math.min(latest.number, next + span - 1)
          const from = next
          const found = await asked(() => events(from, to))
          await taken(found, {
            number: to,
            time: to === latest.number ? latest.time : (found.at(-1)?.time ?? 0),
          })
          next = to + 1
        }
      }

      return {
        look() {
          looking ??= read()
            .catch((thrown: unknown) => failed(translate(thrown)))
            .finally(() => (looking = undefined))
          return looking
        },
        stop: () => (stopped = true),
      }
    },
    balances: (account) =>
      asked(async () => {
        const [ether, tokens] = await Promise.all([
          reader.getBalance({ address: account }),
          reader.readContract({
            address: config.token,
            abi: erc20Abi,
            functionName: 'balanceOf',
            args: [account],
          }),
        ])
        return { ether, tokens }
      }),
    token: () =>
      asked(async () => {
        const token = { address: config.token, abi: erc20Abi }
        const [symbol, decimals] = await Promise.all([
          reader.readContract({ ...token, functionName: 'symbol' }),
          reader.readContract({ ...token, functionName: 'decimals' }),
        ])
        return { address: config.token, symbol, decimals }
      }),
    read: (call) => asked(async () => (await reader.call(call)).data ?? '0x'),
    transact(account, call) {
      const sent = sending.then(() => asked(() => send(account, call)))
      sending = sent.catch(() => undefined)
      return sent
    },
    receipt: (hash) => asked(() => receiptOf(hash)),
    head: () => asked(head),
    blockHash: (number) =>
      asked(async () => {
        const latest = await settled()
        return latest.number < number ? undefined : (await witnesses.block(number)).hash
      }),
  }
}

function translate(thrown: unknown): BaseError {
  if (thrown instanceof BaseError) return thrown
  if (!(thrown instanceof ViemError)) return new UnreachableError(thrown)
  if (thrown.walk((cause) => cause instanceof UserRejectedRequestError) !== null)
    return new DeniedError(thrown)
  if (thrown.walk((cause) => cause instanceof InsufficientFundsError) !== null) return new PoorError(thrown)
  const lost = (cause: unknown): boolean => cause instanceof HttpRequestError || cause instanceof TimeoutError
  if (thrown.walk(lost) !== null) return new UnreachableError(thrown)
  return new RevertedError(Market.explain(thrown), thrown)
}

/** Name of the problem that is over once the chain answers. */
export const unreachable = 'Chain.UnreachableError'

export class UnreachableError extends BaseError {
  override readonly name = unreachable
  constructor(cause: unknown) {
    super({
      message: 'The chain cannot be reached.',
      advice: 'It is tried again every second. Check the connection of this device if it stays.',
      safe: 'Money and tasks are on the chain and do not depend on this device; nothing was sent twice.',
      cause,
    })
  }
}

export class RevertedError extends BaseError {
  override readonly name = 'Chain.RevertedError'
  constructor(reason: string, cause: unknown) {
    super({
      message: `The contract refused: ${reason}`,
      advice:
        'See what the task waits for; a deadline may have passed or somebody else may have done it already.',
      safe: 'No money moved.',
      cause,
    })
  }
}

export class PoorError extends BaseError {
  override readonly name = 'Chain.PoorError'
  constructor(cause: unknown) {
    super({
      message: 'This account has too little ether to pay for the transaction.',
      advice: 'Send it some ether, or ask the faucet on a local chain.',
      safe: 'Nothing was sent.',
      cause,
    })
  }
}

export class DeniedError extends BaseError {
  override readonly name = 'Chain.DeniedError'
  constructor(cause: unknown) {
    super({
      message: 'The wallet was told not to send this transaction.',
      advice: 'It is asked again later; answer with yes, or cancel the task.',
      safe: 'Nothing was sent.',
      cause,
    })
  }
}
