// What simulated providers offer.
import type { Address } from '../../protocol/codec.ts'
import * as Hours from '../../protocol/hours.ts'
import type * as Offer from '../../protocol/offer.ts'
import * as Reliability from '../../protocol/reliability.ts'
import type * as Event from '../../protocol/roles/event.ts'
import * as Luck from './luck.ts'
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
  { luck, token, scenario }: Pick<World, 'luck' | 'token' | 'scenario'>,
  { account, device, box }: Event.Me,
): Offer.ComputeOffer {
  const own = luckOf(scenario, account)
  return {
    account,
    adapter: 'simulated',
    training: luck.whole(1, 1000),
    matmul: own.whole(1, 1000),
    additions: own.whole(1, 1000),
    hours: own.odds(0.5) ? Hours.always : own.whole(0, Hours.always),
    token,
    price: BigInt(luck.whole(1, 100_000)),
    device,
    box,
    expires: 2 ** 33,
  }
}

/** What the market told of compute providers before this task: some are new, and most signed most rounds. */
export function recordsOf(
  { scenario }: Pick<World, 'scenario'>,
  accounts: Iterable<Address>,
): Reliability.Records {
  const records = [...accounts].map((account): [Address, Reliability.Reliability] => {
    const luck = luckOf(scenario, account, 1)
    const rounds = luck.odds(0.3) ? 0 : luck.whole(1, 40)
    const signed = luck.whole(luck.odds(0.1) ? 0 : Math.ceil((2 * rounds) / 3), rounds)
    return [account, { ...Reliability.none, seats: 1, rounds, signed, finished: rounds === 0 ? 0 : 1 }]
  })
  return Object.fromEntries(records)
}

/** The same for everyone who looks at this account. */
function luckOf({ seed }: World['scenario'], account: Address, ...streams: readonly number[]): Luck.Luck {
  return Luck.from(seed, 0x0ffe, Number(BigInt(account) & 0xffff_ffffn), ...streams)
}
