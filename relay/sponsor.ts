// Pays the gas of calls that any account may make for a participant without ether, within limits.
import type * as Codec from '../protocol/codec.ts'
import * as Relay from '../protocol/relay.ts'
import type { Limits, Options } from './options.ts'
import type { Store } from './store.ts'

type Parts = {
  readonly options: Options
  readonly store: Store
  readonly limits: Limits
  readonly log: (line: string) => void
}

export function create({ options }: Parts) {
  return {
    calls: [] as readonly string[],
    hasFaucet: options.chain?.faucet !== undefined,
    async send(_request: Relay.RequestOf<'sponsor'>): Promise<Relay.ReplyOf<'sponsor'>> {
      throw new Relay.RefusedError({ code: 'notSponsored', message: 'x', advice: 'x' })
    },
    async faucet(_account: Codec.Address): Promise<Relay.ReplyOf<'faucet'>> {
      throw new Relay.RefusedError({ code: 'faucetClosed', message: 'x', advice: 'x' })
    },
    async idle(): Promise<void> {},
  }
}
