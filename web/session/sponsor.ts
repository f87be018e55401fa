// Calls of the market that a relay may pay for, else the account itself; and what goes into and out of the free deposit,
// for which its owner only signs.
import type { Address } from '../../protocol/codec.ts'
import type { Config } from '../../protocol/config.ts'
import { BaseError } from '../../protocol/errors.ts'
import * as Market from '../../protocol/market.ts'
import * as Relay from '../../protocol/relay.ts'
import { approve } from '../../protocol/token.ts'
import * as Chain from '../net/chain.ts'
import type { Door } from '../net/door.ts'
import * as Token from '../net/token.ts'
import type { Purse } from './purse.ts'
import * as Typed from './typed.ts'

export type Sent = Chain.Receipt & { readonly sponsored: boolean }

export type Sponsor = {
  /** By the relay if it pays for such calls and agrees, else by the account's own transaction. */
  send(by: Address, call: Market.Call): Promise<Sent>
  /** By the account itself, whose address the market looks at. */
  sendOwn(by: Address, call: Market.Call): Promise<Sent>
  /** By the account itself, first letting the market take `amount` of its tokens. */
  sendWithTokens(by: Address, call: Market.Call, amount: bigint): Promise<Sent>
  /** Sees to a free deposit of `amount` token base units at least. */
  depositAtLeast(by: Address, amount: bigint): Promise<Sent | undefined>
  /** Pays free deposit out to its account, which signs; it needs ether only where no relay pays. */
  withdraw(by: Address, amount: bigint): Promise<Sent>
}

export type Options = {
  readonly config: Config
  readonly chain: Chain.Chain
  readonly door: Door
  readonly purse: Purse
  /** Unix seconds. */
  readonly now: () => number
}

/** Seconds in which a permit or a withdrawal has to be used. */
const permitLife = 600

export function make({ config, chain, door, purse, now }: Options): Sponsor {
  async function sendOwn(by: Address, call: Market.Call): Promise<Sent> {
    return { ...(await chain.transact(purse.signer(by), call)), sponsored: false }
  }

  async function byRelay(account: Address, name: Relay.Sponsored, { data }: Market.Call): Promise<Sent> {
    const request = Relay.encodeRequest({
      kind: 'sponsor',
      call: name,
      calldata: Token.bytesOf(data),
      account,
    })
    const { transaction } = Relay.decodeReply('sponsor', await door.ask(request))
    return { ...(await chain.receipt(transaction)), sponsored: true }
  }

  async function send(by: Address, call: Market.Call): Promise<Sent> {
    const sponsored = Relay.sponsored.find((name) => name === call.functionName)
    if (sponsored === undefined) return sendOwn(by, call)
    try {
      return await byRelay(by, sponsored, call)
    } catch (thrown) {
      if (!(thrown instanceof Relay.RefusedError)) throw thrown
      if (thrown.failure.code === 'reverted') throw new Chain.RevertedError(thrown.message, thrown)
      return sendOwn(by, call).catch((second: unknown) => {
        throw second instanceof Chain.PoorError ? thrown : second
      })
    }
  }

  /** Of a signature made now, in the chain's time where this device's clock is behind. */
  async function lastSecond(): Promise<number> {
    return Math.max(now(), (await chain.head()).time) + permitLife
  }

  async function assertTokens(by: Address, amount: bigint): Promise<void> {
    const { tokens } = await chain.balances(by)
    if (tokens < amount) throw new TokensError(amount, tokens, config.local)
  }

  return {
    send,
    sendOwn,
    async sendWithTokens(by, call, amount) {
      await assertTokens(by, amount)
      await chain.transact(purse.signer(by), approve(config.token, config.market, amount))
      return sendOwn(by, call)
    },
    async depositAtLeast(by, amount) {
      const free = await purse.deposit(by)
      if (free >= amount) return undefined
      await assertTokens(by, amount - free)
      const call = await Token.depositFor(chain, config, purse.signer(by), amount - free, await lastSecond())
      const sent = await send(by, call)
      await purse.refresh()
      return sent
    },
    async withdraw(by, amount) {
      const { market, chainId, token } = config
      const deadline = await lastSecond()
      const nonce = await Token.withdrawals(chain, config, by)
      const { typed } = Typed.withdrawal({ market, chainId }, { token, account: by, amount, nonce, deadline })
      const signature = await purse.signer(by).signTypedData(typed)
      const sent = await send(
        by,
        Market.withdrawFor(market, { token, account: by, amount, deadline }, signature),
      )
      await purse.refresh()
      return sent
    },
  }
}

export class TokensError extends BaseError {
  override readonly name = 'Sponsor.TokensError'
  constructor(needed: bigint, tokens: bigint, local: boolean) {
    super({
      message: `This takes ${needed} base units of the token and the account has ${tokens}.`,
      advice: local
        ? 'Get test tokens from the faucet and try again.'
        : 'Send tokens to this account and try again.',
      safe: 'Nothing was sent.',
    })
  }
}
