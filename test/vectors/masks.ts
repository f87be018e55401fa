// What hides an update, computed a second time from the rules with Node's own cryptography and big integers: the golden
// vectors that the workers must meet. After a change of the rules: node test/vectors/masks.ts --write
import {
  createCipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
} from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as DagCbor from '@ipld/dag-cbor'

type Hex = `0x${string}`
type Place = { chainId: number; market: Hex; task: Hex; round: number }
type View = { opened: Hex; cohorts: Hex }
/** Secrets as `Ready` makes them. */
export type Party = { account: Hex; key: Buffer; seed: Buffer }

const modulus = 2n ** 44n
const coefficients = 4096

/** What DER puts before the 32 bytes of an X25519 key. */
const der = {
  secret: Buffer.from('302e020100300506032b656e04220420', 'hex'),
  point: Buffer.from('302a300506032b656e032100', 'hex'),
}

function publicKey(secret: Buffer): Buffer {
  return createPublicKey(secretKey(secret)).export({ format: 'der', type: 'spki' }).subarray(-32)
}

function agree(secret: Buffer, point: Buffer): Buffer {
  const key = createPublicKey({ key: Buffer.concat([der.point, point]), format: 'der', type: 'spki' })
  return diffieHellman({ privateKey: secretKey(secret), publicKey: key })
}

function secretKey(secret: Buffer) {
  return createPrivateKey({ key: Buffer.concat([der.secret, secret]), format: 'der', type: 'pkcs8' })
}

/** HKDF-SHA256 without salt, its info the canonical dag-cbor of a list. */
function derive(secret: Buffer, info: readonly unknown[]): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), DagCbor.encode(info), 32))
}

function selfKey(party: Party, place: Place, view: View): Buffer {
  const scope = [place.chainId, place.market, place.task, place.round, view.opened, view.cohorts]
  return derive(party.seed, ['galaxy self mask', ...scope, party.account, bytes(publicKey(party.key))])
}

function pairKey(one: Party, other: Party, place: Place, view: View): Buffer {
  const [low, high] = one.account < other.account ? [one, other] : [other, one]
  const scope = [place.chainId, place.market, place.task, place.round, view.opened, view.cohorts]
  const [lowKey, highKey] = [publicKey(low.key), publicKey(high.key)]
  const names = [low.account, high.account, bytes(lowKey), bytes(highKey)]
  return derive(agree(low.key, highKey), ['galaxy mask', ...scope, ...names])
}

/** Numbers below 2^44: AES-256-CTR from counter 0, 8 bytes little-endian each, the low 44 bits. */
function stream(key: Buffer, count: number): readonly bigint[] {
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
  const made = cipher.update(Buffer.alloc(count * 8))
  return Array.from({ length: count }, (_, i) => made.readBigUInt64LE(i * 8) % modulus)
}

/** All that one provider adds to its plaintexts. */
export function mask(
  me: Party,
  cohort: readonly Party[],
  place: Place,
  view: View,
  count: number,
): readonly bigint[] {
  const total = [...stream(selfKey(me, place, view), count)]
  for (const peer of cohort) {
    if (peer.account === me.account) continue
    const sign = me.account < peer.account ? 1n : -1n
    stream(pairKey(me, peer, place, view), count).forEach((each, i) => {
      total[i] = ((((total[i] ?? 0n) + sign * each) % modulus) + modulus) % modulus
    })
  }
  return total
}

function bytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer)
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function hex(buffer: Uint8Array): Hex {
  return `0x${Buffer.from(buffer).toString('hex')}`
}

/** Plaintexts as digests, little-endian. */
function digest(numbers: readonly bigint[]): Hex {
  const buffer = Buffer.alloc(numbers.length * 8)
  numbers.forEach((number, i) => buffer.writeBigUInt64LE(number, i * 8))
  return hex(createHash('sha256').update(buffer).digest())
}

export function vectors() {
  const place: Place = {
    chainId: 31_337,
    market: hex(hash('market').subarray(0, 20)),
    task: hex(hash('task')),
    round: 7,
  }
  const view: View = { opened: hex(hash('opened')), cohorts: hex(hash('cohorts')) }
  const cohort = ['a', 'b', 'c', 'd', 'e'].map((name): Party => ({
    account: hex(hash(`account ${name}`).subarray(0, 20)),
    key: hash(`key ${name}`),
    seed: hash(`seed ${name}`),
  }))
  const plains = 34
  const numbers = Array.from({ length: plains * coefficients }, (_, i) => (BigInt(i) ** 4n + 5n) % modulus)
  const share = Buffer.concat([hash('share'), Buffer.from([3])])
  const salt = hash('salt')
  const shareHash = (kind: string) =>
    hex(
      createHash('sha256')
        .update(DagCbor.encode(['galaxy share', kind, bytes(share), bytes(salt)]))
        .digest(),
    )
  return {
    place,
    view,
    plains,
    shares: { share: hex(share), salt: hex(salt), seed: shareHash('seed'), key: shareHash('key') },
    cohort: cohort.map((me) => {
      const own = mask(me, cohort, place, view, numbers.length)
      return {
        account: me.account,
        key: hex(me.key),
        seed: hex(me.seed),
        ephemeral: hex(publicKey(me.key)),
        seedHash: hex(
          createHash('sha256')
            .update(DagCbor.encode(['galaxy seed', bytes(me.seed)]))
            .digest(),
        ),
        selfKey: hex(selfKey(me, place, view)),
        pairKeys: cohort
          .filter((peer) => peer !== me)
          .map((peer) => ({ account: peer.account, key: hex(pairKey(me, peer, place, view)) })),
        firstNumbers: own.slice(0, 4).join(' '),
        masked: digest(numbers.map((number, i) => (number + (own[i] ?? 0n)) % modulus)),
      }
    }),
  }
}

if (process.argv.includes('--write') && process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(new URL('masks.json', import.meta.url), `${JSON.stringify(vectors(), null, 2)}\n`)
