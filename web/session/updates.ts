// Encrypted updates and sums as objects on the network: one small object that names its ciphertexts by CID.
import * as Ciphertext from '../../protocol/ciphertext.ts'
import * as Codec from '../../protocol/codec.ts'
import type { Hex } from '../../protocol/codec.ts'
import * as EncryptedUpdate from '../../protocol/encryptedUpdate.ts'
import type { Block, Door, Purpose } from '../net/door.ts'

/** Pins the ciphertexts and the object, then returns the object's CID. */
export async function publish(
  door: Door,
  task: Hex,
  ciphertexts: readonly Uint8Array[],
  purpose: Purpose,
): Promise<string> {
  const packed = ciphertexts.map((words) => Ciphertext.pack(words))
  const object: Block = { codec: 'dag-cbor', bytes: EncryptedUpdate.encode(packed) }
  const blocks = packed.map((bytes): Block => ({ codec: 'raw', bytes }))
  await door.put(task, [...blocks, object], purpose)
  return Codec.cidOf(object.bytes).toString()
}

/** The ciphertexts of an object that has `count` of them; another count is malformed. */
export async function fetch(
  door: Door,
  cid: string,
  count: number,
  purpose: Purpose,
): Promise<readonly Uint8Array[]> {
  const ids = EncryptedUpdate.decode(await door.get(cid, EncryptedUpdate.maximumBytes, purpose))
  if (ids.length !== count) {
    throw new Codec.MalformedError(
      'encrypted update',
      `expected ${count} ciphertexts and found ${ids.length}`,
    )
  }
  const blocks = ids.map((id) => door.get(id.toString(), Ciphertext.packedBytes, purpose))
  return (await Promise.all(blocks)).map((packed, index) => Ciphertext.unpack(packed, index))
}
