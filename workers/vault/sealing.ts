// Encryption at rest: AES-256-GCM under a key that the browser keeps and never shows, not even to this code.
import { BaseError } from '../../protocol/errors.ts'

export type Sealed = {
  /** 12 random bytes, new for every shard. */
  readonly iv: Uint8Array<ArrayBuffer>
  /** Ciphertext and tag. */
  readonly bytes: Uint8Array<ArrayBuffer>
}

export function makeKey(): Promise<CryptoKey> {
  return crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
}

/** `context` is bound to the ciphertext, so that a shard cannot be passed off as one of another data set. */
export async function seal(key: CryptoKey, context: string, plain: Uint8Array<ArrayBuffer>): Promise<Sealed> {
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const algorithm = { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(context) }
  return { iv, bytes: new Uint8Array(await crypto.subtle.encrypt(algorithm, key, plain)) }
}

export async function unseal(
  key: CryptoKey,
  context: string,
  iv: Uint8Array,
  sealed: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  const additionalData = new TextEncoder().encode(context)
  const algorithm = { name: 'AES-GCM', iv: new Uint8Array(iv), additionalData }
  try {
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, key, new Uint8Array(sealed)))
  } catch (cause) {
    throw new DamagedError(cause)
  }
}

export class DamagedError extends BaseError {
  override readonly name = 'Sealing.DamagedError'
  constructor(cause: unknown) {
    super({
      message: 'A shard of this data set cannot be decrypted: it is damaged, or its key is gone.',
      advice: 'Remove the data set and import it again.',
      safe: 'Other data sets are not affected.',
      cause,
    })
  }
}
