// All keys and current models in one file that a passphrase opens, so that a lost device is not a vanished party.
import * as v from 'valibot'
import * as Codec from '../../protocol/codec.ts'
import { BaseError } from '../../protocol/errors.ts'
import * as Identity from './identity.ts'
import * as Records from './records.ts'
import type { Safe } from './safe.ts'

/** PBKDF2-SHA256, above what OWASP asks for. */
const iterations = 700_000
const shortest = 10

const envelope = v.strictObject({
  v: v.literal(1, 'expected version 1'),
  iterations: v.pipe(
    Codec.count,
    v.minValue(600_000, 'expected 600,000 iterations or more'),
    v.maxValue(10_000_000, 'expected at most 10,000,000 iterations'),
  ),
  salt: v.pipe(Codec.bytes, v.length(16, 'expected 16 bytes')),
  iv: v.pipe(Codec.bytes, v.length(12, 'expected 12 bytes')),
  sealed: Codec.bytes,
})
const entries = v.array(v.strictObject({ id: v.string(), bytes: Codec.bytes }))

/** Everything but updates already made, and keys of rounds already opened. */
export async function backup(safe: Safe, passphrase: string): Promise<Uint8Array<ArrayBuffer>> {
  if (passphrase.length < shortest) throw new PassphraseError(`it has fewer than ${shortest} characters`)
  await Identity.keys(safe)
  const opened = new Set(
    (await safe.ids(Records.openings.prefix)).map((id) => id.slice(Records.openings.prefix.length)),
  )
  const rounds = (await safe.ids(Records.rounds.prefix)).filter(
    (id) => !opened.has(id.slice(Records.rounds.prefix.length)),
  )
  const models = await safe.ids(Records.models.prefix)
  const openings = await safe.ids(Records.openings.prefix)
  const ledger = [...(await safe.ids(Records.spent.prefix)), ...(await safe.ids(Records.limits.prefix))]
  const kept: { id: string; bytes: Uint8Array<ArrayBuffer> }[] = []
  for (const id of [Identity.id, ...models, ...rounds, ...openings, ...ledger]) {
    const bytes = await safe.get(id)
    if (bytes !== undefined) kept.push({ id, bytes })
  }
  const salt = crypto.getRandomValues(new Uint8Array(16))
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const key = await derive(passphrase, salt, iterations)
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, Codec.encode(kept))
  return Codec.encode({ v: 1, iterations, salt, iv, sealed: new Uint8Array(sealed) })
}

/**
 * Refuses to replace keys in use; what the safe already holds of the same keys stays, and so no count of openings is
 * lowered. Safe to repeat.
 */
export async function restore(safe: Safe, file: Uint8Array, passphrase: string): Promise<Identity.Keys> {
  const { salt, iv, sealed, iterations: rounds } = Codec.decode(envelope, file, 'backup')
  const key = await derive(passphrase, salt, rounds)
  let plain: ArrayBuffer
  try {
    plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: copy(iv) }, key, copy(sealed))
  } catch {
    throw new PassphraseError('it does not open this backup')
  }
  const restored = Codec.decode(entries, new Uint8Array(plain), 'backup')
  const identity = restored.find(({ id }) => id === Identity.id)
  if (identity === undefined) throw new Codec.MalformedError('backup', 'it holds no keys')
  const keys = Identity.decode(identity.bytes)
  if (!(await Identity.adopt(safe, identity.bytes))) throw new ConflictError()
  for (const entry of restored) if (entry.id !== Identity.id) await safe.create([entry])
  return keys
}

async function derive(passphrase: string, salt: Uint8Array, rounds: number): Promise<CryptoKey> {
  const bytes = new TextEncoder().encode(passphrase.normalize('NFKC'))
  const material = await crypto.subtle.importKey('raw', bytes, 'PBKDF2', false, ['deriveKey'])
  return crypto.subtle.deriveKey(
    { name: 'PBKDF2', hash: 'SHA-256', salt: copy(salt), iterations: rounds },
    material,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  )
}

function copy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}

export class PassphraseError extends BaseError {
  override readonly name = 'Backup.PassphraseError'
  constructor(what: string) {
    super({
      message: `This passphrase cannot be used: ${what}.`,
      advice: 'Check capitals and spaces, or choose a longer one for a new backup.',
      safe: 'The keys on this device are as they were.',
    })
  }
}

export class ConflictError extends BaseError {
  override readonly name = 'Backup.ConflictError'
  constructor() {
    super({
      message: 'This device already holds other keys, and has signed with them.',
      advice:
        'Restore in another browser profile, or on another device. Back up the keys that are here first.',
      safe: 'Nothing was replaced.',
    })
  }
}
