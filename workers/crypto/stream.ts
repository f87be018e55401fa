// Masks as numbers: AES-256 in counter mode over zeros, 8 bytes little-endian to a coefficient, of which 44 bits count.
import * as Packing from '../../protocol/packing.ts'
import * as Lanes from './lanes.ts'

/** A key that makes one stream, ever, and what becomes of its numbers. */
export type Mask = { readonly key: Uint8Array<ArrayBuffer>; readonly sign: 'add' | 'subtract' }

const blockBytes = 16
const wordBytes = 8

let lanes: ReturnType<typeof Lanes.create> | undefined

/** Plaintexts (`Packing.plainBytes` each) with all masks added or subtracted modulo 2^44, coefficient by coefficient. */
export async function apply(
  plains: readonly Uint8Array[],
  masks: readonly Mask[],
): Promise<readonly Uint8Array<ArrayBuffer>[]> {
  const keys = await Promise.all(
    masks.map(({ key }) => crypto.subtle.importKey('raw', key, 'AES-CTR', false, ['encrypt'])),
  )
  const zeros = new Uint8Array(Math.min(Lanes.atOnce, plains.length) * Packing.plainBytes)
  const begun = (first: number) => {
    const counter = new Uint8Array(blockBytes)
    new DataView(counter.buffer).setUint32(12, (first * Packing.plainBytes) / blockBytes)
    const input = zeros.subarray(0, Math.min(Lanes.atOnce, plains.length - first) * Packing.plainBytes)
    return Promise.all(
      keys.map((key) => crypto.subtle.encrypt({ name: 'AES-CTR', counter, length: 64 }, key, input)),
    )
  }
  const masked: Uint8Array<ArrayBuffer>[] = []
  // Where WebCrypto has threads of its own, it makes the next part's streams while this part's are added.
  let coming = begun(0)
  for (let first = 0; first < plains.length; first += Lanes.atOnce) {
    const streams = await coming
    if (first + Lanes.atOnce < plains.length) coming = begun(first + Lanes.atOnce)
    masked.push(...combined(plains.slice(first, first + Lanes.atOnce), streams, masks))
  }
  return masked
}

/** All in one go, since everybody who masks shares the memory. */
function combined(
  plains: readonly Uint8Array[],
  streams: readonly ArrayBuffer[],
  masks: readonly Mask[],
): readonly Uint8Array<ArrayBuffer>[] {
  lanes ??= Lanes.create()
  const { memory, add, subtract, reduce } = lanes
  const words = (plains.length * Packing.plainBytes) / wordBytes
  plains.forEach((plain, i) => memory.set(plain, i * Packing.plainBytes))
  streams.forEach((stream, i) => {
    memory.set(new Uint8Array(stream), Lanes.middle)
    const combine = masks[i]?.sign === 'add' ? add : subtract
    combine(Lanes.middle, 0, words)
  })
  reduce(0, 0, words)
  const masked = plains.map((_, i) => memory.slice(i * Packing.plainBytes, (i + 1) * Packing.plainBytes))
  // A mask outlives no round, and this memory would.
  memory.fill(0)
  return masked
}
