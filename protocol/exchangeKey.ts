// X25519 public keys as messages carry them: one that gives everybody the same secret is refused before it is used.
import type { Hex } from './codec.ts'

const p = 2n ** 255n - 19n
/** Points of order 8 (RFC 7748, section 7, and the Wycheproof vectors). */
const ofOrderEight = [
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
]

/** Whether a key exchange with this key (32 bytes, little-endian) gives zero whatever the other's secret is. */
export function isLowOrder(key: Hex): boolean {
  let u = 0n
  for (let at = key.length - 2; at >= 2; at -= 2) u = (u << 8n) | BigInt(`0x${key.slice(at, at + 2)}`)
  const point = (u & (2n ** 255n - 1n)) % p
  return point <= 1n || point === p - 1n || ofOrderEight.includes(point)
}
