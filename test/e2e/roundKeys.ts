// Takes the secret keys of rounds out of a model provider's vault while they are there, as somebody could who holds the device.
import type { Person } from '../../scripts/demo/person.ts'
import { rounds } from '../../workers/crypto/records.ts'
import type { KeyPair } from '../../workers/crypto/seal.ts'

export type Watch = {
  /** By record of the vault. */
  readonly pairs: ReadonlyMap<string, KeyPair>
  stop(): Promise<void>
}

/** Looks every half second; the vault erases a key once its round is opened. */
export function watch(model: Person, vaultUrl: string): Watch {
  const pairs = new Map<string, KeyPair>()
  let stopped = false
  const looking = (async () => {
    while (!stopped) {
      for (const [id, record] of await recordsOf(model, vaultUrl)) {
        const { secretKey, publicKey } = rounds.decode(record)
        if (secretKey.length > 0) pairs.set(id, { secretKey, publicKey })
      }
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
  })()
  return {
    pairs,
    stop: () => {
      stopped = true
      return looking
    },
  }
}

async function recordsOf(
  { page }: Person,
  vaultUrl: string,
): Promise<readonly (readonly [string, Buffer])[]> {
  const vault = page.frames().find((frame) => frame.url().startsWith(vaultUrl))
  if (vault === undefined) return []
  const found = await vault.evaluate(async (prefix) => {
    type Row = { readonly id: string; readonly iv: BufferSource; readonly sealed: BufferSource }
    const asked = <result>(request: IDBRequest<result>) =>
      new Promise<result>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(new Error('the vault cannot be read'))
      })
    const database = await asked(indexedDB.open('galaxy-keys'))
    try {
      if (!database.objectStoreNames.contains('records')) return []
      const store = database.transaction(['keys', 'records'])
      const { key } = (await asked(store.objectStore('keys').get('wrapping'))) as { key: CryptoKey }
      const rows = (await asked(store.objectStore('records').getAll())) as Row[]
      return await Promise.all(
        rows
          .filter(({ id }) => id.startsWith(prefix))
          .map(async ({ id, iv, sealed }) => {
            const additionalData = new TextEncoder().encode(id)
            const opened = await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, key, sealed)
            return {
              id,
              text: btoa(Array.from(new Uint8Array(opened), (byte) => String.fromCharCode(byte)).join('')),
            }
          }),
      )
    } finally {
      database.close()
    }
  }, rounds.prefix)
  return found.map(({ id, text }) => [id, Buffer.from(text, 'base64')] as const)
}
