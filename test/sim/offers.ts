// What simulated providers offer.
import type { Address } from '../../protocol/codec.ts'
import * as Hours from '../../protocol/hours.ts'
import type * as Offer from '../../protocol/offer.ts'
import * as Reliability from '../../protocol/reliability.ts'
import type * as Event from '../../protocol/roles/event.ts'
import type { World } from './world.ts'

export function ofData(
  { scenario, luck, digest, token }: Pick<World, 'scenario' | 'luck' | 'digest' | 'token'>,
  { account, device, box }: Event.Me,
  name: string,
): Offer.DataOffer {
  return {
    account,
    schemaId: scenario.spec.schemaId,
    quality: luck.whole(1000, 10_000),
    samples: luck.whole(1, 3000),
    dataSignature: digest(`${name}'s rows`),
    token,
    floor: BigInt(luck.whole(0, 1_000_000)),
    device,
    box,
    expires: 2 ** 33,
  }
}

export function ofCompute(
  { luck, token }: Pick<World, 'luck' | 'token'>,
  { account, device, box }: Event.Me,
): Offer.ComputeOffer {
  return {
    account,
    adapter: 'simulated',
    training: luck.whole(1, 1000),
    matmul: luck.whole(1, 1000),
    additions: luck.whole(1, 1000),
    hours: luck.odds(0.5) ? Hours.always : luck.whole(0, Hours.always),
    token,
    price: BigInt(luck.whole(1, 100_000)),
    device,
    box,
    expires: 2 ** 33,
  }
}

/** What the market told of compute providers before this task. */
export function recordsOf({ luck }: Pick<World, 'luck'>, accounts: Iterable<Address>): Reliability.Records {
  const records = [...accounts].map((account): [Address, Reliability.Reliability] => {
    const rounds = luck.odds(0.3) ? 0 : luck.whole(0, 40)
    const signed = luck.whole(0, rounds)
    return [account, { ...Reliability.none, seats: 1, rounds, signed, finished: rounds === 0 ? 0 : 1 }]
  })
  return Object.fromEntries(records)
}
