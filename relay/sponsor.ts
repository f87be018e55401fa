// Pays the gas of calls that any account may make, for participants without ether. Simulated first, sent once.
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import {
  BaseError,
  HttpRequestError,
  TimeoutError,
  createPublicClient,
  http,
  isAddressEqual,
  keccak256,
  toHex,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import type * as Codec from '../protocol/codec.ts'
import * as Market from '../protocol/market.ts'
import * as Relay from '../protocol/relay.ts'
import * as Token from '../protocol/token.ts'
import { tooMany } from './admission.ts'
import * as Allowance from './allowance.ts'
import type { Limits, Options } from './options.ts'
import type { Store } from './store.ts'

/** Anvil and Hardhat; the only chain on which a relay gives anything away. */
const localChain = 31337

type Parts = {
  readonly chain: NonNullable<Options['chain']>
  readonly chainId: number
  readonly market: Codec.Address
  readonly store: Store
  readonly limits: Limits
  readonly log: (line: string) => void
}
type Call = { readonly to: Codec.Address; readonly data: Codec.Hex; readonly value?: bigint }
export type Sponsor = ReturnType<typeof create>

export function create({ chain, chainId, market, store, limits, log }: Parts) {
  const payer = privateKeyToAccount(chain.sponsorKey)
  const rpc = createPublicClient({ transport: http(chain.rpc, { retryCount: 1, timeout: 10_000 }) })
  const perAccount = new RateLimiterMemory({ points: limits.sponsoredPerAccount, duration: 3600 })
  const perPeer = new RateLimiterMemory({ points: limits.sponsoredPerPeer, duration: 3600 })
  const faucet = chainId === localChain ? chain.faucet : undefined
  let spent: { readonly at: number; readonly gas: bigint }[] = []

  /** One at a time, so that each transaction sees the nonce the last one took. */
  let last: Promise<unknown> = Promise.resolve()
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work, work)
    last = turn.catch(() => {})
    return turn.catch((error: unknown) => {
      throw translate(error)
    })
  }

  /** Sends a call once; asked again with the same key, gives the same transaction unless that one failed. */
  async function sendOnce(
    key: string,
    call: Call,
    most: bigint,
    admit: () => Promise<void>,
  ): Promise<Codec.Hex> {
    const earlier = store.transaction(key)
    if (earlier !== undefined && (await stands(earlier.hash, earlier.raw))) return earlier.hash
    // The pending block, so that a call which another one makes void is not paid for.
    const estimate = await rpc.estimateGas({ account: payer, ...call, blockTag: 'pending' })
    const gas = (estimate * 5n) / 4n
    const limit = most < limits.transactionGas ? most : limits.transactionGas
    if (gas > limit) throw tooExpensive(gas, limit)
    await admit()
    spend(gas)
    const fees = await rpc.estimateFeesPerGas()
    const nonce = await rpc.getTransactionCount({ address: payer.address, blockTag: 'pending' })
    const raw = await payer.signTransaction({ ...call, ...fees, type: 'eip1559', chainId, nonce, gas })
    const hash = keccak256(raw)
    // Written first: if this process dies now, the next request sends these very bytes.
    store.addTransaction(key, { hash, raw }, Math.floor(Date.now() / 1000))
    await rpc.sendRawTransaction({ serializedTransaction: raw })
    log(`sent ${hash}`)
    return hash
  }

  /** True when this transaction succeeded or still may; sends it again when the chain forgot it. */
  async function stands(hash: Codec.Hex, raw: Codec.Hex): Promise<boolean> {
    const receipt = await rpc.getTransactionReceipt({ hash }).catch(ignoreAbsent)
    if (receipt !== undefined) return receipt.status === 'success'
    if ((await rpc.getTransaction({ hash }).catch(ignoreAbsent)) !== undefined) return true
    try {
      await rpc.sendRawTransaction({ serializedTransaction: raw })
      return true
    } catch (error) {
      if (isUnreachable(error)) throw error
      return false
    }
  }

  function spend(gas: bigint): void {
    const hourAgo = Date.now() - 3_600_000
    spent = spent.filter(({ at }) => at > hourAgo)
    const total = spent.reduce((sum, entry) => sum + entry.gas, gas)
    const [oldest] = spent
    if (total > limits.hourlyGas) {
      throw tooMany('This relay has paid for as much gas as it does in an hour.', (oldest?.at ?? 0) - hourAgo)
    }
    spent.push({ at: Date.now(), gas })
  }

  async function admit(call: Allowance.Decoded, peer: string): Promise<void> {
    const account = Allowance.beneficiary(call)
    if (account !== undefined) await count(perAccount, account.toLowerCase(), 'this account')
    await count(perPeer, peer, 'you')
  }

  async function count(limiter: RateLimiterMemory, key: string, whom: string): Promise<void> {
    try {
      await limiter.consume(key)
    } catch (cause) {
      if (!(cause instanceof RateLimiterRes)) throw cause
      throw tooMany(`This relay has paid for ${whom} as often as it does in an hour.`, cause.msBeforeNext)
    }
  }

  return {
    hasFaucet: faucet !== undefined,

    send({ call, calldata }: Relay.RequestOf<'sponsor'>, peer: string): Promise<Relay.ReplyOf<'sponsor'>> {
      const data = toHex(calldata)
      const decoded = checkCall(call, data, chain.token)
      const most = Allowance.gas(decoded)
      return inTurn(async () => ({
        transaction: await sendOnce(keccak256(data), { to: market, data }, most, () => admit(decoded, peer)),
      }))
    },

    /** Tops an account up to what it may need on a test chain; nothing is sent to one that has enough. */
    faucet(account: Codec.Address): Promise<Relay.ReplyOf<'faucet'>> {
      if (faucet === undefined) throw faucetClosed()
      const { token } = chain
      const { wei, tokens } = faucet
      return inTurn(async () => {
        const free = async () => {}
        const most = limits.transactionGas
        const [ether, held] = await Promise.all([
          rpc.getBalance({ address: account }),
          rpc.readContract({ address: token, abi: Token.abi, functionName: 'balanceOf', args: [account] }),
        ])
        const transactions: Codec.Hex[] = []
        const moment = Date.now()
        if (ether < wei / 2n) {
          transactions.push(
            await sendOnce(`ether ${account} ${moment}`, { to: account, data: '0x', value: wei }, most, free),
          )
        }
        if (held < tokens / 2n) {
          transactions.push(
            await sendOnce(`token ${account} ${moment}`, Token.mint(token, account, tokens), most, free),
          )
        }
        return { transactions }
      })
    },

    /** Resolves when no transaction is half sent. */
    async idle(): Promise<void> {
      await last
    },
  }
}

/**
 * Refuses calldata that calls something else, is about a task or deposit in another token (whose code could spend gas as
 * it likes), or does nothing. Whether the task is alive and the call would succeed, the estimate tells.
 */
function checkCall(call: Relay.Sponsored, data: Codec.Hex, token: Codec.Address): Allowance.Decoded {
  const decoded = decode(data)
  if (decoded?.functionName !== call) throw notSponsored(`These bytes do not call ${call}.`)
  switch (decoded.functionName) {
    case 'depositFor':
    case 'withdrawFor': {
      const [paid, , amount] = decoded.args
      checkToken(paid, token)
      if (amount === 0n) throw notSponsored('This call moves nothing.')
      return decoded
    }
    case 'claim': {
      const [terms, claims] = decoded.args
      checkToken(terms.token, token)
      if (claims.length === 0) throw notSponsored('This claim claims nothing.')
      return decoded
    }
    case 'commitRound':
    case 'cancel':
    case 'expire':
    case 'settle':
    case 'prove':
      checkToken(decoded.args[0].token, token)
      return decoded
    default:
      return decoded satisfies never
  }
}

function checkToken(token: Codec.Address, sponsored: Codec.Address): void {
  if (!isAddressEqual(token, sponsored)) throw otherToken(token, sponsored)
}

/** Undefined when these bytes call no market function, or their arguments do not decode. */
function decode(data: Codec.Hex): ReturnType<typeof Market.decodeCall> | undefined {
  try {
    return Market.decodeCall(data)
  } catch {
    return undefined
  }
}

function ignoreAbsent(error: unknown): undefined {
  if (isUnreachable(error)) throw error
}

function isUnreachable(error: unknown): boolean {
  if (!(error instanceof BaseError)) return false
  return error.walk((cause) => cause instanceof HttpRequestError || cause instanceof TimeoutError) !== null
}

function translate(error: unknown): unknown {
  if (!(error instanceof BaseError)) return error
  if (isUnreachable(error)) {
    return new Relay.RefusedError({
      code: 'chainUnreachable',
      message: 'The relay cannot reach the chain.',
      advice: 'Nothing was sent. Try again in a minute, or send the transaction from your own wallet.',
      retryAfter: 5,
    })
  }
  return new Relay.RefusedError({
    code: 'reverted',
    message: Market.explain(error),
    advice: 'Nothing was sent and nothing was paid.',
  })
}

function notSponsored(message: string): Relay.RefusedError {
  return new Relay.RefusedError({
    code: 'notSponsored',
    message,
    advice: `This relay pays for ${Relay.sponsored.join(', ')} only.`,
  })
}

function otherToken(token: Codec.Address, sponsored: Codec.Address): Relay.RefusedError {
  return new Relay.RefusedError({
    code: 'notSponsored',
    message: `This call is about token ${token}; this relay pays for token ${sponsored} only.`,
    advice: 'Send the transaction from your own wallet, or use a relay of that token.',
  })
}

function tooExpensive(gas: bigint, limit: bigint): Relay.RefusedError {
  return new Relay.RefusedError({
    code: 'notSponsored',
    message: `This call needs ${gas} gas; this relay pays for ${limit} at most.`,
    advice: 'Send the transaction from your own wallet.',
  })
}

function faucetClosed(): Relay.RefusedError {
  return new Relay.RefusedError({
    code: 'faucetClosed',
    message: 'This relay gives no test ether.',
    advice: 'Use a wallet that has ether of this chain.',
  })
}
