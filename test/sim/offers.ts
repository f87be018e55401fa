// What simulated providers offer.
import type * as Offer from '../../protocol/offer.ts'
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
    benchmark: luck.whole(1, 1000),
    token,
    price: BigInt(luck.whole(1, 100_000)),
    device,
    box,
    expires: 2 ** 33,
  }
}
