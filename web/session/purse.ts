// Who acts and what it owns: the device account or a browser wallet, its balances, and the faucet of local chains.
import type { Address } from '../../protocol/codec.ts'
import type { Config } from '../../protocol/config.ts'
import { BaseError } from '../../protocol/errors.ts'
import * as Relay from '../../protocol/relay.ts'
import type { Crypto, Identity as Keys } from '../../workers/crypto/api.ts'
import * as Account from '../net/account.ts'
import type { Chain } from '../net/chain.ts'
import type { Door } from '../net/door.ts'
import * as Token from '../net/token.ts'
import type { Wallets } from '../net/wallet.ts'
import type { Database } from './database.ts'
import type { Identity, Token as TokenView } from './view/device.ts'

export type Purse = {
  keys(): Keys
  account(): Account.Account
  /** The signer of an account that a role was begun with; throws where its wallet is not connected. */
  signer(address: Address): Account.Account
  token(): TokenView | undefined
  view(): Omit<Identity, 'promised'>
  refresh(): Promise<void>
  connectWallet(id: string): Promise<void>
  useDeviceAccount(): Promise<void>
  faucet(): Promise<void>
  /** Reads the keys again after a backup was restored. */
  renew(): Promise<void>
  /** Free deposit in the market, read now. */
  deposit(address: Address): Promise<bigint>
}

export type Options = {
  readonly config: Config
  readonly crypto: Pick<Crypto, 'identity' | 'sign'>
  readonly chain: Chain
  readonly door: Door
  readonly wallets: Wallets
  readonly database: Database
  readonly changed: () => void
}

/** The setting that remembers a wallet over reloads. */
const walletSetting = 'wallet'

export async function open(options: Options): Promise<Purse> {
  const { config, crypto, chain, door, wallets, database, changed } = options
  let keys = await crypto.identity()
  let account = await remembered()
  let token: TokenView | undefined
  let balances: { ether: bigint; tokens: bigint; deposit: bigint } | undefined

  function device(): Account.Account {
    return Account.ofDevice(keys.account, (digest) => crypto.sign('account', digest))
  }

  async function remembered(): Promise<Account.Account> {
    const setting = await database.settings.get(walletSetting)
    if (typeof setting?.value !== 'string') return device()
    return wallets.connect(setting.value).catch(device)
  }

  async function refresh(): Promise<void> {
    const asked = account
    token ??= await chain.token()
    const [{ ether, tokens }, free] = await Promise.all([
      chain.balances(asked.address),
      Token.deposit(chain, config, asked.address),
    ])
    if (asked !== account) return
    const same = balances?.ether === ether && balances.tokens === tokens && balances.deposit === free
    balances = { ether, tokens, deposit: free }
    if (!same) changed()
  }

  async function act(next: Account.Account, setting: string | undefined): Promise<void> {
    account = next
    balances = undefined
    await database.settings.put({ id: walletSetting, value: setting })
    changed()
    await refresh()
  }

  return {
    keys: () => keys,
    account: () => account,
    signer(address) {
      if (account.address === address) return account
      if (keys.account === address) return device()
      throw new AccountError(address)
    },
    token: () => token,
    view: () => ({
      account: account.address,
      kind: account.kind,
      wallet: account.wallet,
      device: keys.device,
      box: keys.box,
      ether: balances?.ether,
      tokens: balances?.tokens,
      deposit: balances?.deposit,
    }),
    refresh,
    connectWallet: async (id) => act(await wallets.connect(id), id),
    useDeviceAccount: () => act(device(), undefined),
    async renew() {
      keys = await crypto.identity()
      if (account.kind === 'device') await act(device(), undefined)
      else changed()
    },
    async faucet() {
      if (!config.local) throw new FaucetError()
      const reply = await door.ask(Relay.encodeRequest({ kind: 'faucet', account: account.address }))
      const { transactions } = Relay.decodeReply('faucet', reply)
      for (const hash of transactions) await chain.receipt(hash)
      await refresh()
    },
    deposit: (address) => Token.deposit(chain, config, address),
  }
}

export class FaucetError extends BaseError {
  override readonly name = 'Purse.FaucetError'
  constructor() {
    super({
      message: 'This chain has no faucet: its money is real.',
      advice: 'Send ether and tokens to this account from another one.',
    })
  }
}

export class AccountError extends BaseError {
  override readonly name = 'Purse.AccountError'
  constructor(address: Address) {
    super({
      message: `This has to be signed by ${address}, which is not connected.`,
      advice: 'Connect the wallet that has this account; it goes on by itself.',
      safe: 'Nothing was signed or sent.',
    })
  }
}
