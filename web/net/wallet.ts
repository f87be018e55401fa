// Browser wallets that announce themselves (EIP-6963). None is needed: the device account does everything.
import { createStore } from 'mipd'
import type { EIP6963ProviderDetail } from 'mipd'
import { BaseError } from '../../protocol/errors.ts'
import * as Account from './account.ts'

export type Wallet = { readonly id: string; readonly name: string; readonly icon: string }

export type Wallets = {
  list(): readonly Wallet[]
  /** Called with all wallets whenever another one announces itself. */
  subscribe(listener: (wallets: readonly Wallet[]) => void): () => void
  connect(id: string): Promise<Account.Account>
  stop(): void
}

/** Needs a window; elsewhere the list stays empty. */
export function discover(): Wallets {
  const store = createStore()
  return {
    list: () => store.getProviders().map(describe),
    subscribe: (listener) => store.subscribe((details) => listener(details.map(describe))),
    async connect(id) {
      const found = store.getProviders().find((detail) => detail.info.uuid === id || detail.info.rdns === id)
      if (found === undefined) throw new MissingError(id)
      return Account.ofWallet(found.info.name, found.provider)
    },
    stop: () => store.destroy(),
  }
}

/** `rdns` stays the same over reloads; `uuid` does not. */
function describe({ info }: EIP6963ProviderDetail): Wallet {
  return { id: info.rdns, name: info.name, icon: info.icon }
}

export class MissingError extends BaseError {
  override readonly name = 'Wallet.MissingError'
  constructor(id: string) {
    super({
      message: `The wallet ${id} is not in this browser.`,
      advice: 'Switch it on and reload the page, or use the account of this device.',
    })
  }
}
