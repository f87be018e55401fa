// Pseudo-random numbers that every party repeats exactly: initial weights and the order of samples. Never for secrets.

/** Uniform integers in [0, 2^32). */
export type Prng = () => number

/**
 * sfc32 (Chris Doty-Humphrey, PractRand): 128 bits of state, 32-bit output.
 * State a, b = the low and high words of `seed`, c = a hash of the streams, counter 1; 15 outputs are dropped.
 * Different `streams` (a round, an epoch) give unrelated sequences under one seed.
 */
export function from(seed: number, ...streams: readonly number[]): Prng {
  let a = seed >>> 0
  let b = Math.floor(seed / 0x1_0000_0000) >>> 0
  let c = 0x9e3779b9
  for (const stream of streams) c = mix(c ^ (stream >>> 0))
  let counter = 1
  const next = (): number => {
    const out = (a + b + counter) >>> 0
    counter = (counter + 1) >>> 0
    a = (b ^ (b >>> 9)) >>> 0
    b = (c + (c << 3)) >>> 0
    c = (((c << 21) | (c >>> 11)) + out) >>> 0
    return out
  }
  for (let i = 0; i < 15; i++) next()
  return next
}

/** Uniform in [0, 1) with 32 bits. */
export function unit(prng: Prng): number {
  return prng() / 0x1_0000_0000
}

/** 0 to count − 1 in an order that follows from the generator (Fisher and Yates). */
export function permutation(count: number, prng: Prng): Uint32Array<ArrayBuffer> {
  const order = new Uint32Array(count)
  for (let i = 0; i < count; i++) {
    const j = Math.floor(unit(prng) * (i + 1))
    order[i] = order[j] ?? 0
    order[j] = i
  }
  return order
}

/** The finaliser of MurmurHash3: every input bit reaches every output bit. */
function mix(word: number): number {
  let x = (word + 0x6d2b79f5) >>> 0
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return (x ^ (x >>> 16)) >>> 0
}
