// The device's own keys: the account, the device key that signs messages, and the box key that opens models.
import { secp256k1 } from '@noble/curves/secp256k1.js'
import * as v from 'valibot'
import * as Codec from '../../protocol/codec.ts'
import * as Eip712 from '../../protocol/eip712.ts'
import type { Identity } from '../api.ts'
import * as Box from './box.ts'
import type { Safe } from './safe.ts'

export const id = 'identity'

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
