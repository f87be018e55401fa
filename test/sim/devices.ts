// What participants compute with: keys that sign, workers that mask and encrypt. Models of them unless a run says else.
import type { Hex } from '../../protocol/codec.ts'
import * as Keys from './keys.ts'
import * as Primitives from './primitives.ts'
import * as Vault from './vault.ts'

export type Devices = {
  readonly keys: Keys.Keys
  readonly primitives: Primitives.Primitives
  /** The crypto worker on the device of this name. */
  readonly vault: (name: string, task: Hex) => Vault.Vault
  /** The key to which models are sealed for this name. */
  readonly box: (name: string) => Hex
}

export function pretended(seed: number, keys: Keys.Keys = Keys.pretended()): Devices {
  const primitives = Primitives.open(seed)
  return {
    keys,
    primitives,
    vault: () => Vault.create(primitives),
    box: (name) => `0x${Keys.hash(`${seed} ${name}'s box`)}`,
  }
}
