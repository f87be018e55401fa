// The market's token: what is read of it, the permit that lets a relay deposit for its owner, the approval of escrow.
import { decodeFunctionResult, encodeFunctionData, hexToBytes } from 'viem'
import type { Address, Hex } from '../../protocol/codec.ts'
import type { Config } from '../../protocol/config.ts'
import * as Market from '../../protocol/market.ts'
import * as Token from '../../protocol/token.ts'
import type { Account } from './account.ts'
import type { Chain } from './chain.ts'

const permitType = [
  { name: 'owner', type: 'address' },
  { name: 'spender', type: 'address' },
  { name: 'value', type: 'uint256' },
  { name: 'nonce', type: 'uint256' },
  { name: 'deadline', type: 'uint256' },
]

/** Free balance in the market, token base units. */
export async function deposit(chain: Chain, config: Config, account: Address): Promise<bigint> {
  const call = { abi: Market.abi, functionName: 'deposits' } as const
  const data = encodeFunctionData({ ...call, args: [config.token, account] })
  return decodeFunctionResult({ ...call, data: await chain.read({ to: config.market, data }) })
}

/** How many withdrawals the account has signed that were used: the next one's nonce. */
export async function withdrawals(chain: Chain, config: Config, account: Address): Promise<bigint> {
  const call = { abi: Market.abi, functionName: 'nonces' } as const
  const data = encodeFunctionData({ ...call, args: [account] })
  return decodeFunctionResult({ ...call, data: await chain.read({ to: config.market, data }) })
}

/** A `depositFor` signed by the account; good until `deadline` (Unix seconds). */
export async function depositFor(
  chain: Chain,
  config: Config,
  account: Account,
  amount: bigint,
  deadline: number,
): Promise<Market.Call> {
  const owner = account.address
  const nonces = { abi: Token.abi, functionName: 'nonces' } as const
  const name = { abi: Token.abi, functionName: 'name' } as const
  const token = config.token
  const [nonce, title] = await Promise.all([
    chain.read({ to: token, data: encodeFunctionData({ ...nonces, args: [owner] }) }),
    chain.read({ to: token, data: encodeFunctionData(name) }),
  ])
  const signature = await account.signTypedData({
    domain: {
      name: decodeFunctionResult({ ...name, data: title }),
      version: '1',
      chainId: config.chainId,
      verifyingContract: token,
    },
    types: { Permit: permitType },
    primaryType: 'Permit',
    message: {
      owner,
      spender: config.market,
      value: amount,
      nonce: decodeFunctionResult({ ...nonces, data: nonce }),
      deadline: BigInt(deadline),
    },
  })
  return Market.depositFor(config.market, { token, account: owner, amount, deadline, signature })
}

/** Call data as bytes, as a relay takes it. */
export function bytesOf(data: Hex): Uint8Array<ArrayBuffer> {
  return new Uint8Array(hexToBytes(data))
}
