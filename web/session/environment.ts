// What a session needs of the world around it; a browser's here, a test's elsewhere.
import { BaseError } from '../../protocol/errors.ts'
import * as Config from '../../protocol/config.ts'
import type { Frame } from '../../workers/frame/api.ts'
import type { Network } from '../../workers/network/api.ts'
import * as Battery from '../net/battery.ts'
import * as Wallet from '../net/wallet.ts'
import * as Workers from '../workers.ts'

export type Environment = {
  config(): Promise<Config.Config>
  startNetwork(failed: (error: BaseError) => void): Workers.Started<Network>
  openVault(origin: string): Promise<Workers.Started<Frame>>
  /** Calls `beat` about once a second; returns what ends it. */
  startPulse(beat: () => void): () => void
  /** How to look at the battery; undefined where that is not told. */
  readonly battery: () => Promise<(() => Battery.Battery) | undefined>
  readonly wallets: () => Wallet.Wallets
  readonly locks: LockManager | undefined
  /** Base of relative endpoints; undefined where all are absolute. */
  readonly base: string | undefined
  /** Unix seconds. */
  readonly now: () => number
}

export function ofBrowser(): Environment {
  return {
    config: fetchConfig,
    startNetwork: Workers.startNetwork,
    openVault: Workers.openVault,
    startPulse: Workers.startPulse,
    battery: Battery.find,
    wallets: Wallet.discover,
    locks: navigator.locks,
    base: location.origin,
    now: () => Math.floor(Date.now() / 1000),
  }
}

async function fetchConfig(): Promise<Config.Config> {
  let response: Response
  try {
    response = await fetch('/galaxy.json', { cache: 'no-store' })
  } catch (cause) {
    throw new ConfigError('it did not answer', cause)
  }
  if (!response.ok) throw new ConfigError(`it answered ${response.status}`)
  return Config.parse(await response.text())
}

export class ConfigError extends BaseError {
  override readonly name = 'Environment.ConfigError'
  constructor(what: string, cause?: unknown) {
    super({
      message: `The address of this app does not say which chain and relays to use: ${what}.`,
      advice:
        'Check the connection and try again. Whoever serves the app has to serve galaxy.json beside it.',
      safe: 'Data, keys and the state of every task are stored on this device.',
      cause,
    })
  }
}
