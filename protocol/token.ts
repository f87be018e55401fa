// The calls a participant needs on the payment token (ERC-20), and its permits (ERC-2612).
import { encodeFunctionData, hashTypedData } from 'viem/utils'
import * as Abi from './abi.ts'
import type { Address, Hex } from './codec.ts'

export type Call = { readonly to: Address; readonly data: Hex }

export const abi = Abi.testToken

export function approve(token: Address, spender: Address, amount: bigint): Call {
  return { to: token, data: encodeFunctionData({ abi, functionName: 'approve', args: [spender, amount] }) }
}

/** Test token of local chains only. */
export function mint(token: Address, account: Address, amount: bigint): Call {
  return { to: token, data: encodeFunctionData({ abi, functionName: 'mint', args: [account, amount] }) }
}

export type Permit = {
  readonly chainId: number
  readonly token: Address
  /** The token's own `name()`. */
  readonly tokenName: string
  readonly owner: Address
  readonly spender: Address
  readonly amount: bigint
  /** The token's `nonces(owner)`. */
  readonly nonce: bigint
  /** Unix seconds. */
  readonly deadline: number
}

/** What `owner` signs so that `spender` may take `amount` without a transaction of the owner. */
export function permitDigest(permit: Permit): Hex {
  return hashTypedData({
    domain: {
      name: permit.tokenName,
      version: '1',
      chainId: permit.chainId,
      verifyingContract: permit.token,
    },
    types: {
      Permit: [
        { name: 'owner', type: 'address' },
        { name: 'spender', type: 'address' },
        { name: 'value', type: 'uint256' },
        { name: 'nonce', type: 'uint256' },
        { name: 'deadline', type: 'uint256' },
      ],
    },
    primaryType: 'Permit',
    message: {
      owner: permit.owner,
      spender: permit.spender,
      value: permit.amount,
      nonce: permit.nonce,
      deadline: BigInt(permit.deadline),
    },
  })
}
