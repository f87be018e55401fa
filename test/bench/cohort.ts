// A cohort of data providers with real keys, and what one of them has to mask its update with.
import type { Hex } from '../../protocol/codec.ts'
import * as Masks from '../../protocol/masks.ts'
import type { Masked } from '../../workers/crypto/api.ts'
import * as Box from '../../workers/crypto/box.ts'
import * as Masking from '../../workers/crypto/masking.ts'
import type { Mask } from '../../workers/crypto/stream.ts'

const market: Hex = `0x${'6a'.repeat(20)}`
export const place: Masks.Place = { chainId: 31_337, market, task: `0x${'7a'.repeat(32)}`, round: 1 }
export const view: Masks.View = { opened: `0x${'0e'.repeat(32)}`, cohorts: `0x${'0d'.repeat(32)}` }

export type Provider = {
  readonly account: Hex
  readonly ephemeral: Hex
  readonly secrets: { readonly key: Uint8Array<ArrayBuffer>; readonly seed: Uint8Array<ArrayBuffer> }
}

export function of(size: number): readonly Provider[] {
  return Array.from({ length: size }, (_, index) => {
    const key = Box.secretKey()
    const seed = crypto.getRandomValues(new Uint8Array(32))
    const account: Hex = `0x${index.toString(16).padStart(40, '0')}`
    return { account, ephemeral: Box.publicKey(key), secrets: { key, seed } }
  })
}

/** As a data provider derives them: a key agreed on with every other. */
export function masksOf(
  { account, ephemeral, secrets }: Provider,
  cohort: readonly Provider[],
): Promise<readonly Mask[]> {
  const masks = { ephemeral, seedHash: Masks.seedHash(secrets.seed), shares: [] }
  return Masking.streams({ masks, secrets }, { place, ...view, account, peers: cohort })
}

/** As the model provider knows them when all survived and every share was given. */
export function survivors(cohort: readonly Provider[]): {
  readonly members: readonly Masked[]
  readonly seeds: ReadonlyMap<Hex, Uint8Array>
} {
  const members = cohort.map(({ account, ephemeral, secrets }) => ({
    account,
    ephemeral,
    seedHash: Masks.seedHash(secrets.seed),
    samples: 100,
    survived: true,
    shares: [],
  }))
  return { members, seeds: new Map(cohort.map(({ account, secrets }) => [account, secrets.seed])) }
}
