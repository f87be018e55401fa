// What the app may ask of the vault origin. Types only.
import type { Crypto } from '../crypto/api.ts'
import type { Train } from '../train/api.ts'
import type { Vault } from '../vault/api.ts'

/** The one port into the vault origin. Each member reaches one worker; none returns rows, weights or keys. */
export type Frame = {
  readonly vault: Vault
  readonly train: Train
  readonly crypto: Crypto
  /** False where the browser may evict the vault's storage. */
  persist(): Promise<boolean>
}
