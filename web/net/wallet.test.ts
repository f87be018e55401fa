// Wallets announce themselves by EIP-6963; an owner who says no has to be told that nothing happened.
import { announceProvider } from 'mipd'
import type { EIP1193Provider } from 'mipd'
import { hashTypedData } from 'viem/utils'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import * as Eip712 from '../../protocol/eip712.ts'
import * as Account from './account.ts'
import * as Wallet from './wallet.ts'

const key = new Uint8Array(32).fill(7)
const address = Eip712.addressOf(key)
const typed: Account.TypedData = {
  domain: { name: 'Galaxy', version: '1', chainId: 1, verifyingContract: `0x${'11'.repeat(20)}` },
  types: { Note: [{ name: 'amount', type: 'uint256' }] },
  primaryType: 'Note',
  message: { amount: 5n },
}

beforeEach(() => vi.stubGlobal('window', new EventTarget()))
afterEach(() => vi.unstubAllGlobals())

/** A browser extension: not ours, so played here. */
function announce(answers: Record<string, (params: readonly unknown[]) => unknown>): void {
  const provider = {
    request: async ({ method, params }: { method: string; params: readonly unknown[] }) => {
      const answer = answers[method]
      if (answer === undefined) throw new Error(`4001: ${method} was denied`)
      return answer(params)
    },
  } as unknown as EIP1193Provider
  announceProvider({
    info: { uuid: 'b35d', name: 'Purse', rdns: 'org.purse', icon: 'data:image/svg+xml,<svg/>' },
    provider,
  })
}

describe('browser wallets', () => {
  test('are listed when they announce themselves, before or after', async () => {
    const wallets = Wallet.discover()
    const seen = vi.fn()
    wallets.subscribe(seen)
    expect(wallets.list()).toEqual([])
    announce({})
    expect(wallets.list()).toEqual([{ id: 'org.purse', name: 'Purse', icon: 'data:image/svg+xml,<svg/>' }])
    expect(seen).toHaveBeenCalledOnce()
    expect(Wallet.discover().list()).toHaveLength(1)
  })

  test('sign the struct they were shown', async () => {
    const wallets = Wallet.discover()
    announce({
      eth_requestAccounts: () => [address],
      eth_signTypedData_v4: ([, text]) => {
        const { types, ...shown } = JSON.parse(String(text)) as Account.TypedData
        expect(Object.keys(types)).toEqual(['EIP712Domain', 'Note'])
        return Eip712.sign(hashTypedData({ types, ...shown }), key)
      },
    })
    const account = await wallets.connect('org.purse')
    expect(account).toMatchObject({ address, kind: 'wallet', wallet: 'Purse' })
    const signature = await account.signTypedData(typed)
    expect(Eip712.recover(hashTypedData(typed), signature)).toBe(address)
  })

  test('that refuse or are missing say what to do', async () => {
    const wallets = Wallet.discover()
    await expect(wallets.connect('org.none')).rejects.toBeInstanceOf(Wallet.MissingError)
    announce({})
    await expect(wallets.connect('org.purse')).rejects.toBeInstanceOf(Account.RefusedError)
  })
})

test('the device account signs typed data and transactions by digest alone', async () => {
  const digests: string[] = []
  const account = Account.ofDevice(address, async (digest) => {
    digests.push(digest)
    return Eip712.sign(digest, key)
  })
  expect(Eip712.recover(hashTypedData(typed), await account.signTypedData(typed))).toBe(address)
  expect(digests).toEqual([hashTypedData(typed)])
})
