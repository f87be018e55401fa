// The device's own keys: the account, the device key that signs messages, and the box key that opens models.
import { secp256k1 } from '@noble/curves/secp256k1.js'
import * as v from 'valibot'
import * as Codec from '../../protocol/codec.ts'
import * as Eip712 from '../../protocol/eip712.ts'
import type { Identity } from './api.ts'
import * as Box from './box.ts'
import type { Safe } from './safe.ts'

export const id = 'identity'
/** Present once these keys have signed something, and so may be owed something. */
const usedId = 'used'

const key = v.pipe(Codec.bytes, v.length(32, 'expected 32 bytes'))
const schema = v.strictObject({ account: key, device: key, box: key })
export type Keys = Readonly<v.InferOutput<typeof schema>>

export function decode(stored: Uint8Array): Keys {
  return Codec.decode(schema, stored, 'key record')
}

/** The stored keys; made and stored on first use. */
export async function keys(safe: Safe): Promise<Keys> {
  const stored = await safe.get(id)
  if (stored !== undefined) return decode(stored)
  const fresh: Keys = {
    account: new Uint8Array(secp256k1.utils.randomSecretKey()),
    device: new Uint8Array(secp256k1.utils.randomSecretKey()),
    box: Box.secretKey(),
  }
  return decode(await safe.create([{ id, bytes: Codec.encode(fresh) }]))
}

/** The public halves. */
export function shown({ account, device, box }: Keys): Identity {
  return { account: Eip712.addressOf(account), device: Eip712.addressOf(device), box: Box.publicKey(box) }
}

/** To be called before anything is signed with these keys. */
export async function markUsed(safe: Safe): Promise<void> {
  if ((await safe.get(usedId)) === undefined) await safe.create([{ id: usedId, bytes: Uint8Array.of(1) }])
}

/**
 * Takes over restored keys, unless others that have signed something are here. Keys made by opening the app and never
 * used give way, and are put aside rather than deleted. False where the restored keys were refused.
 */
export async function adopt(safe: Safe, restored: Uint8Array): Promise<boolean> {
  const wanted = shown(decode(restored)).account
  const present = await safe.create([{ id, bytes: restored }])
  const { account } = shown(decode(present))
  if (account !== wanted) {
    if ((await safe.get(usedId)) !== undefined) return false
    await safe.create([
      { id: `aside/${account}`, bytes: present },
      { id, bytes: restored, replaces: true },
    ])
  }
  await markUsed(safe)
  return true
}
