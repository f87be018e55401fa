// What an account signs to take its free deposit out while another pays the gas; the tokens go to the account alone.
import type { Address, Hex } from './codec.ts'
import * as Eip712 from './eip712.ts'

export type Withdrawal = {
  readonly token: Address
  readonly account: Address
  /** Token base units. */
  readonly amount: bigint
  /** The market's `nonces(account)`: a signature is good once. */
  readonly nonce: bigint
  /** Unix seconds, the last at which it can be used. */
  readonly deadline: number
}

const fields = [
  { name: 'token', type: 'address' },
  { name: 'account', type: 'address' },
  { name: 'amount', type: 'uint256' },
  { name: 'nonce', type: 'uint256' },
  { name: 'deadline', type: 'uint256' },
] as const

export function digest(domain: Eip712.Domain, withdrawal: Withdrawal): Hex {
  const deadline = BigInt(withdrawal.deadline)
  return Eip712.digest(domain, 'Withdrawal', fields, { ...withdrawal, deadline })
}
