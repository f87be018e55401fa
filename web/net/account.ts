// Who signs: the device account, whose key stays in the vault origin, or a browser wallet.
import { custom, hashTypedData, parseSignature, keccak256, serializeTransaction } from 'viem'
import type { EIP1193Provider, Transport, TypedDataDefinition, Account as ViemAccount } from 'viem'
import { toAccount } from 'viem/accounts'
import { hashMessage } from 'viem/utils'
import type { Address, Hex } from '../../protocol/codec.ts'
import { BaseError } from '../../protocol/errors.ts'

/** EIP-712 data as protocol modules describe it. */
export type TypedData = TypedDataDefinition<Record<string, unknown>, string>

export type Account = {
  readonly address: Address
  readonly kind: 'device' | 'wallet'
  /** Name of the browser wallet; empty for the device account. */
  readonly wallet: string
  signTypedData(typed: TypedData): Promise<Hex>
  /** Who signs transactions; over `transport` where the wallet sends them itself. */
  readonly sender: ViemAccount | Address
  readonly transport: Transport | undefined
}

/** `sign` makes r, s, v over 32 bytes with the device's account key. */
export function ofDevice(address: Address, sign: (digest: Hex) => Promise<Hex>): Account {
  return {
    address,
    kind: 'device',
    wallet: '',
    signTypedData: (typed) => sign(hashTypedData(typed)),
    sender: toAccount({
      address,
      sign: ({ hash }) => sign(hash),
      signMessage: ({ message }) => sign(hashMessage(message)),
      signTypedData: (typed) => sign(hashTypedData(typed)),
      async signTransaction(transaction, options) {
        const serialize = options?.serializer ?? serializeTransaction
        const signature = await sign(keccak256(await serialize(transaction)))
        return serialize(transaction, parseSignature(signature))
      },
    }),
    transport: undefined,
  }
}

/** Asks the wallet for its account; the owner answers in the wallet's own window. */
export async function ofWallet(name: string, provider: EIP1193Provider): Promise<Account> {
  const accounts = await asked(name, provider.request({ method: 'eth_requestAccounts' }))
  const [first] = accounts
  if (first === undefined) throw new RefusedError(name, undefined)
  const address = lowerCase(first)
  return {
    address,
    kind: 'wallet',
    wallet: name,
    signTypedData: (typed) =>
      asked(name, provider.request({ method: 'eth_signTypedData_v4', params: [address, wireOf(typed)] })),
    sender: address,
    transport: custom(provider),
  }
}

function lowerCase(address: Hex): Address {
  return `0x${address.slice(2).toLowerCase()}`
}

/** JSON as wallets take it: amounts as decimal strings, the domain's own type spelt out. */
function wireOf(typed: TypedData): string {
  const EIP712Domain = [
    { name: 'name', type: 'string' },
    { name: 'version', type: 'string' },
    { name: 'chainId', type: 'uint256' },
    { name: 'verifyingContract', type: 'address' },
  ]
  return JSON.stringify({ ...typed, types: { EIP712Domain, ...typed.types } }, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  )
}

async function asked<answer>(wallet: string, request: Promise<answer>): Promise<answer> {
  try {
    return await request
  } catch (cause) {
    throw new RefusedError(wallet, cause)
  }
}

export class RefusedError extends BaseError {
  override readonly name = 'Account.RefusedError'
  constructor(wallet: string, cause: unknown) {
    super({
      message: `The wallet ${wallet} did not agree.`,
      advice: 'Answer its question with yes, or use the account of this device, which needs no wallet.',
      safe: 'Nothing was signed or sent.',
      cause,
    })
  }
}
