// How a simulated participant speaks: what its role drafted is signed by its keys, or what has corrupted it says instead.
import type { Hex } from '../../protocol/codec.ts'
import * as Message from '../../protocol/message.ts'
import type * as Effect from '../../protocol/roles/effect.ts'
import type { Means } from './adversaries/adversary.ts'
import type * as Person from './person.ts'
import type { World } from './world.ts'

type Sealed = { readonly bytes: Uint8Array; readonly once: Hex | undefined }

/** Posts it, and gives the `Once` signature of the draft. */
export function say(
  world: Pick<World, 'place' | 'keys' | 'clock' | 'network'>,
  person: Person.Person,
  { draft, topic }: Extract<Effect.Effect, { readonly type: 'send' }>,
  means: Means,
): Hex | undefined {
  const own = seal(world, person, draft)
  const sayings = person.evil?.says?.(draft, means) ?? [{ draft }]
  for (const { draft: said, to, after = 0 } of sayings) {
    const { bytes } = said === draft ? own : seal(world, person, said)
    world.clock.in(after, () => {
      world.network.post(topic, bytes, to)
    })
  }
  return own.once
}

/** A draft as the network carries it. */
export function seal(
  { place, keys }: Pick<World, 'place' | 'keys'>,
  person: Person.Person,
  draft: Message.Draft,
): Sealed {
  const { account, device } = person.me
  const asked = Message.toCountersign(place, draft)
  const countersignature = asked === undefined ? '0x' : keys.sign(account, asked)
  const { digest: signed, statement, finish } = Message.compose(place, account, draft, countersignature)
  const once = statement === undefined ? undefined : keys.sign(device, statement)
  return { bytes: finish(keys.sign(device, signed), once), once }
}
